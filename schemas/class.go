package schemas

import "strings"

// class reads a bracketed class behind its bracket. Classes may be nested, and joined by && (in both), -- (in the first
// alone) and ~~ (in one of both), of which none binds closer.
func (p *regexParser) class() runes {
	if p.depth++; p.depth > maxGroups {
		p.fail("it nests deeper than %d groups", maxGroups)
	}
	defer func() { p.depth-- }()
	p.space()
	negated := p.accept("^")
	part := p.classStart()
	var whole runes
	op := ""
	join := func() {
		set := newRunes(part...)
		if p.flags.ignoreCase {
			set = set.folded(p.flags.ascii)
		}
		whole, part = joined(whole, op, set), nil
	}
	for {
		p.space()
		switch {
		case p.accept("]"):
			join()
			return p.negated(whole, negated)
		case p.accept("&&"):
			join()
			op = "&&"
		case p.accept("--"):
			join()
			op = "--"
		case p.accept("~~"):
			join()
			op = "~~"
		default:
			part = append(part, p.classItem()...)
		}
	}
}

func joined(a runes, op string, b runes) runes {
	switch op {
	case "&&":
		return a.and(b)
	case "--":
		return a.minus(b)
	case "~~":
		return a.minus(b).union(b.minus(a))
	}
	return b
}

// classStart reads the characters that mean themselves at the start of a class alone.
func (p *regexParser) classStart() []span {
	var found []span
	for p.space(); p.accept("-"); p.space() {
		found = append(found, span{'-', '-'})
	}
	if len(found) == 0 && p.accept("]") {
		found = append(found, span{']', ']'})
	}
	return found
}

// classItem reads a class within a class, a character or a range of them.
func (p *regexParser) classItem() runes {
	if p.accept("[") {
		if set, ok := p.posix(); ok {
			return set
		}
		return p.class()
	}
	if p.peek() == '\\' {
		before := p.at
		p.next()
		if set, ok := p.classEscape(); ok {
			if p.space(); p.peek() == '-' && !p.dashEnds() {
				p.fail("a range ends at a character, not at a class of them")
			}
			return set
		}
		p.at = before
	}
	low := p.classChar()
	p.space()
	if p.peek() != '-' || p.dashEnds() {
		return runes{{low, low}}
	}
	p.next()
	p.space()
	high := p.classChar()
	if high < low {
		p.fail("the range %c-%c is in the wrong order", low, high)
	}
	return runes{{low, high}}
}

// dashEnds tells that the hyphen that comes next makes no range: the class ends behind it, or another hyphen follows.
func (p *regexParser) dashEnds() bool {
	before := p.at
	defer func() { p.at = before }()
	p.next()
	p.space()
	return p.peek() == ']' || p.peek() == '-'
}

func (p *regexParser) classChar() rune {
	c := p.next()
	if c == '\\' {
		return p.charEscape()
	}
	return c
}

// posix reads a class such as [:alpha:] behind its first bracket, if it is one.
func (p *regexParser) posix() (runes, bool) {
	text, ok := strings.CutPrefix(p.text[p.at:], ":")
	name, _, closed := strings.Cut(text, ":]")
	plain, negated := strings.CutPrefix(name, "^")
	set, known := posix[plain]
	if !ok || !closed || !known {
		return nil, false
	}
	p.at += len(":" + name + ":]")
	return p.negated(set, negated), true
}
