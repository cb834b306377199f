package poll

import (
	"errors"
	"slices"
	"strconv"

	"source-intercom-ingest/scan"
	"source-intercom-ingest/schemas"
)

// A lens finds values of objects.
type lens struct {
	pointers []string
	want     *scan.Want
}

func newLens(pointers ...string) lens {
	var l lens
	for _, p := range pointers {
		if p != "" && !slices.Contains(l.pointers, p) {
			l.pointers = append(l.pointers, p)
		}
	}
	l.want = scan.WantAt(l.pointers...)
	return l
}

// An object is one of the API's, as JSON text that the runtime accepts.
type object struct {
	text    []byte
	element *scan.Element
	lens    *lens
	scanner *scan.Scanner // nil for a part of another
}

var errNoObject = errors.New("it is not one JSON object")

// read reads one object. It must be released.
func (l *lens) read(text []byte) (object, error) {
	s, err := scan.Read(text, l.want, len(l.pointers), unbounded{})
	if err != nil {
		return object{}, err
	}
	if s.Several || len(s.Elements) != 1 {
		s.Release()
		return object{}, errNoObject
	}
	return object{s.Text(), &s.Elements[0], l, s}, nil
}

// Release ends the use of an object that was read.
func (o object) Release() { o.scanner.Release() }

// members are the names of what is looked for right in an object.
func (l *lens) members() (names []string) {
	for _, p := range l.pointers {
		names = append(names, schemas.Unescape(p[1:]))
	}
	return names
}

// at returns where the value at a pointer is; nothing where there is none.
func (o object) at(pointer string) scan.Span {
	if i := slices.Index(o.lens.pointers, pointer); i >= 0 {
		return o.element.Found[i].Span
	}
	return scan.Span{}
}

// value returns the text of a value, or nothing.
func (o object) value(pointer string) []byte { return o.at(pointer).Of(o.text) }

// scalar returns what a string says, or the digits of an integer.
func (o object) scalar(pointer string) string {
	if i := slices.Index(o.lens.pointers, pointer); i >= 0 {
		return o.element.Found[i].Scalar(o.text)
	}
	return ""
}

// seconds returns an integer.
func (o object) seconds(pointer string) (int64, bool) {
	n, err := strconv.ParseInt(string(o.value(pointer)), 10, 64)
	return n, err == nil
}

// all returns the object's text.
func (o object) all() []byte { return o.element.Of(o.text) }

// unbounded is memory for what is read: the share of the body bounds it.
type unbounded struct{}

func (unbounded) Take(int64) error                     { return nil }
func (unbounded) Give(int64)                           {}
func (unbounded) Drop([]byte)                          {}
func (unbounded) Grow(b []byte, n int) ([]byte, error) { return slices.Grow(b, n), nil }
