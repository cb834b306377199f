package template

import (
	"fmt"
	"strconv"

	"source-intercom-ingest/deliver/value"
)

// Data is what a template sees.
type Data struct {
	Document  *value.Value
	Variables []Variable // which win over the document's members
}

// A Variable is a value by a name of its own; nil where the document has none.
type Variable struct {
	Name  string
	Value *value.Value
}

// maxNested bounds templates that use themselves, where a document nests as deep.
const maxNested = 100

// A frame is a section that is open: its value and, in an array, which of how many it is.
type frame struct {
	value    *value.Value
	index, n int // n is 0 outside arrays
}

// A renderer is one rendering.
type renderer struct {
	data   Data
	place  Place
	frames []frame
	room   [8]frame
	nested int
}

// Append renders a template. Its error is an [*Error]: a function can not take a value, or a path has an empty part.
func (t *Template) Append(b []byte, data Data) ([]byte, error) {
	r := renderer{data: data, place: t.place}
	r.frames = r.room[:0]
	return r.body(b, &t.body, t.place)
}

func (r *renderer) body(b []byte, of *body, place Place) ([]byte, error) {
	var err error
	for i := range of.nodes {
		n := &of.nodes[i]
		switch n.kind {
		case 0:
			b = append(b, n.text...)
		case 'v', 'r':
			b, err = r.value(b, n, place)
		case '>':
			b, err = r.partial(b, n, place)
		case '#':
			b, err = r.section(b, n, place)
		case '^':
			v, err := r.resolve(n.value)
			if err != nil {
				return b, at(err, n)
			}
			if !v.Truthy() {
				if b, err = r.body(b, &n.body, place); err != nil {
					return b, err
				}
			}
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// at makes an error one of a place in the template.
func at(err error, n *node) error {
	if _, ok := err.(*Error); ok {
		return err
	}
	return &Error{Offset: n.at, Message: err.Error()}
}

func (r *renderer) value(b []byte, n *node, place Place) ([]byte, error) {
	start := len(b)
	if n.call != nil {
		text, err := r.called(n.call)
		if err != nil {
			return b, at(err, n)
		}
		return r.text(b, text, n.call.escapes, n, place)
	}
	v := r.find(n.value.path)
	if len(n.value.suffix) > 0 {
		text, escapes, err := applied(v, n.value.suffix)
		if err != nil {
			return b, at(err, n)
		}
		if escapes == asJSON && place == JSON {
			if n.inside && n.kind != 'r' {
				return appendInString(b, text), nil
			}
			return append(b, text...), nil
		}
		return r.text(b, text, escapes, n, place)
	}
	if n.kind == 'r' && place != Segment {
		return v.AppendText(b), nil
	}
	b = appendValue(b, v, place, n.inside)
	if place == Segment && len(b) == start {
		return b, &Error{Offset: n.at, Message: fmt.Sprintf("the document has nothing at %s, which a part of the path needs", n.text)}
	}
	return b, nil
}

// text escapes a function's result for its place, unless it did so itself.
func (r *renderer) text(b, text []byte, escapes escaping, n *node, place Place) ([]byte, error) {
	if place == Segment && len(text) == 0 {
		return b, &Error{Offset: n.at, Message: fmt.Sprintf("%s is empty, which a part of the path needs", n.token.text)}
	}
	if n.kind == 'r' && place != Segment || escapes.is(place, n.inside) {
		return append(b, text...), nil
	}
	return appendEscaped(b, text, place, n.inside), nil
}

func (r *renderer) partial(b []byte, n *node, place Place) ([]byte, error) {
	if r.nested >= maxNested {
		return b, &Error{Offset: n.at, Message: fmt.Sprintf("the template %s is used in itself more than %d times", n.text, maxNested)}
	}
	r.nested++
	defer func() { r.nested-- }()
	b, err := r.body(b, n.partial, place)
	if e, ok := err.(*Error); ok && e.Template == "" {
		e.Template = n.text
	}
	return b, err
}

func (r *renderer) section(b []byte, n *node, place Place) ([]byte, error) {
	if n.texts {
		inner, err := r.body(nil, &n.body, Text)
		if err != nil {
			return b, err
		}
		text, err := n.call.apply(inner)
		if err != nil {
			return b, at(err, n)
		}
		return r.text(b, text, n.call.escapes, n, place)
	}
	v, err := r.resolve(n.value)
	if err != nil {
		return b, at(err, n)
	}
	if !v.Truthy() {
		return b, nil
	}
	if !v.Is(value.Array) {
		return r.within(b, n, frame{value: v}, place)
	}
	items := v.Items()
	for i := range items {
		if b, err = r.within(b, n, frame{&items[i], i, len(items)}, place); err != nil {
			return b, err
		}
	}
	return b, nil
}

func (r *renderer) within(b []byte, n *node, f frame, place Place) ([]byte, error) {
	r.frames = append(r.frames, f)
	b, err := r.body(b, &n.body, place)
	r.frames = r.frames[:len(r.frames)-1]
	return b, err
}

// resolve is the value of a name, with the functions behind it.
func (r *renderer) resolve(l lookup) (*value.Value, error) {
	v := r.find(l.path)
	if len(l.suffix) == 0 {
		return v, nil
	}
	text, _, err := applied(v, l.suffix)
	return value.FromText(string(text)), err
}

// find looks a name up: its first part in the sections that are open, the innermost first, in the variables and in the
// document; the rest inside of that alone.
func (r *renderer) find(path value.Path) *value.Value {
	if len(path) == 0 {
		if len(r.frames) > 0 {
			return r.frames[len(r.frames)-1].value
		}
		return r.data.Document
	}
	for i := len(r.frames) - 1; i >= 0; i-- {
		f := &r.frames[i]
		if v := f.value; v.Is(value.Object) {
			if found := v.Member(path[0]); found != nil {
				return found.At(path[1:])
			}
		}
		if f.n > 0 {
			if found := r.iteration(f, path); found != nil {
				return found
			}
		}
	}
	for i := range r.data.Variables {
		if r.data.Variables[i].Name == path[0] {
			return r.data.Variables[i].Value.At(path[1:])
		}
	}
	return r.data.Document.Member(path[0]).At(path[1:])
}

var (
	yes, _ = value.Parse([]byte("true"))
	no, _  = value.Parse([]byte("false"))
)

func boolean(is bool) *value.Value {
	if is {
		return yes
	}
	return no
}

// iteration is what an array's section knows of itself: iter.index counts from 1.
func (r *renderer) iteration(f *frame, path value.Path) *value.Value {
	name := path[0]
	switch {
	case name == "iter" && len(path) == 2:
		name = path[1]
	case len(name) > len("iter") && name[:len("iter")] == "iter" && len(path) == 1:
		name = string(name[len("iter")]|0x20) + name[len("iter")+1:]
	default:
		return nil
	}
	switch name {
	case "index":
		v, _ := value.Parse(strconv.AppendInt(nil, int64(f.index+1), 10))
		return v
	case "hasNext":
		return boolean(f.index+1 < f.n)
	case "isFirst":
		return boolean(f.index == 0)
	case "isLast":
		return boolean(f.index+1 == f.n)
	}
	return nil
}
