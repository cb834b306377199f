package schemas

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape reads behind a backslash, outside of classes.
func (p *regexParser) escape() *regex {
	switch c := p.peek(); c {
	case 'A', 'z':
		p.next()
		return &regex{op: opAssert, assert: `\` + string(c)}
	case 'b', 'B':
		p.next()
		return p.boundary(c)
	case '<', '>':
		p.next()
		p.foreign = oneSided
		return &regex{op: opConcat}
	}
	if set, ok := p.classEscape(); ok {
		if p.flags.ignoreCase {
			set = set.folded(p.flags.ascii)
		}
		return &regex{set: set}
	}
	return p.literal(p.charEscape())
}

const oneSided = `\b{…} and \<, one side of a word's boundary, can not be told here; write \b`

// boundary reads behind \b or \B.
func (p *regexParser) boundary(c rune) *regex {
	for _, side := range []string{"{start}", "{end}", "{start-half}", "{end-half}"} {
		if c == 'b' && p.accept(side) {
			p.foreign = oneSided
			return &regex{op: opConcat}
		}
	}
	p.boundaries = p.boundaries || !p.flags.ascii
	p.plain = p.plain || p.flags.ascii
	if p.boundaries && p.plain {
		p.foreign = `boundaries of Unicode words and of ASCII words, as in (?-u:\b), can not be told in one pattern`
	}
	return &regex{op: opAssert, assert: `\` + string(c)}
}

// classEscape reads an escape that stands for several characters, if it is one.
func (p *regexParser) classEscape() (set runes, ok bool) {
	c := p.peek()
	switch unicode.ToLower(c) {
	case 'd':
		set = pick(p.flags.ascii, posix["digit"], decimals())
	case 's':
		set = pick(p.flags.ascii, posix["space"], blanks())
	case 'w':
		set = pick(p.flags.ascii, wordsOfASCII, words())
	case 'p':
		p.next()
		return p.property(c == 'P'), true
	default:
		return nil, false
	}
	p.next()
	return p.negated(set, unicode.IsUpper(c)), true
}

func pick(first bool, a, b runes) runes {
	if first {
		return a
	}
	return b
}

// negated refuses what could match a part of a character.
func (p *regexParser) negated(set runes, yes bool) runes {
	if yes && p.flags.ascii {
		p.fail("without Unicode (?-u), a negated class could match a part of a character")
	}
	if yes {
		return set.not()
	}
	return set
}

// property reads the name of a property of Unicode.
func (p *regexParser) property(not bool) runes {
	if p.flags.ascii {
		p.fail("without Unicode (?-u), there is no \\p")
	}
	name := string(p.next())
	if name == "{" {
		end := strings.IndexByte(p.text[p.at:], '}')
		if end < 0 {
			p.fail("\\p{ is not closed")
		}
		name = p.text[p.at : p.at+end]
		p.at += end + 1
	}
	plain, inverse := strings.CutPrefix(name, "^")
	if unequal := strings.Replace(plain, "!=", "=", 1); unequal != plain {
		plain, inverse = unequal, !inverse
	}
	set, ok := property(plain)
	if !ok {
		p.fail("the property \\p{%s} of Unicode is not known here; write its characters, or a script or a general category", name)
	}
	if not != inverse {
		return set.not()
	}
	return set
}

var controls = map[rune]rune{'a': '\a', 'f': '\f', 't': '\t', 'n': '\n', 'r': '\r', 'v': '\v'}

// charEscape reads an escape that stands for one character.
func (p *regexParser) charEscape() rune {
	c := p.next()
	digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[c]
	switch control, ok := controls[c]; {
	case ok:
		return control
	case digits > 0:
		return p.hex(digits)
	case c >= '0' && c <= '9':
		p.fail("back references and octal numbers are not supported by the runtime; write \\x{…} for a character")
	case c >= utf8.RuneSelf, unicode.IsLetter(c), c == '<', c == '>':
		p.fail("\\%c is not known to the runtime", c)
	}
	return c
}

// hex reads so many digits, or any number of them in braces.
func (p *regexParser) hex(digits int) rune {
	text := ""
	if p.accept("{") {
		end := strings.IndexByte(p.text[p.at:], '}')
		if end < 0 {
			p.fail("a character's number is not closed")
		}
		text = p.text[p.at : p.at+end]
		p.at += end + 1
	} else {
		for range digits {
			text += string(p.next())
		}
	}
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) || p.flags.ascii && n >= utf8.RuneSelf {
		p.fail("%q is not the number of a character", text)
	}
	return rune(n)
}
