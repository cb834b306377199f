package schemas

import "slices"

// unwind removes the frames of a value that is passed, the last first, and tells each one's parent how it went: frames
// in place come behind those that applied them. The value is the nth of what it is within.
func (e *evaluation) unwind(from, nth, start int) {
	for i := len(e.frames) - 1; i >= from && e.stopped == nil; i-- {
		f := &e.frames[i]
		e.settle(i, start)
		if f.parent >= 0 {
			e.tell(i, nth, start)
		}
		e.frames = e.frames[:i]
	}
}

// settle decides about a frame what only its whole value tells: alternatives, and what nothing has evaluated.
func (e *evaluation) settle(i, start int) {
	f := &e.frames[i]
	if f.schema.hasAny && !f.any {
		e.failAlternatives(i, viaAny, record{keyword: "anyOf", schema: f.schema, at: start})
	}
	if f.schema.hasOne && !f.one {
		e.failAlternatives(i, viaOne, record{keyword: "oneOf", schema: f.schema, at: start})
	}
	if f.tracked == nil || !f.tracked.own {
		return
	}
	for n := range f.tracked.n {
		switch {
		case f.tracked.evaluated.has(n):
		case f.tracked.invalid.has(n):
			e.fail(i, record{keyword: unevaluated(e.text[start]), schema: f.schema, at: start, n: n})
		default:
			f.tracked.evaluated.set(n)
		}
	}
}

func unevaluated(c byte) string {
	if c == '{' {
		return "unevaluatedProperties"
	}
	return "unevaluatedItems"
}

// tell hands the outcome of a frame to the one that applied it.
func (e *evaluation) tell(i, nth, start int) {
	f, p := &e.frames[i], &e.frames[e.frames[i].parent]
	switch f.via {
	case viaAny, viaOne:
		if f.invalid {
			p.others = take(p.others, f.found, f.via)
			return
		}
		if f.via == viaOne && p.one {
			e.fail(f.parent, record{keyword: "oneOf", schema: p.schema, at: start, n: several})
		}
		p.any, p.one = p.any || f.via == viaAny, p.one || f.via == viaOne
	case viaNot:
		if !f.invalid {
			e.fail(f.parent, record{keyword: "not", schema: p.schema, at: start})
		}
		return
	case viaIf:
		if p.ifKnown, p.ifMet = true, !f.invalid; f.invalid {
			return
		}
	case viaThen, viaElse:
		if !p.ifKnown || p.ifMet != (f.via == viaThen) {
			return
		}
	case viaContains:
		if f.invalid {
			return
		}
		p.count++
	case viaUnevaluated:
		if f.invalid {
			p.tracked.invalid.set(nth)
		}
		return
	}
	if f.invalid {
		e.failAs(f.parent, f.found)
		return
	}
	if f.via == viaName || p.tracked == nil {
		return
	}
	if f.via.inPlace() {
		p.tracked.evaluated.add(f.tracked.evaluated)
		return
	}
	p.tracked.evaluated.set(nth)
}

// fail notes that a frame's schema is not met.
func (e *evaluation) fail(i int, r record) {
	f := &e.frames[i]
	f.invalid = true
	if !f.certain {
		if len(f.found) < MaxViolations {
			f.found = append(f.found, r)
		}
		return
	}
	if e.found = append(e.found, r); len(e.found) == MaxViolations {
		e.stopped = errEnough
	}
}

// failAs notes that it is not met for what is wrong with a schema that it applied, which may be told already.
func (e *evaluation) failAs(i int, found []record) {
	e.frames[i].invalid = true
	for _, r := range found {
		e.fail(i, r)
	}
}

// failAlternatives notes why none of a frame's alternatives is met.
func (e *evaluation) failAlternatives(i int, v via, otherwise record) {
	told := false
	for _, r := range slices.Backward(e.frames[i].others) { // the last alternative was judged first
		if r.via == v && e.stopped == nil {
			e.fail(i, r)
			told = true
		}
	}
	if !told {
		e.fail(i, otherwise)
	}
}

// take adds what is wrong with an alternative to that with others, so far as it will be told.
func take(all, more []record, v via) []record {
	for _, r := range more[:min(len(more), MaxViolations-min(len(all), MaxViolations))] {
		r.via = v
		all = append(all, r)
	}
	return all
}
