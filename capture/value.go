package capture

import (
	"bytes"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds nested arrays and objects. The runtime's parser refuses the 128th that is open.
const maxDepth = 100

// Of an object with very many members, the decoder keeps a table of names, and a resolution where each member is.
const (
	memberBytes = 128
	memberBatch = 1024 // members between two reservations; fewer are too little to count
)

// value reads any value inside so many levels, and notes what is wanted of it.
func (s *scanner) value(levels int, w *want) (span, error) {
	kind := s.dec.PeekKind()
	at, err := s.anyValue(kind, levels, w)
	if w != nil && w.slot >= 0 {
		s.found[w.slot] = found{kind, at}
	}
	return at, err
}

// anyValue reads a value of a kind that was peeked at.
func (s *scanner) anyValue(kind jsontext.Kind, levels int, w *want) (span, error) {
	nested := kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray
	if nested && w == nil && !s.resolve {
		return s.skip()
	}
	switch kind {
	case jsontext.KindBeginObject:
		return s.object(levels+1, w, nil)
	case jsontext.KindBeginArray:
		index := 0
		return s.array(levels+1, func() error {
			var child *want
			if w != nil {
				child = w.members[strconv.Itoa(index)]
				index++
			}
			_, err := s.value(levels+1, child)
			return err
		})
	}
	raw, err := s.dec.ReadValue()
	if err != nil {
		return span{}, err
	}
	end := int(s.dec.InputOffset())
	at := span{end - len(raw), end}
	if raw.Kind() == jsontext.KindNumber && !inRange(raw) {
		return at, badBody(int64(at.start), "a number beyond the range of a double")
	}
	return at, nil
}

// skip reads an array or object of which nothing is wanted, with the least work for each token: most bytes of most
// bodies are in such.
func (s *scanner) skip() (span, error) {
	outside, start := s.dec.StackDepth(), -1
	taken := int64(0)
	for count := 1; ; count++ {
		token, err := s.dec.ReadToken()
		if err != nil {
			return span{}, err
		}
		end, depth := int(s.dec.InputOffset()), s.dec.StackDepth()
		if start < 0 {
			start = end - 1
		}
		switch token.Kind() {
		case jsontext.KindNumber:
			if at := numberBefore(s.body, end); !inRange(s.body[at:end]) {
				return span{}, badBody(int64(at), "a number beyond the range of a double")
			}
		case jsontext.KindBeginObject, jsontext.KindBeginArray:
			if depth > maxDepth {
				return span{}, badBody(int64(end-1), "more than %d levels of arrays and objects", maxDepth)
			}
		case jsontext.KindEndObject, jsontext.KindEndArray:
			if depth == outside {
				s.held.give(taken)
				return span{start, end}, nil
			}
		}
		if count%memberBatch == 0 {
			if taken, err = s.takeForNames(taken); err != nil {
				return span{}, err
			}
		}
	}
}

// takeForNames holds memory for the names of the open objects that have very many, in place of what was taken before.
func (s *scanner) takeForNames(taken int64) (int64, error) {
	needed := int64(0)
	for level := range s.dec.StackDepth() {
		if kind, tokens := s.dec.StackIndex(level + 1); kind == jsontext.KindBeginObject && tokens > 2*memberBatch {
			needed += tokens / 2 * memberBytes
		}
	}
	if needed <= taken {
		return taken, nil
	}
	return needed, s.held.take(needed - taken)
}

// numberBefore returns where the number starts that ends at a byte of valid JSON.
func numberBefore(body []byte, end int) int {
	start := end
	for start > 0 && (body[start-1] >= '0' && body[start-1] <= '9' || bytes.IndexByte([]byte("+-.eE"), body[start-1]) >= 0) {
		start--
	}
	return start
}

// array reads an array, each element by a call of element.
func (s *scanner) array(levels int, element func() error) (span, error) {
	start, err := s.open(levels)
	for err == nil && s.dec.PeekKind() != jsontext.KindEndArray {
		err = element()
	}
	return s.close(start, err)
}

// object reads an object, and notes what is wanted of it. The callback, if any, learns each member: its name without quotes, where that starts, and
// its value.
func (s *scanner) object(levels int, w *want, member func(name []byte, start int, kind jsontext.Kind, value span) error) (span, error) {
	start, err := s.open(levels)
	var names resolution
	count, taken := 0, int64(0)
	for err == nil && s.dec.PeekKind() != jsontext.KindEndObject {
		var raw jsontext.Value
		if raw, err = s.dec.ReadValue(); err != nil {
			break
		}
		nameStart := int(s.dec.InputOffset()) - len(raw)
		if count++; count%memberBatch == 0 {
			if err = s.held.take(memberBatch * memberBytes); err != nil {
				break
			}
			taken += memberBatch * memberBytes
		}
		var name []byte
		if member != nil || s.resolve || w != nil {
			name = unquoted(raw)
		}
		if s.resolve {
			s.cuts = names.add(s.cuts, name, nameStart)
		}
		kind := s.dec.PeekKind()
		var value span
		if value, err = s.value(levels, w.member(name)); err == nil && member != nil {
			err = member(name, nameStart, kind, value)
		}
	}
	if !s.resolve { // whose cuts are kept
		s.held.give(taken)
	}
	return s.close(start, err)
}

// open reads an opening bracket or brace and returns where it stands.
func (s *scanner) open(levels int) (int, error) {
	if _, err := s.dec.ReadToken(); err != nil {
		return 0, err
	}
	start := int(s.dec.InputOffset()) - 1
	if levels > maxDepth {
		return start, badBody(int64(start), "more than %d levels of arrays and objects", maxDepth)
	}
	return start, nil
}

// close reads the bracket or brace that ends what open began, unless reading what is inside failed.
func (s *scanner) close(start int, err error) (span, error) {
	if err == nil {
		_, err = s.dec.ReadToken()
	}
	return span{start, int(s.dec.InputOffset())}, err
}

// unquoted returns what a JSON string says.
func unquoted(raw jsontext.Value) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, raw) // was read as a valid string
	return text
}

// inRange tells that a number is one that a double can approximate.
func inRange(number []byte) bool {
	const safeDigits = 300 // shorter than this, only an exponent can exceed 1.8e308
	if len(number) < safeDigits && bytes.IndexByte(number, 'e') < 0 && bytes.IndexByte(number, 'E') < 0 {
		return true
	}
	f, _ := strconv.ParseFloat(string(number), 64)
	return !math.IsInf(f, 0)
}
