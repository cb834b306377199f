package scan

import (
	"regexp"
	"strconv"
	"strings"
)

// A Found value is one that a [Want] asked for; its kind is zero where the document lacks it.
type Found struct {
	kind
	Span
}

// A Want asks a scan for values at locations of each document: it is a tree of member names, whose leaves number the
// values.
type Want struct {
	members map[string]*Want
	lengths uint64        // of their names: bit n, modulo 64
	items   map[int]*Want // of the members whose names are indices too
	slot    int           // of found, or -1
}

// WantAt asks for the values at JSON pointers.
func WantAt(pointers ...string) *Want {
	root := &Want{slot: -1}
	for slot, pointer := range pointers {
		at := root
		for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
			token = unescape.Replace(token)
			if at.members == nil {
				at.members = map[string]*Want{}
			}
			if at.members[token] == nil {
				at.members[token] = &Want{slot: -1}
				at.lengths |= 1 << (len(token) % 64)
				at.index(token)
			}
			at = at.members[token]
		}
		at.slot = slot
	}
	return root
}

// unescape reads a token of a JSON pointer (RFC 6901).
var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// member returns what is wanted of a member, or nil.
func (w *Want) member(name []byte) *Want {
	if w == nil || w.lengths&(1<<(len(name)%64)) == 0 {
		return nil
	}
	return w.members[string(name)]
}

// index makes a member one for items of arrays too, if its name is an index.
func (w *Want) index(token string) {
	n, err := strconv.Atoi(token)
	if err != nil || strconv.Itoa(n) != token {
		return
	}
	if w.items == nil {
		w.items = map[int]*Want{}
	}
	w.items[n] = w.members[token]
}

// item returns what is wanted of an item of an array, or nil.
func (w *Want) item(index int) *Want {
	if w == nil {
		return nil
	}
	return w.items[index]
}

var isInteger = regexp.MustCompile(`^-?[0-9]+$`).Match

// Scalar returns what a string says, or the digits of an integer; nothing of any other value.
func (f Found) Scalar(text []byte) string {
	value := f.Of(text)
	switch {
	case f.kind == '"':
		return string(Unquoted(value))
	case f.kind == '0' && isInteger(value):
		return string(value)
	}
	return ""
}
