// Package scan reads JSON text once. It finds the documents of a body, the values at locations that are asked for, and the
// member _meta, all as spans of the text, so that what is written is the sender's, byte for byte: members can be cut out and
// others put in without decoding anything. It refuses what the runtime would refuse, and says where.
//
// It is no general reader of JSON, for which there is jsontext: that reads tokens, and a webhook needs spans, duplicate names
// resolved, and values at locations. Over the samples of notifications this is 1.15 times as fast as jsontext's tokens alone
// (BenchmarkSamples), and at 100 KB a connector with it takes 0.65 of the CPU of a bare server that reads by jsontext.
package scan

import (
	"bytes"
	"fmt"
	"sync"
)

// MaxDepth bounds nested arrays and objects. The runtime's parser refuses the 128th that is open.
const MaxDepth = 100

// What a scan holds beside the text: an element of an array, each value that is wanted of it, and a member of an object
// of very many, whose names are kept.
const (
	elementBytes = 256
	foundBytes   = 64
	MemberBytes  = 128
)

// A Memory is where a scan takes what it holds.
type Memory interface {
	Take(n int64) error // before it is used
	Give(n int64)
	Grow(b []byte, n int) ([]byte, error) // makes room for n more bytes
	Drop(b []byte)                        // a buffer of Grow
}

// An Error says what is wrong with a text, and at which byte.
type Error struct {
	Offset  int
	NotJSON bool // else it is JSON that the runtime refuses
	Message string
}

func (e *Error) Error() string { return e.Message }

// wrong makes the error of JSON that is refused for what stands at a byte.
func wrong(at int, format string, args ...any) error {
	return &Error{Offset: at, Message: fmt.Sprintf(format, args...)}
}

// notJSON makes the error of text that is no JSON, for what stands at a byte of it.
func notJSON(at int, format string, args ...any) error {
	return &Error{Offset: at, NotJSON: true, Message: "the body is not JSON: " + fmt.Sprintf(format, args...)}
}

// A Span is a part of a text: the bytes from Start up to End.
type Span struct{ Start, End int }

// Of returns the part.
func (s Span) Of(text []byte) []byte { return text[s.Start:s.End] }

// An Element is one document of a text: a JSON object, and its member _meta if the sender wrote one.
type Element struct {
	Span
	Meta     Span    // _meta's value; empty where there is none
	Found    []Found // the values that are wanted, by slot
	Others   int     // members beside _meta
	Mended   bool    // half of a surrogate pair in it was replaced by U+FFFD
	metaName int     // where _meta's name starts
	previous int     // where the member before _meta ends, or the opening brace
	behind   int     // where the name of the member behind _meta starts; 0 if it is the last
}

// WithoutMeta returns the two parts of the object's members that remain when _meta is taken out.
func (e *Element) WithoutMeta() (before, after Span) {
	before, after = Span{e.Start + 1, e.End - 1}, Span{e.End - 1, e.End - 1}
	switch {
	case e.Meta.End == 0:
	case e.behind > 0:
		before.End, after.Start = e.metaName, e.behind
	default:
		before.End, after.Start = e.previous, e.Meta.End
	}
	return before, after
}

// member notes one of the document's members: where its name starts, and its value.
func (e *Element) member(name []byte, start int, value Span) {
	if e.Meta.End > 0 && e.behind == 0 {
		e.behind = start
	}
	if string(name) == "_meta" {
		e.Meta, e.metaName, e.behind = value, start, 0
	} else {
		e.Others++
	}
	if e.Meta.End == 0 {
		e.previous = value.End
	}
}

// A Scanner reads a text once, and refuses what the runtime would refuse.
type Scanner struct {
	lexer
	names
	Elements  []Element
	Several   bool // the text is an array, or several objects
	memory    Memory
	found     []Found // of all elements
	current   []Found // of the element that is read
	lines     bool    // an element has several
	joined    bool    // the text is rewritten, so that no newline tells what was on a line of its own
	halves    bool    // an element has halves of surrogate pairs
	mended    []int   // indexes of the elements in which something was replaced
	copied    []byte  // the body, where something in it was replaced
	rewritten []byte  // the body, where it is not scanned as it came
}

// scanners are used again, with their tables.
var scanners = sync.Pool{New: func() any { return new(Scanner) }}

// maxPooled is how many entries a table may have to be used again. A larger one would be kept for nothing.
const maxPooled = 1 << 10

// Read reads a body, an object or an array of objects or one behind the other, each on a line of its own, and finds so many
// values that are wanted of each document. The elements are of the scanner's text: of members of one name that has the last
// only, no newline within an element, and no half of a surrogate pair. Memory for all that is held. The scanner must be
// released. Errors are of type [*Error], or those of the memory.
func Read(body []byte, w *Want, values int, memory Memory) (*Scanner, error) {
	s := scanners.Get().(*Scanner)
	s.memory = memory
	if err := s.scan(body, w, values); err != nil {
		s.Release()
		return nil, err
	}
	return s, nil
}

func (s *Scanner) scan(body []byte, w *Want, values int) (err error) {
	if err = s.documents(body, w, values); err != nil {
		return err
	}
	if s.halves {
		if s.copied, err = s.memory.Grow(nil, len(body)); err != nil {
			return err
		}
		s.copied, s.mends = append(s.copied, body...), true
		err = s.documents(s.copied, w, values)
		body, s.mends = s.copied, false
		for i := range s.Elements {
			if s.Elements[i].Mended {
				s.mended = append(s.mended, i)
			}
		}
	}
	if err == nil && (len(s.cuts) > 0 || s.lines) {
		if s.rewritten, err = s.memory.Grow(nil, len(body)); err == nil {
			s.rewritten, s.joined = appendRewritten(s.rewritten, body, s.cuts), true
			err = s.documents(s.rewritten, w, values)
		}
	}
	for _, i := range s.mended {
		s.Elements[i].Mended = true
	}
	return err
}

// Release ends the use of the scanner and of all that it found.
func (s *Scanner) Release() {
	s.memory.Drop(s.rewritten)
	s.memory.Drop(s.copied)
	s.begin(nil) // keep no body alive
	s.memory, s.rewritten, s.copied, s.current, s.mended, s.mends, s.joined = nil, nil, nil, nil, nil, false, false
	if max(cap(s.open), cap(s.cuts), cap(s.found), cap(s.Elements)) <= maxPooled {
		scanners.Put(s)
	}
}

// Text returns what the elements are parts of.
func (s *Scanner) Text() []byte { return s.text }

// begin forgets what was read before.
func (s *Scanner) begin(text []byte) {
	clear(s.Elements)
	s.open, s.cuts, s.found, s.Elements = s.open[:0], s.cuts[:0], s.found[:0], s.Elements[:0]
	s.lexer, s.lines, s.halves = lexer{text: text, mends: s.mends}, false, false
	if bytes.HasPrefix(text, ByteOrderMark) {
		s.at = len(ByteOrderMark)
	}
}

// ByteOrderMark is what some senders of UTF-8 put in front.
var ByteOrderMark = []byte("\uFEFF")

// documents reads the whole text.
func (s *Scanner) documents(text []byte, w *Want, values int) error {
	s.begin(text)
	c := s.next()
	if s.at == len(text) {
		return notJSON(0, "it is empty; send a JSON object, or an array of objects")
	}
	var err error
	if s.Several = c == '['; s.Several {
		err = s.batch(w, values)
	} else {
		err = s.sequence(w, values)
	}
	if s.next(); err == nil && s.at < len(text) {
		err = wrong(s.at, "more follows the JSON value; several are sent as an array, or each on a line of its own")
	}
	return err
}

// sequence reads a document, and others that follow it on lines of their own.
func (s *Scanner) sequence(w *Want, values int) error {
	for {
		if err := s.document(1, w, values); err != nil {
			return err
		}
		s.newline = false
		if c := s.next(); c == 0 || !s.newline && !s.joined {
			return nil
		}
		s.Several = true
	}
}

// batch reads an array of documents.
func (s *Scanner) batch(w *Want, values int) error {
	s.at++
	if s.next() == ']' {
		s.at++
		return nil
	}
	for {
		if err := s.document(2, w, values); err != nil {
			return err
		}
		if more, err := s.more(']'); !more {
			return err
		}
	}
}

// document reads an object, which is one more level, and finds its member _meta.
func (s *Scanner) document(levels int, w *Want, values int) error {
	c := s.next()
	start := s.at
	if c != '{' {
		if err := s.value(levels-1, nil); err != nil {
			return err
		}
		return wrong(start, "%s where an object is expected", kindNames[kindOf(c)])
	}
	if err := s.memory.Take(elementBytes + foundBytes*int64(values)); err != nil {
		return err
	}
	first := len(s.found)
	for range values {
		s.found = append(s.found, Found{})
	}
	s.current, s.newline, s.lone = s.found[first:], false, false
	e := Element{previous: start + 1, Found: s.current}
	err := s.object(levels, w, &e)
	e.Span, e.Mended = Span{start, s.at}, s.lone
	s.halves = s.halves || s.lone
	if err == nil && e.Meta.End > 0 && s.text[e.Meta.Start] != '{' { // now that no later _meta replaces it
		err = wrong(e.Meta.Start, "_meta is %s; it must be an object, or left out", kindNames[kindOf(s.text[e.Meta.Start])])
	}
	s.Elements = append(s.Elements, e)
	s.lines = s.lines || s.newline
	return err
}
