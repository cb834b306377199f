package schemas

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// A pattern tells which texts a regular expression matches somewhere. It takes time linear to the text.
type pattern struct {
	source string
	re     *regexp.Regexp
	// prog is followed step by step where the boundaries of words need Unicode, of which Go's know nothing.
	prog *syntax.Prog
	cost int // steps for each byte of a text, at most
}

const (
	// maxWritten bounds a pattern as Go's syntax has it, with classes and repetitions written out: \w alone is 12 KB.
	maxWritten = 4 << 20
	// mostRepeated is the largest product of counts of repetitions within each other that Go takes.
	mostRepeated = 1000
)

var errTooLarge = errors.New("it repeats too much to be compiled; lower the counts of its repetitions")

// compilePattern compiles a pattern of the schema; nil if it can not be.
func (c *compiler) compilePattern(source string, at *place) *pattern {
	p, err := newPattern(source)
	if err != nil {
		c.fail(at, "the pattern %q can not be used: %w", source, err)
	}
	return p
}

func newPattern(source string) (*pattern, error) {
	r, parser, err := parseRegex(source)
	if err != nil {
		return nil, err
	}
	if parser.foreign != "" {
		return nil, errors.New(parser.foreign)
	}
	if r.size() > 2*regexSize { // the schema's pattern has the benefit of doubt
		return nil, errTooLarge
	}
	w := &patternWriter{}
	text, _ := w.write(r)
	if w.large {
		return nil, errTooLarge
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil { // as Go has it, it is only ever too large
		return nil, errTooLarge
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, errTooLarge
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, errTooLarge
	}
	p := &pattern{source: source, re: re, cost: len(prog.Inst)}
	if parser.boundaries {
		p.prog = prog
	}
	return p, nil
}

// A patternWriter writes a regex in Go's syntax, which lacks much of Rust's: what classes and flags mean is written out.
type patternWriter struct{ large bool }

// write returns a regex as Go has it, and the largest product of counts of repetitions within each other.
func (w *patternWriter) write(r *regex) (string, int) {
	switch r.op {
	case opSet:
		return classText(r.set), 1
	case opAssert:
		return r.assert, 1
	case opRepeat:
		return w.repeat(r)
	}
	separator := ""
	if r.op == opAlternate {
		separator = "|"
	}
	texts, most := make([]string, len(r.subs)), 1
	for i, sub := range r.subs {
		text, product := w.write(sub)
		texts[i], most = text, max(most, product)
	}
	text := strings.Join(texts, separator)
	if r.op == opAlternate && len(texts) > 1 {
		text = "(?:" + text + ")"
	}
	return w.bounded(text), most
}

// bounded gives up on a text that becomes too long.
func (w *patternWriter) bounded(text string) string {
	if len(text) > maxWritten {
		w.large = true
		return ""
	}
	return text
}

// repeat writes counts that are too large for Go as several smaller ones in a row.
func (w *patternWriter) repeat(r *regex) (string, int) {
	sub, product := w.write(r.subs[0])
	sub = "(?:" + sub + ")"
	var b strings.Builder
	largest, most := product, mostRepeated/product
	add := func(n int, count string) {
		for ; n > 0 && !w.large; n -= most {
			k := min(n, most)
			largest = max(largest, k*product)
			fmt.Fprintf(&b, "%s{"+count+"}", sub, k)
			w.bounded(b.String())
		}
	}
	add(r.min, "%d")
	if r.max < 0 {
		b.WriteString(sub + "*")
	} else {
		add(r.max-r.min, "0,%d")
	}
	return w.bounded(b.String()), largest
}

// classText is a set of characters as Go has it.
func classText(set runes) string {
	if len(set) == 0 {
		return `[^\x00-\x{10FFFF}]`
	}
	if len(set) == 1 && set[0].low == set[0].high {
		return regexp.QuoteMeta(string(set[0].low))
	}
	var b strings.Builder
	b.WriteByte('[')
	for _, s := range set {
		fmt.Fprintf(&b, `\x{%X}-\x{%X}`, s.low, s.high)
	}
	b.WriteByte(']')
	return b.String()
}

// matches tells that the text holds a match.
func (p *pattern) matches(text string) bool {
	if p.prog == nil || !beyondASCII(text) {
		return p.re.MatchString(text)
	}
	return newWalk(p.prog).matches(text)
}

func beyondASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// A walk follows all the ways at once that a program may take through a text.
type walk struct {
	prog    *syntax.Prog
	now     []uint32 // instructions that the next character decides about
	next    []uint32
	reached []int // at which step an instruction was reached last
	step    int
}

func newWalk(prog *syntax.Prog) *walk { return &walk{prog: prog, reached: make([]int, len(prog.Inst))} }

func (w *walk) matches(text string) bool {
	before := rune(-1)
	for {
		c, n := rune(-1), 0
		if len(text) > 0 {
			c, n = utf8.DecodeRuneInString(text)
		}
		w.step++
		w.next = w.next[:0]
		at := conditions(before, c)
		for _, pc := range append(w.now, uint32(w.prog.Start)) {
			if w.reach(pc, at) {
				return true
			}
		}
		if n == 0 {
			return false
		}
		w.now = w.now[:0]
		for _, pc := range w.next {
			if inst := &w.prog.Inst[pc]; inst.MatchRune(c) {
				w.now = append(w.now, inst.Out)
			}
		}
		before, text = c, text[n:]
	}
}

// reach notes the instructions that need a character, from one on; it tells whether the match is complete.
func (w *walk) reach(from uint32, at syntax.EmptyOp) bool {
	for todo := []uint32{from}; len(todo) > 0; {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if w.reached[pc] == w.step {
			continue
		}
		w.reached[pc] = w.step
		inst := &w.prog.Inst[pc]
		switch inst.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, inst.Arg, inst.Out)
		case syntax.InstNop, syntax.InstCapture:
			todo = append(todo, inst.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^at == 0 {
				todo = append(todo, inst.Out)
			}
		case syntax.InstFail:
		default:
			w.next = append(w.next, pc)
		}
	}
	return false
}

// conditions are those that hold between two characters, with words of Unicode.
func conditions(before, after rune) syntax.EmptyOp {
	at := syntax.EmptyOpContext(before, after) &^ (syntax.EmptyWordBoundary | syntax.EmptyNoWordBoundary)
	if words().has(before) != words().has(after) {
		return at | syntax.EmptyWordBoundary
	}
	return at | syntax.EmptyNoWordBoundary
}
