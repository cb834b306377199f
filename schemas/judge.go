package schemas

import "unicode/utf8"

// judge asks the frames from one on about the value that is next: of this kind, and this number or string if it is one.
func (e *evaluation) judge(from int, kind kinds, n number, said string) {
	var known *digest
	e.spend(len(e.frames) - from)
	for i := from; i < len(e.frames) && e.stopped == nil; i++ {
		s := e.frames[i].schema
		if s.never {
			e.fail(i, record{keyword: s.under, schema: s, at: e.at})
			continue
		}
		if s.kinds&kind == 0 {
			e.fail(i, record{keyword: "type", schema: s, at: e.at, n: int(kind)})
		}
		for _, set := range s.values {
			if known == nil && kind&(integers|fractions) == 0 {
				known = e.digestNext()
			}
			if known != nil && !set.exact[known.exact] || known == nil && !set.hasNumber(n) {
				e.fail(i, record{keyword: set.keyword, schema: s, at: e.at})
			}
		}
		if kind&(integers|fractions) != 0 {
			for j := range s.numbers {
				if rule := &s.numbers[j]; !rule.allows(n) {
					e.fail(i, record{keyword: rule.keyword, schema: s, at: e.at, n: j})
				}
			}
		}
		if s.text != nil && kind == strings_ {
			e.judgeText(i, s.text, said)
		}
	}
}

// digestNext digests the value that is next, and stays before it.
func (e *evaluation) digestNext() *digest {
	start := e.at
	d := e.digest()
	e.spend((e.at - start) / bytesPerStep)
	e.at = start
	return &d
}

func (e *evaluation) judgeText(i int, rules *textRules, said string) {
	s := e.frames[i].schema
	if rules.least > 0 || rules.most != unlimited {
		e.spend(len(said) / bytesPerStep)
		n := utf8.RuneCountInString(said)
		if n < rules.least {
			e.fail(i, record{keyword: "minLength", schema: s, at: e.at, n: n})
		}
		if n > rules.most {
			e.fail(i, record{keyword: "maxLength", schema: s, at: e.at, n: n})
		}
	}
	for j, p := range rules.patterns {
		if !e.matches(p, said) && e.stopped == nil {
			e.fail(i, record{keyword: "pattern", schema: s, at: e.at, n: j})
		}
	}
	if rules.test == nil {
		return
	}
	if e.spend(len(said)); e.stopped == nil && !rules.test(said) {
		e.fail(i, record{keyword: "format", schema: s, at: e.at})
	}
}

// matches pays for a match before it is looked for: nothing can end that.
func (e *evaluation) matches(p *pattern, text string) bool {
	e.spend(p.cost * (1 + len(text)/bytesPerStep))
	return e.stopped == nil && p.matches(text)
}

// judgeObject asks a frame about the object that was passed.
func (e *evaluation) judgeObject(i int, o *opened) {
	f := &e.frames[i]
	if f.tracked != nil {
		f.tracked.n = o.n
	}
	rules := f.schema.object
	if rules == nil {
		return
	}
	if f.count < len(rules.required) {
		e.fail(i, record{keyword: "required", schema: f.schema, at: o.start})
	}
	if o.n < rules.least {
		e.fail(i, record{keyword: "minProperties", schema: f.schema, at: o.start, n: o.n})
	}
	if o.n > rules.most {
		e.fail(i, record{keyword: "maxProperties", schema: f.schema, at: o.start, n: o.n})
	}
}

// judgeArray asks a frame about the array of n items that was passed.
func (e *evaluation) judgeArray(i, n, start int) {
	f := &e.frames[i]
	if f.tracked != nil {
		f.tracked.n = n
	}
	rules := f.schema.array
	if rules == nil {
		return
	}
	bad := func(keyword string, n int) { e.fail(i, record{keyword: keyword, schema: f.schema, at: start, n: n}) }
	if n < rules.least {
		bad("minItems", n)
	}
	if n > rules.most {
		bad("maxItems", n)
	}
	if rules.contains != nil && f.count < rules.leastContained {
		bad("minContains", f.count)
	}
	if rules.contains != nil && f.count > rules.mostContained {
		bad("maxContains", f.count)
	}
	if rules.unique && n > 1 && !e.unique(start, n) && e.stopped == nil {
		bad("uniqueItems", n)
	}
}

// unique tells that no two items of the array at a place are equal, in time and memory in proportion to the array.
func (e *evaluation) unique(start, n int) bool {
	const size = 24 // of a digest
	if err := e.limits.hold(int64(size * n)); err != nil {
		e.stopped = err
		return false
	}
	defer e.limits.hold(-int64(size * n))
	end := e.at
	e.at = start + 1
	digests := make([]digest, 0, n)
	for e.stopped == nil && e.element() {
		before := e.at
		digests = append(digests, e.digest())
		e.spend(1 + (e.at-before)/bytesPerStep)
	}
	e.at = end
	const sorting = 8 // steps for an item
	if e.spend(sorting * n); e.stopped != nil {
		return true
	}
	return unique(digests)
}
