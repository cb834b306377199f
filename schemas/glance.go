package schemas

import "strings"

// A glance passes once over text that is known to be valid JSON, and asks acceptors about its values.
type glance struct {
	decoder
	work int // bytes that it may still look at: alternatives make it look at the same ones again
	deep int
}

const (
	workShare = 16  // how often it may look at the whole text; everyday schemas need it once or twice
	deepest   = 400 // acceptors within each other, of a schema that refers to itself
)

// next charges the white space that it skips.
func (g *glance) next() byte {
	before := g.at
	c := g.decoder.next()
	g.work -= g.at - before
	return c
}

// accepts tells that the text is plainly what the acceptor accepts.
func (a *acceptor) accepts(text string) bool {
	g := glance{decoder: decoder{text: text}, work: workShare * len(text)}
	return g.accepted(a)
}

// accepted passes a value; nil accepts any. Where it returns false, the glance is over, or goes back.
func (g *glance) accepted(a *acceptor) bool {
	if g.work < 0 || g.deep > deepest {
		return false
	}
	c := g.next()
	if a == nil {
		g.skip(c)
		return true
	}
	g.work--
	g.deep++
	defer func() { g.deep-- }()
	start := g.at
	for _, other := range a.all {
		if g.at = start; !g.accepted(other) {
			return false
		}
	}
	if len(a.any) > 0 && !g.acceptedByAny(a.any, start) || g.work < 0 {
		return false
	}
	passed := g.at // by others, if there are any
	g.at = start
	switch {
	case c == '{' && passed > start && !a.object.looks: // there is nothing more to see
		g.at = passed
		return a.kinds&objects != 0 && a.values == nil
	case !g.own(a, c):
		return false
	}
	return a.values == nil || a.values[g.text[start:g.at]]
}

// acceptedByAny goes back for each alternative.
func (g *glance) acceptedByAny(some []*acceptor, start int) bool {
	for _, a := range some {
		if g.at = start; g.accepted(a) {
			return true
		}
	}
	return false
}

// own passes a value that begins with c, and tells whether the acceptor's own rules are kept.
func (g *glance) own(a *acceptor, c byte) bool {
	switch c {
	case '{':
		return a.kinds&objects != 0 && g.acceptedObject(&a.object)
	case '[':
		return a.kinds&arrays != 0 && g.acceptedArray(a)
	case '"':
		return a.kinds&strings_ != 0 && g.acceptedString(&a.text)
	case 't', 'f':
		g.skip(c)
		return a.kinds&booleans != 0
	case 'n':
		g.skip(c)
		return a.kinds&nulls != 0
	}
	return g.acceptedNumber(a)
}

func (g *glance) acceptedObject(rules *objectRules) bool {
	if !rules.looks {
		g.skip('{')
		return true
	}
	var found uint64
	for g.at++; g.next() != '}'; {
		if g.text[g.at] == ',' {
			g.at++
			g.next()
		}
		name := g.str()
		g.work -= len(name)
		g.next()
		g.at++ // the colon
		m, ok := rules.members[name]
		if !ok {
			m.accepts = rules.others
		}
		found |= m.bit
		if !g.accepted(m.accepts) {
			return false
		}
	}
	g.at++
	return found == rules.required
}

func (g *glance) acceptedArray(a *acceptor) bool {
	n := 0
	for g.at++; g.next() != ']'; n++ {
		if g.text[g.at] == ',' {
			g.at++
		}
		if !g.accepted(a.items) {
			return false
		}
	}
	g.at++
	return n >= a.least && n <= a.most
}

func (g *glance) acceptedString(rules *textRules) bool {
	if rules.least == 0 && rules.most == unlimited && rules.pattern == nil && rules.format == nil {
		g.skip('"')
		return true
	}
	said := g.str()
	g.work -= len(said)
	return rules.allows(said)
}

// shortInteger is how many characters an integer may have that is computed with here.
const shortInteger = 16

// acceptedNumber compares short integers with the limits. All other numbers it accepts where any number is.
func (g *glance) acceptedNumber(a *acceptor) bool {
	start := g.at
	n, negative, short := int64(0), false, true
	for ; g.at < len(g.text); g.at++ {
		switch c := g.text[g.at]; {
		case c >= '0' && c <= '9':
			if g.at-start < shortInteger {
				n = 10*n + int64(c-'0')
			}
			continue
		case c == '-' && g.at == start:
			negative = true
			continue
		case strings.IndexByte("+-.eE", c) >= 0:
			short = false
			continue
		}
		break
	}
	if !short || g.at-start > shortInteger {
		return a.kinds&fractions != 0 && a.minimum == nil && a.maximum == nil
	}
	if negative {
		n = -n
	}
	return a.kinds&integers != 0 && (a.minimum == nil || n >= *a.minimum) && (a.maximum == nil || n <= *a.maximum)
}

// skip passes a value that begins with c.
func (g *glance) skip(c byte) {
	before := g.at
	switch c {
	case '"':
		g.passString()
	case 't', 'n':
		g.at += len("true")
	case 'f':
		g.at += len("false")
	case '{', '[':
		g.skipNested()
	default:
		g.passNumber()
	}
	g.work -= g.at - before
}

// skipNested passes an object or an array.
func (g *glance) skipNested() {
	for depth := 0; ; {
		switch g.text[g.at] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			g.passString()
			continue
		}
		if g.at++; depth == 0 {
			return
		}
	}
}
