package scan

// kind is the first byte of a JSON value; digits are all '0', and so is a minus.
type kind byte

// kindOf tells the kind by the first byte.
func kindOf(first byte) kind {
	if first == '-' || first >= '0' && first <= '9' {
		return '0'
	}
	return kind(first)
}

// kindNames name the kinds with their articles.
var kindNames = map[kind]string{
	'{': "an object", '[': "an array", '"': "a string", '0': "a number", 't': "true", 'f': "false", 'n': "null",
}

// value reads any value inside so many levels, and notes it if it is wanted.
func (s *Scanner) value(levels int, w *Want) (err error) {
	first := kindOf(s.next())
	start := s.at
	switch first {
	case '{':
		err = s.object(levels+1, w, nil)
	case '[':
		err = s.array(levels+1, w)
	case '"':
		err = s.str()
	case '0':
		err = s.number()
	case 't':
		err = s.literal("true")
	case 'f':
		err = s.literal("false")
	case 'n':
		err = s.literal("null")
	default:
		err = s.unexpected("a value")
	}
	if w != nil && w.slot >= 0 {
		s.current[w.slot] = Found{first, Span{start, s.at}}
	}
	return err
}

// deeper refuses a level too many, at the bracket or brace that is next.
func (s *Scanner) deeper(levels int) error {
	if levels > MaxDepth {
		return wrong(s.at, "more than %d levels of arrays and objects", MaxDepth)
	}
	s.at++
	return nil
}

// array reads an array, which is the last of so many levels.
func (s *Scanner) array(levels int, w *Want) error {
	if err := s.deeper(levels); err != nil {
		return err
	}
	if s.next() == ']' {
		s.at++
		return nil
	}
	for index := 0; ; index++ {
		if err := s.value(levels, w.item(index)); err != nil {
			return err
		}
		if more, err := s.more(']'); !more {
			return err
		}
	}
}

// more reads what follows a member or an item: a comma, or the end of what it is in.
func (s *Scanner) more(end byte) (bool, error) {
	switch s.next() {
	case ',':
		s.at++
		return true, nil
	case end:
		s.at++
		return false, nil
	}
	return false, s.unexpected(`',' or '` + string(end) + `'`)
}

// nameBatch is for how many bytes of names memory is held at a time.
const nameBatch = 64 << 10

// object reads an object, which is the last of so many levels. If it is a document, e learns its members.
func (s *Scanner) object(levels int, w *Want, e *Element) error {
	if err := s.deeper(levels); err != nil {
		return err
	}
	if s.next() == '}' {
		s.at++
		return nil
	}
	open := objectNames{first: len(s.open)}
	size, taken := int64(0), int64(0) // of names
	for {
		if s.next() != '"' {
			return s.unexpected("the name of a member")
		}
		start := s.at
		if err := s.str(); err != nil {
			return err
		}
		name := Span{start, s.at}
		says := s.text[start+1 : s.at-1]
		if s.escaped {
			says = Unquoted(name.Of(s.text))
		}
		s.add(&open, s.text, name, says)
		if size += MemberBytes + int64(len(says)); size-taken > nameBatch {
			if err := s.memory.Take(size - taken); err != nil {
				return err
			}
			taken = size
		}
		if s.next() != ':' {
			return s.unexpected("':'")
		}
		s.at++
		if err := s.memberValue(levels, w, e, start, says); err != nil {
			return err
		}
		if more, err := s.more('}'); !more {
			s.open = s.open[:open.first]
			if len(s.cuts) == 0 { // which are kept
				s.memory.Give(taken)
			}
			return err
		}
	}
}

// memberValue reads the value of a member.
func (s *Scanner) memberValue(levels int, w *Want, e *Element, start int, name []byte) error {
	if e == nil {
		return s.value(levels, w.member(name))
	}
	s.next()
	value := s.at
	err := s.value(levels, w.member(name))
	e.member(name, start, Span{value, s.at})
	return err
}
