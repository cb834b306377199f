package capture

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/schemas"
)

// What an element and a found value hold, while they are collected in slices that grow twofold.
const (
	elementBytes = 256
	foundBytes   = 64
)

// A found value is one that a want asked for; its kind is zero where the document lacks it.
type found struct {
	kind jsontext.Kind
	span
}

// A want asks a scan for values at locations of each document: it is a tree of member names, whose leaves number the
// values.
type want struct {
	members map[string]*want
	slot    int // of found, or -1
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
			}
			at = at.members[token]
		}
		at.slot = slot
	}
	return root
}

// member returns what is wanted of a member, or nil.
func (w *want) member(name []byte) *want {
	if w == nil {
		return nil
	}
	return w.members[string(name)]
}
