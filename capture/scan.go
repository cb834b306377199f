package capture

import (
	"bytes"
	"sync"
)

// maxDepth bounds nested arrays and objects. The runtime's parser refuses the 128th that is open.
const maxDepth = 100

// What a scan holds beside the body: an element of an array, each value that is wanted of it, and a member of an object
// of very many, whose names are kept.
const (
	elementBytes = 256
	foundBytes   = 64
	memberBytes  = 128
)

// A span is a part of a body: the bytes from start up to end.
type span struct{ start, end int }

func (s span) of(body []byte) []byte { return body[s.start:s.end] }

// An element is one document of a body: a JSON object, and its member _meta if the sender wrote one.
type element struct {
	span
	meta     span // _meta's value; empty where there is none
	metaName int  // where _meta's name starts
	previous int  // where the member before _meta ends, or the opening brace
	behind   int  // where the name of the member behind _meta starts; 0 if it is the last
	others   int  // members beside _meta
	found    []found
	mended   bool // something in it was replaced
}

// withoutMeta returns the two parts of the object's members that remain when _meta is taken out.
func (e *element) withoutMeta() (before, after span) {
	before, after = span{e.start + 1, e.end - 1}, span{e.end - 1, e.end - 1}
	switch {
	case e.meta.end == 0:
	case e.behind > 0:
		before.end, after.start = e.metaName, e.behind
	default:
		before.end, after.start = e.previous, e.meta.end
	}
	return before, after
}

// member notes one of the document's members: where its name starts, and its value.
func (e *element) member(name []byte, start int, value span) {
	if e.meta.end > 0 && e.behind == 0 {
		e.behind = start
	}
	if string(name) == "_meta" {
		e.meta, e.metaName, e.behind = value, start, 0
	} else {
		e.others++
	}
	if e.meta.end == 0 {
		e.previous = value.end
	}
}

// A scanner reads a body once, and refuses what the runtime would refuse.
type scanner struct {
	lexer
	names
	held      *reservation
	elements  []element
	several   bool    // the body is an array
	found     []found // of all elements
	current   []found // of the element that is read
	lines     bool    // an element has several
	joined    bool    // the text is rewritten, so that no newline tells what was on a line of its own
	halves    bool    // an element has halves of surrogate pairs
	mended    []int   // indexes of the elements in which something was replaced
	copied    []byte  // the body, where something in it was replaced
	rewritten []byte  // the body, where it is not scanned as it came
}

// scanners are used again, with their tables.
var scanners = sync.Pool{New: func() any { return new(scanner) }}

// maxPooled is how many entries a table may have to be used again. A larger one would be kept for nothing.
const maxPooled = 1 << 10

// scan reads a body, an object or an array of objects or one behind the other, each on a line of its own, and finds so many
// values that are wanted of each document. The elements are of the scanner's text: of members of one name that has the last
// only, no newline within an element, and no half of a surrogate pair. Memory for all that is held. The scanner must be
// released.
func scan(body []byte, w *want, values int, held *reservation) (*scanner, error) {
	s := scanners.Get().(*scanner)
	s.held = held
	if err := s.scan(body, w, values); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

func (s *scanner) scan(body []byte, w *want, values int) (err error) {
	if err = s.documents(body, w, values); err != nil {
		return err
	}
	if s.halves {
		if s.copied, err = s.held.grow(nil, len(body)); err != nil {
			return err
		}
		s.copied, s.mends = append(s.copied, body...), true
		err = s.documents(s.copied, w, values)
		body, s.mends = s.copied, false
		for i := range s.elements {
			if s.elements[i].mended {
				s.mended = append(s.mended, i)
			}
		}
	}
	if err == nil && (len(s.cuts) > 0 || s.lines) {
		if s.rewritten, err = s.held.grow(nil, len(body)); err == nil {
			s.rewritten, s.joined = appendRewritten(s.rewritten, body, s.cuts), true
			err = s.documents(s.rewritten, w, values)
		}
	}
	for _, i := range s.mended {
		s.elements[i].mended = true
	}
	return err
}

// release ends the use of the scanner and of all that it found.
func (s *scanner) release() {
	s.held.drop(s.rewritten)
	s.held.drop(s.copied)
	s.begin(nil) // keep no body alive
	s.held, s.rewritten, s.copied, s.current, s.mended, s.mends, s.joined = nil, nil, nil, nil, nil, false, false
	if max(cap(s.open), cap(s.cuts), cap(s.found), cap(s.elements)) <= maxPooled {
		scanners.Put(s)
	}
}

// begin forgets what was read before.
func (s *scanner) begin(text []byte) {
	clear(s.elements)
	s.open, s.cuts, s.found, s.elements = s.open[:0], s.cuts[:0], s.found[:0], s.elements[:0]
	s.lexer, s.lines, s.halves = lexer{text: text, mends: s.mends}, false, false
	if bytes.HasPrefix(text, byteOrderMark) {
		s.at = len(byteOrderMark)
	}
}

// byteOrderMark is what some senders of UTF-8 put in front.
var byteOrderMark = []byte("\uFEFF")

// documents reads the whole text.
func (s *scanner) documents(text []byte, w *want, values int) error {
	s.begin(text)
	c := s.next()
	if s.at == len(text) {
		return notJSON(text, 0, "it is empty; send a JSON object, or an array of objects")
	}
	var err error
	if s.several = c == '['; s.several {
		err = s.batch(w, values)
	} else {
		err = s.sequence(w, values)
	}
	if s.next(); err == nil && s.at < len(text) {
		err = badBody(int64(s.at), "more follows the JSON value; several are sent as an array, or each on a line of its own")
	}
	return err
}

// sequence reads a document, and others that follow it on lines of their own.
func (s *scanner) sequence(w *want, values int) error {
	for {
		if err := s.document(1, w, values); err != nil {
			return err
		}
		s.newline = false
		if c := s.next(); c == 0 || !s.newline && !s.joined {
			return nil
		}
		s.several = true
	}
}

// batch reads an array of documents.
func (s *scanner) batch(w *want, values int) error {
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
func (s *scanner) document(levels int, w *want, values int) error {
	c := s.next()
	start := s.at
	if c != '{' {
		if err := s.value(levels-1, nil); err != nil {
			return err
		}
		return badBody(int64(start), "%s where an object is expected", kindNames[kindOf(c)])
	}
	if err := s.held.take(elementBytes + foundBytes*int64(values)); err != nil {
		return err
	}
	first := len(s.found)
	for range values {
		s.found = append(s.found, found{})
	}
	s.current, s.newline, s.lone = s.found[first:], false, false
	e := element{previous: start + 1, found: s.current}
	err := s.object(levels, w, &e)
	e.span, e.mended = span{start, s.at}, s.lone
	s.halves = s.halves || s.lone
	if err == nil && e.meta.end > 0 && s.text[e.meta.start] != '{' { // now that no later _meta replaces it
		err = badBody(int64(e.meta.start), "_meta is %s; it must be an object, or left out", kindNames[kindOf(s.text[e.meta.start])])
	}
	s.elements = append(s.elements, e)
	s.lines = s.lines || s.newline
	return err
}
