package capture

import (
	"strconv"
	"strings"

	"source-intercom-ingest/schemas"
)

// A found value is one that a want asked for; its kind is zero where the document lacks it.
type found struct {
	kind
	span
}

// A want asks a scan for values at locations of each document: it is a tree of member names, whose leaves number the
// values.
type want struct {
	members map[string]*want
	lengths uint64        // of their names: bit n, modulo 64
	items   map[int]*want // of the members whose names are indices too
	slot    int           // of found, or -1
}

// wantAt asks for the values at JSON pointers.
func wantAt(pointers ...string) *want {
	root := &want{slot: -1}
	for slot, pointer := range pointers {
		at := root
		for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
			token = schemas.Unescape(token)
			if at.members == nil {
				at.members = map[string]*want{}
			}
			if at.members[token] == nil {
				at.members[token] = &want{slot: -1}
				at.lengths |= 1 << (len(token) % 64)
				at.index(token)
			}
			at = at.members[token]
		}
		at.slot = slot
	}
	return root
}

// member returns what is wanted of a member, or nil.
func (w *want) member(name []byte) *want {
	if w == nil || w.lengths&(1<<(len(name)%64)) == 0 {
		return nil
	}
	return w.members[string(name)]
}

// index makes a member one for items of arrays too, if its name is an index.
func (w *want) index(token string) {
	n, err := strconv.Atoi(token)
	if err != nil || strconv.Itoa(n) != token {
		return
	}
	if w.items == nil {
		w.items = map[int]*want{}
	}
	w.items[n] = w.members[token]
}

// item returns what is wanted of an item of an array, or nil.
func (w *want) item(index int) *want {
	if w == nil {
		return nil
	}
	return w.items[index]
}
