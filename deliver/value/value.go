// Package value is one document of JSON, read once. Each value keeps its own bytes, so that numbers keep their digits, and
// objects the order of their members.
package value

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Kind is that of a value.
type Kind byte

// The kinds. A value that is not there is a nil *Value.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// A Value is one of a document. It aliases the text that it was read from. Its methods take nil for a value that is not there.
type Value struct {
	kind  Kind
	raw   []byte
	names []string // of an object's members
	items []Value  // of an array, or the members of an object
}

// Parse reads a whole text. Of members of one name the last counts.
func Parse(text []byte) (*Value, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	v := new(Value)
	err := v.read(dec, text)
	if err == nil {
		_, err = dec.ReadToken()
		if err == nil {
			err = fmt.Errorf("more follows the value at byte %d", dec.InputOffset())
		}
	} else if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != io.EOF {
		return nil, fmt.Errorf("the document is not JSON: %w", err)
	}
	return v, nil
}

// FromText makes a value that is a text.
func FromText(text string) *Value {
	raw, _ := jsontext.AppendQuote(nil, text) // what is no UTF-8 is replaced
	return &Value{kind: String, raw: raw}
}

var kinds = map[jsontext.Kind]Kind{'n': Null, 't': Bool, 'f': Bool, '0': Number, '"': String, '[': Array, '{': Object}

func (v *Value) read(dec *jsontext.Decoder, text []byte) error {
	v.kind = kinds[dec.PeekKind()]
	if v.kind != Array && v.kind != Object {
		raw, err := dec.ReadValue()
		end := int(dec.InputOffset())
		v.raw = text[end-len(raw) : end]
		return err
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	start := int(dec.InputOffset()) - 1
	for end := dec.PeekKind(); end != ']' && end != '}'; end = dec.PeekKind() {
		if v.kind == Object {
			name, err := dec.ReadToken()
			if err != nil {
				return err
			}
			v.names = append(v.names, name.String())
		}
		v.items = append(v.items, Value{})
		if err := v.items[len(v.items)-1].read(dec, text); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	v.raw = text[start:dec.InputOffset()]
	return nil
}

// Is tells that there is a value, of a kind.
func (v *Value) Is(kind Kind) bool { return v != nil && v.kind == kind }

// Raw is the value's JSON text as it was read: null for one that is not there.
func (v *Value) Raw() []byte {
	if v == nil {
		return []byte("null")
	}
	return v.raw
}

// Items are those of an array, or the values of an object's members.
func (v *Value) Items() []Value {
	if v == nil {
		return nil
	}
	return v.items
}

// Members are those of an object, in their order.
func (v *Value) Members() iter.Seq2[string, *Value] {
	return func(yield func(string, *Value) bool) {
		for i := range v.names {
			if !yield(v.names[i], &v.items[i]) {
				return
			}
		}
	}
}

// Member is an object's of a name, or an array's of an index; nil if there is none.
func (v *Value) Member(name string) *Value {
	switch {
	case v == nil:
	case v.kind == Object:
		for i := len(v.names) - 1; i >= 0; i-- {
			if v.names[i] == name {
				return &v.items[i]
			}
		}
	case v.kind == Array:
		i, err := strconv.Atoi(name)
		if err == nil && i >= 0 && i < len(v.items) && strconv.Itoa(i) == name {
			return &v.items[i]
		}
	}
	return nil
}

// A Path leads to a value: names of members and indices of items.
type Path []string

// PointerPath reads a JSON pointer (RFC 6901).
func PointerPath(pointer string) (Path, error) {
	if pointer == "" {
		return nil, nil
	}
	if pointer[0] != '/' {
		return nil, fmt.Errorf("%q is no JSON pointer; write one such as /data/item/id", pointer)
	}
	path := strings.Split(pointer[1:], "/")
	for i, token := range path {
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(token), "~") {
			return nil, fmt.Errorf("%q is no JSON pointer: a ~ in it is written ~0", pointer)
		}
		path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	}
	return path, nil
}

// At follows a path; nil if it leads nowhere.
func (v *Value) At(path Path) *Value {
	for _, name := range path {
		if v == nil {
			return nil
		}
		v = v.Member(name)
	}
	return v
}

// AppendText appends what a value says: a string's characters, a number's digits, the JSON text of an object or array, and
// nothing for null.
func (v *Value) AppendText(b []byte) []byte {
	switch {
	case v == nil || v.kind == Null:
	case v.kind == String:
		b, _ = jsontext.AppendUnquote(b, v.raw) // which was read
	default:
		b = append(b, v.raw...)
	}
	return b
}

// Text is what a value says, as [Value.AppendText] has it.
func (v *Value) Text() string { return string(v.AppendText(nil)) }

// Truthy tells whether a section of it is rendered: not where it is absent, null, false, an empty text or an empty array.
func (v *Value) Truthy() bool {
	switch {
	case v == nil || v.kind == Null:
		return false
	case v.kind == Bool:
		return v.raw[0] == 't'
	case v.kind == String:
		return len(v.raw) > len(`""`)
	case v.kind == Array:
		return len(v.items) > 0
	}
	return true
}

// Empty tells that a value is absent, null, or a text, array or object without anything in it.
func (v *Value) Empty() bool {
	switch {
	case v == nil:
		return true
	case v.kind == Bool || v.kind == Number:
		return false
	case v.kind == Object:
		return len(v.items) == 0
	}
	return !v.Truthy()
}
