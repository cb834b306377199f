package schemas

// bytesPerStep is how many bytes are passed in the time of a step.
const bytesPerStep = 8

// walk passes the value that is next, for which the frames from one on hold. It is the nth of what it is within.
func (e *evaluation) walk(from, nth int) {
	c, start := e.text[e.at], e.at
	busy, reads := false, false
	for i := from; i < len(e.frames); i++ {
		s := e.frames[i].schema
		busy, reads = busy || !s.free, reads || s.text != nil || s.values != nil
	}
	switch {
	case !busy:
		e.skip(c)
		e.spend((e.at - start) / bytesPerStep)
	case c == '{':
		e.judge(from, objects, number{}, "")
		e.object(from)
	case c == '[':
		e.judge(from, arrays, number{}, "")
		e.array(from)
	default:
		e.scalar(from, c, reads)
	}
	if e.stopped == nil {
		e.unwind(from, nth, start)
	}
}

// scalar passes a value that begins with c. What a string says is read if a frame asks for it.
func (e *evaluation) scalar(from int, c byte, reads bool) {
	start := e.at
	switch c {
	case '"':
		said := ""
		if reads {
			said = e.string()
		} else {
			e.passString()
		}
		end := e.at
		e.at = start
		e.judge(from, strings_, number{}, said)
		e.at = end
	case 't', 'f':
		e.judge(from, booleans, number{}, "")
		e.skip(c)
	case 'n':
		e.judge(from, nulls, number{}, "")
		e.skip(c)
	default:
		n := numberOf(e.number())
		end := e.at
		kind := fractions
		if n.whole() {
			kind = integers
		}
		e.at = start
		e.judge(from, kind, n, "")
		e.at = end
	}
}

// object passes an object, with all that its frames assert of its members.
func (e *evaluation) object(from int) {
	to, start := len(e.frames), e.at
	looks := false
	for i := from; i < to; i++ {
		rules := e.frames[i].schema.object
		looks = looks || rules != nil && rules.looks
	}
	if !looks {
		e.skip('{')
		e.spend((e.at - start) / bytesPerStep)
		return
	}
	o := e.open()
	for e.stopped == nil && e.member(&o) {
		e.memberName(from, to, &o)
		e.value = e.text[e.at]
		for i := from; i < to; i++ {
			e.addMember(i, o.name)
		}
		e.spend(to - from)
		if len(e.frames) > to {
			e.walk(to, o.n-1)
		} else {
			before := e.at
			e.skip(e.value)
			e.spend((e.at - before) / bytesPerStep)
		}
	}
	for i := from; i < to && e.stopped == nil; i++ {
		e.judgeObject(i, &o)
	}
}

// memberName asks the schemas of names about the name that was passed last.
func (e *evaluation) memberName(from, to int, o *opened) {
	behind := e.at
	e.at, e.value = o.nameAt, '"'
	for i := from; i < to; i++ {
		if rules := e.frames[i].schema.object; rules != nil && rules.names != nil {
			e.add(i, viaName, rules.names)
		}
	}
	if len(e.frames) > to && e.stopped == nil {
		e.judge(to, strings_, number{}, o.name)
		e.unwind(to, 0, o.nameAt)
	}
	e.at = behind
}

// addMember adds frames for the member that is next, as one schema has them.
func (e *evaluation) addMember(i int, name string) {
	rules := e.frames[i].schema.object
	if rules == nil {
		return
	}
	evaluated := false
	m := rules.members[name]
	if m.required {
		e.frames[i].count++
	}
	if m.schema != nil {
		e.add(i, viaChild, m.schema)
		evaluated = true
	}
	for _, p := range rules.patterns {
		if e.matches(p.pattern, name) {
			e.add(i, viaChild, p.schema)
			evaluated = true
		}
	}
	switch {
	case evaluated:
	case rules.additional != nil:
		e.add(i, viaChild, rules.additional)
	case rules.unevaluated != nil:
		e.add(i, viaUnevaluated, rules.unevaluated)
	}
}

// array passes an array, with all that its frames assert of its items.
func (e *evaluation) array(from int) {
	to, start := len(e.frames), e.at
	looks := false
	for i := from; i < to; i++ {
		looks = looks || e.frames[i].schema.array != nil
	}
	if !looks {
		e.skip('[')
		e.spend((e.at - start) / bytesPerStep)
		return
	}
	n := 0
	for e.at++; e.stopped == nil && e.element(); n++ {
		e.value = e.text[e.at]
		for i := from; i < to; i++ {
			e.addItem(i, n)
		}
		e.spend(to - from)
		if len(e.frames) > to {
			e.walk(to, n)
		} else {
			before := e.at
			e.skip(e.value)
			e.spend((e.at - before) / bytesPerStep)
		}
	}
	for i := from; i < to && e.stopped == nil; i++ {
		e.judgeArray(i, n, start)
	}
}

// addItem adds frames for the nth item, as one schema has them.
func (e *evaluation) addItem(i, n int) {
	rules := e.frames[i].schema.array
	if rules == nil {
		return
	}
	evaluated := false
	for _, prefix := range rules.prefixes {
		if n < len(prefix) {
			e.add(i, viaChild, prefix[n])
			evaluated = true
		}
	}
	if !evaluated && rules.items != nil {
		e.add(i, viaChild, rules.items)
		evaluated = true
	}
	if rules.contains != nil {
		e.add(i, viaContains, rules.contains)
	}
	if !evaluated && rules.unevaluated != nil {
		e.add(i, viaUnevaluated, rules.unevaluated)
	}
}
