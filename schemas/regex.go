package schemas

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A regex is a regular expression in the syntax of Rust's regex crate, which is the runtime's.
type regex struct {
	op       regexOp
	set      runes  // a character is one of them
	assert   string // of no width, as Go writes it
	subs     []*regex
	min, max int // of a repetition; max is negative for none
}

type regexOp uint8

const (
	opSet regexOp = iota
	opAssert
	opConcat
	opAlternate
	opRepeat
)

const (
	// maxGroups is how deep groups and classes may be nested, as in the runtime.
	maxGroups = 250
	// maxRepeats bounds the count of one repetition. The runtime would refuse the size of more.
	maxRepeats = 100_000
)

// regexSize is how many bytes the runtime lets a compiled expression have.
const regexSize = 10 << 20

// size is about how many bytes the runtime needs for the expression: each range of characters becomes some states.
func (r *regex) size() int {
	const state, most = 64, 1 << 40
	n := state * (1 + len(r.set))
	for _, sub := range r.subs {
		n = min(n+sub.size(), most)
	}
	if r.op == opRepeat {
		n *= max(1, r.min, r.max)
	}
	return min(n, most)
}

// A regexParser reads a regular expression, in time linear to it.
type regexParser struct {
	text       string
	at         int
	flags      regexFlags
	depth      int
	names      []string // of groups
	boundaries bool     // it has a boundary of Unicode words
	plain      bool     // it has a boundary of ASCII words
	foreign    string   // what Go can not do
}

type regexFlags struct{ ignoreCase, lines, dotAll, crlf, ascii, spaced bool }

// A regexError says what Rust does not understand.
type regexError struct{ what string }

func (e *regexError) Error() string { return e.what }

// parseRegex reads a regular expression, or returns a regexError.
func parseRegex(text string) (r *regex, p *regexParser, err error) {
	p = &regexParser{text: text}
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *regexError:
			err = v
		default:
			panic(v)
		}
	}()
	r = p.alternation()
	if !p.end() {
		p.fail("a parenthesis is closed that is not open; write \\) for the character")
	}
	return r, p, nil
}

// fail ends the parsing: parseRegex returns the error.
func (p *regexParser) fail(format string, args ...any) {
	panic(&regexError{fmt.Sprintf(format, args...)})
}

func (p *regexParser) end() bool { return p.at >= len(p.text) }

// peek returns the next character; none at the end.
func (p *regexParser) peek() rune {
	if p.end() {
		return -1
	}
	c, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return c
}

func (p *regexParser) next() rune {
	if p.end() {
		p.fail("it ends too early")
	}
	c, n := utf8.DecodeRuneInString(p.text[p.at:])
	p.at += n
	return c
}

// accept passes a text if it is next.
func (p *regexParser) accept(text string) bool {
	if !strings.HasPrefix(p.text[p.at:], text) {
		return false
	}
	p.at += len(text)
	return true
}

// space passes white space and comments where they mean nothing.
func (p *regexParser) space() {
	for p.flags.spaced && !p.end() {
		switch c := p.peek(); {
		case unicode.Is(unicode.Pattern_White_Space, c):
			p.next()
		case c == '#':
			if i := strings.IndexByte(p.text[p.at:], '\n'); i >= 0 {
				p.at += i + 1
			} else {
				p.at = len(p.text)
			}
		default:
			return
		}
	}
}

// alternation reads up to the end of the text or of a group. Flags that it sets end with it.
func (p *regexParser) alternation() *regex {
	if p.depth++; p.depth > maxGroups {
		p.fail("it nests deeper than %d groups", maxGroups)
	}
	flags := p.flags
	defer func() { p.flags = flags; p.depth-- }()
	all := &regex{op: opAlternate}
	for {
		all.subs = append(all.subs, p.concat())
		if !p.accept("|") {
			return all
		}
	}
}

func (p *regexParser) concat() *regex {
	r := &regex{op: opConcat}
	for {
		p.space()
		switch c := p.peek(); c {
		case -1, '|', ')':
			return r
		case '*', '+', '?', '{':
			if len(r.subs) == 0 {
				p.fail("%q repeats nothing; write \\%[1]c for the character", c)
			}
			last := &r.subs[len(r.subs)-1]
			*last = p.repeat(*last)
		case '(':
			p.next()
			if sub := p.group(); sub != nil {
				r.subs = append(r.subs, sub)
			}
		default:
			r.subs = append(r.subs, p.atom())
		}
	}
}

// repeat reads how often sub may occur. Whether few or many are preferred makes no difference to whether there is a match.
func (p *regexParser) repeat(sub *regex) *regex {
	r := &regex{op: opRepeat, subs: []*regex{sub}, max: -1}
	switch p.next() {
	case '+':
		r.min = 1
	case '?':
		r.max = 1
	case '{':
		p.counts(r)
	}
	p.space()
	p.accept("?")
	return r
}

func (p *regexParser) counts(r *regex) {
	least, ok := p.decimal()
	r.min, r.max = least, least
	if p.space(); p.accept(",") {
		most, bounded := p.decimal()
		if r.max = -1; bounded {
			r.max = most
		}
		ok = ok || bounded
	}
	p.space()
	switch {
	case !ok || !p.accept("}"):
		p.fail("{ begins a count of repetitions, such as {2,5}; write \\{ for the character")
	case r.max >= 0 && r.min > r.max:
		p.fail("a repetition is of at least %d and at most %d", r.min, r.max)
	case r.min > maxRepeats || r.max > maxRepeats:
		p.fail("it repeats more than %d times", maxRepeats)
	}
}

func (p *regexParser) decimal() (n int, ok bool) {
	for p.space(); p.peek() >= '0' && p.peek() <= '9'; ok = true {
		n = min(10*n+int(p.next()-'0'), maxRepeats+1)
	}
	return n, ok
}

// group reads behind its parenthesis. Flags for the rest of the group around it are nothing to match.
func (p *regexParser) group() *regex {
	p.space()
	switch {
	case p.accept("?="), p.accept("?!"), p.accept("?<="), p.accept("?<!"):
		p.fail("look-around is not supported by the runtime; write it without")
	case p.accept("?P<"), p.accept("?<"):
		p.name()
	case p.accept("?"):
		flags := p.flags
		outer := p.setFlags()
		if outer == ')' {
			return nil
		}
		defer func() { p.flags = flags }()
	}
	r := p.alternation()
	if !p.accept(")") {
		p.fail("a parenthesis is not closed; write \\( for the character")
	}
	return r
}

func (p *regexParser) name() {
	start := p.at
	for c := p.next(); c != '>'; c = p.next() {
		first := p.at-utf8.RuneLen(c) == start
		if c != '_' && !unicode.IsLetter(c) && (first || c != '.' && c != '[' && c != ']' && !unicode.IsNumber(c)) {
			p.fail("a group has the name %q, which is none", p.text[start:p.at])
		}
	}
	name := p.text[start : p.at-1]
	if name == "" || slices.Contains(p.names, name) {
		p.fail("two groups have the name %q, or none at all", name)
	}
	p.names = append(p.names, name)
}

// setFlags reads flags up to a parenthesis or a colon, which it returns.
func (p *regexParser) setFlags() rune {
	on, some := true, false
	for {
		c := p.next()
		flag := map[rune]*bool{'i': &p.flags.ignoreCase, 'm': &p.flags.lines, 's': &p.flags.dotAll, 'R': &p.flags.crlf, 'u': &p.flags.ascii,
			'x': &p.flags.spaced, 'U': new(bool)}[c]
		switch {
		case flag != nil:
			*flag, some = on != (c == 'u'), true
		case c == '-' && on:
			on, some = false, false
		case (c == ':' || c == ')') && (some || on && c == ':'):
			return c
		default:
			p.fail("(?%c is not known to the runtime; groups are (?:…), (?<name>…) and (?flags), with flags of imsRUux", c)
		}
	}
}

// atom reads what one repetition would repeat, other than a group.
func (p *regexParser) atom() *regex {
	switch c := p.next(); c {
	case '.':
		return p.dot()
	case '^':
		return p.assertion("^", `\A`)
	case '$':
		return p.assertion("$", `\z`)
	case '[':
		return &regex{set: p.class()}
	case '\\':
		return p.escape()
	default:
		return p.literal(c)
	}
}

func (p *regexParser) literal(c rune) *regex {
	set := runes{{c, c}}
	if p.flags.ignoreCase {
		set = set.folded(p.flags.ascii)
	}
	return &regex{set: set}
}

func (p *regexParser) dot() *regex {
	if p.flags.ascii {
		p.fail("without Unicode (?-u), a dot could match a part of a character")
	}
	switch {
	case p.flags.dotAll:
		return &regex{set: anyRune}
	case p.flags.crlf:
		return &regex{set: anyRune.minus(newRunes(span{'\n', '\n'}, span{'\r', '\r'}))}
	}
	return &regex{set: anyRune.minus(runes{{'\n', '\n'}})}
}

// assertion is one of lines or of the whole text.
func (p *regexParser) assertion(line, text string) *regex {
	switch {
	case !p.flags.lines:
		return &regex{op: opAssert, assert: text}
	case p.flags.crlf:
		p.foreign = `lines that end with CR LF, by the flags (?mR), can not be told here; write \r?\n`
	}
	return &regex{op: opAssert, assert: "(?m:" + line + ")"}
}
