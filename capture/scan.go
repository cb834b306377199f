package capture

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds nested arrays and objects. The runtime's parser refuses the 128th that is open.
const maxDepth = 100

// A span is a part of a body: the bytes from start up to end.
type span struct{ start, end int }

func (s span) of(body []byte) []byte { return body[s.start:s.end] }

// An element is one document of a body: a JSON object, and its member _meta if the sender wrote one.
type element struct {
	span
	meta     span // _meta's value; empty where there is none
	metaName int  // where _meta's name starts
	previous int  // where the member before _meta ends, or the opening brace
	next     int  // where the name of the member behind _meta starts; 0 if it is the last
	found    []found
}

// withoutMeta returns the two parts of the object's members that remain when _meta is taken out.
func (e element) withoutMeta() (before, after span) {
	before, after = span{e.start + 1, e.end - 1}, span{e.end - 1, e.end - 1}
	switch {
	case e.meta.end == 0:
	case e.next > 0:
		before.end, after.start = e.metaName, e.next
	default:
		before.end, after.start = e.previous, e.meta.end
	}
	return before, after
}

// A scanner reads a body once, token by token, and refuses what the runtime would refuse.
type scanner struct {
	dec  *jsontext.Decoder
	body []byte
	// Where duplicate names are resolved instead of refused, cuts are the members that a later one replaces.
	resolve bool
	cuts    []span
	found   []found // in the document that is being read
	held    *reservation
}

// Of an object with very many members, the decoder keeps a table of names, and a resolution where each member is.
const (
	memberBytes = 128
	memberBatch = 1024 // members between two reservations; fewer are too little to count
)

// maxPooledBody is the largest body whose scanner is used again. Another's tables would be kept for nothing.
const maxPooledBody = 1 << 20

// scanners hold decoders, whose stacks and name tables are costly to make anew.
var scanners = sync.Pool{New: func() any { return &scanner{dec: jsontext.NewDecoder(new(bytes.Buffer))} }}

// scan returns the documents of a body, an object or an array of objects, and whether it is an array. Each comes with
// so many values that are wanted of it, for which the memory is held. Of duplicate
// names the last is kept: the body that is returned has no others, and is the one that the spans are of.
func scan(body []byte, w *want, values int, held *reservation) (scanned []byte, elements []element, array bool, err error) {
	elements, array, err = scanOnce(body, w, values, held)
	if errors.Is(err, jsontext.ErrDuplicateName) {
		if body, err = resolveDuplicates(body, held); err == nil {
			elements, array, err = scanOnce(body, w, values, held)
		}
	}
	return body, elements, array, refusalOfJSON(err, body)
}

// scanOnce fails with [jsontext.ErrDuplicateName] at the first duplicate. That is rare, so finding it costs no more than
// the names that the decoder keeps anyway.
func scanOnce(body []byte, w *want, values int, held *reservation) (elements []element, array bool, err error) {
	err = withScanner(body, false, held, func(s *scanner) error {
		levels := 1
		one := func() error {
			if err := held.take(elementBytes + foundBytes*int64(values)); err != nil {
				return err
			}
			e, err := s.document(levels, w, values)
			elements = append(elements, e)
			return err
		}
		if array = s.dec.PeekKind() == jsontext.KindBeginArray; !array {
			return one()
		}
		levels = 2
		_, err := s.array(1, one)
		return err
	})
	return elements, array, err
}

// withScanner runs read, which must read one value, and makes sure that nothing follows it.
func withScanner(body []byte, resolve bool, held *reservation, read func(*scanner) error) error {
	s := scanners.Get().(*scanner)
	if len(body) <= maxPooledBody {
		defer scanners.Put(s)
	}
	s.dec.Reset(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(resolve))
	s.body, s.resolve, s.cuts, s.held = body, resolve, nil, held
	defer func() { s.body, s.held = nil, nil; s.dec.Reset(new(bytes.Buffer)) }() // keep no body alive
	if err := read(s); err != nil {
		return err
	}
	end := int(s.dec.InputOffset())
	if _, err := s.dec.ReadToken(); err != io.EOF {
		rest := bytes.TrimLeft(body[end:], " \t\r\n")
		return badBody(int64(len(body)-len(rest)), "more follows the JSON value")
	}
	return nil
}

// document reads an object and finds its member _meta. levels are those open once it is.
func (s *scanner) document(levels int, w *want, values int) (element, error) {
	kind := s.dec.PeekKind()
	if kind != jsontext.KindBeginObject {
		at, err := s.value(levels-1, nil)
		if err != nil {
			return element{}, err
		}
		return element{}, badBody(int64(at.start), "%s where an object is expected", kindName(kind))
	}
	var e element
	var metaKind jsontext.Kind
	if s.found = nil; values > 0 {
		s.found = make([]found, values)
	}
	at, err := s.object(levels, w, func(name []byte, start int, kind jsontext.Kind, value span) error {
		if e.meta.end > 0 && e.next == 0 {
			e.next = start
		}
		if string(name) == "_meta" {
			e.meta, e.metaName, metaKind = value, start, kind
		}
		if e.meta.end == 0 {
			e.previous = value.end
		}
		return nil
	})
	if err == nil && e.meta.end > 0 && metaKind != jsontext.KindBeginObject { // now that no later _meta replaces it
		err = badBody(int64(e.meta.start), "_meta is %s; it must be an object, or left out", kindName(metaKind))
	}
	e.span, e.found = at, s.found
	e.previous = max(e.previous, at.start+1)
	return e, err
}

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

// refusalOfJSON says where a body is not the JSON that it must be.
func refusalOfJSON(err error, body []byte) error {
	var syntax *jsontext.SyntacticError
	var r *refusal
	switch {
	case err == nil, errors.As(err, &r), errors.Is(err, errNoRoom):
		return err
	case len(bytes.TrimSpace(body)) == 0:
		r = badBody(0, "the body is empty; send a JSON object, or an array of objects")
	case errors.As(err, &syntax):
		r = badBody(syntax.ByteOffset, "the body is not JSON: %v", syntax.Err)
	default:
		r = badBody(int64(len(body)), "the body is not JSON: it ends early")
	}
	const excerpt = 256 // enough to recognize a form, a page or another format
	r.notJSON = bytes.Clone(body[:min(len(body), excerpt)])
	return r
}

// kindName names a kind of JSON value with its article.
func kindName(kind jsontext.Kind) string {
	switch kind {
	case jsontext.KindNull, jsontext.KindTrue, jsontext.KindFalse:
		return kind.String()
	case jsontext.KindBeginArray:
		return "an array"
	case jsontext.KindBeginObject:
		return "an object"
	}
	return "a " + kind.String()
}
