package template

import (
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Fixed tells what is wrong with the JSON that a template makes, of every document: it has the same form for all where no
// section, partial or raw value is in it. Of other templates it does not know. Its error is an [*Error].
func (t *Template) Fixed() error {
	if t.place != JSON || t.loose {
		return nil
	}
	r := renderer{place: t.place}
	var b []byte
	starts := make([]int, len(t.nodes))
	for i := range t.nodes {
		starts[i] = len(b)
		var err error
		if b, err = r.body(b, &body{nodes: t.nodes[i : i+1]}, t.place); err != nil {
			return nil // of an empty document; others may do
		}
	}
	offset, what := wrongJSON(b)
	if what == "" {
		return nil
	}
	at := 0
	for i, n := range t.nodes {
		if starts[i] <= offset {
			at = n.at
			if n.kind == 0 {
				at += offset - starts[i]
			}
		}
	}
	return &Error{Offset: at, Message: "what it renders is no JSON: " + what + "; mend it there"}
}

// wrongJSON says where a text stops being one value of JSON, and why; nothing if it is one.
func wrongJSON(text []byte) (offset int, what string) {
	v := jsontext.Value(text)
	err := v.Format(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))
	if err == nil {
		return 0, ""
	}
	what = err.Error()
	if syntactic := new(jsontext.SyntacticError); errors.As(err, &syntactic) {
		offset, what = int(syntactic.ByteOffset), syntactic.Err.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		offset, what = len(text), "it ends early"
	}
	return offset, what
}
