package capture

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
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
