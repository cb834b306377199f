package scan

import "bytes"

// Split finds the objects of an array, and the values of members of theirs, one for each name: those of the text of a
// [Scanner], which is known to be valid and without duplicate names. That spares reading it a second time. It returns false
// where an item is no object, or one with a member _meta.
func Split(text []byte, list Span, members []string) ([]Element, bool) {
	s := splitter{text: text, at: list.Start + 1, members: members}
	for s.next() != ']' {
		if s.text[s.at] == ',' {
			s.at++
			s.next()
		}
		if s.text[s.at] != '{' || !s.object() {
			return nil, false
		}
	}
	return s.elements, true
}

// A splitter passes over valid JSON text, once, forward.
type splitter struct {
	text     []byte
	at       int
	members  []string
	elements []Element
}

// next skips white space and returns the byte behind it.
func (s *splitter) next() byte {
	for s.text[s.at] <= ' ' {
		s.at++
	}
	return s.text[s.at]
}

// object notes the object that is next.
func (s *splitter) object() bool {
	e := Element{Span: Span{Start: s.at}, Found: make([]Found, len(s.members))}
	for s.at++; s.next() != '}'; {
		if s.text[s.at] == ',' {
			s.at++
			s.next()
		}
		start := s.at
		s.str()
		name := s.text[start+1 : s.at-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = Unquoted(s.text[start:s.at])
		}
		s.next()
		s.at++ // the colon
		first := kindOf(s.next())
		value := s.at
		s.pass(first)
		if string(name) == "_meta" {
			return false
		}
		e.Others++
		for i, member := range s.members {
			if string(name) == member {
				e.Found[i] = Found{first, Span{value, s.at}}
			}
		}
	}
	s.at++
	e.End = s.at
	s.elements = append(s.elements, e)
	return true
}

// str passes a string: up to a quote that an even number of backslashes precedes.
func (s *splitter) str() {
	for from := s.at + 1; ; {
		end := from + bytes.IndexByte(s.text[from:], '"')
		begin := end
		for s.text[begin-1] == '\\' {
			begin--
		}
		if from = end + 1; (end-begin)%2 == 0 {
			s.at = from
			return
		}
	}
}

// pass passes the value that is next.
func (s *splitter) pass(first kind) {
	switch first {
	case '"':
		s.str()
		return
	case '{', '[':
		for depth := 0; ; {
			switch s.text[s.at] {
			case '"':
				s.str()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if s.at++; depth == 0 {
				return
			}
		}
	}
	for c := s.text[s.at]; c > ' ' && c != ',' && c != ']' && c != '}'; c = s.text[s.at] {
		s.at++
	}
}
