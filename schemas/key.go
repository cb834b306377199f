package schemas

import (
	"errors"
	"strconv"
	"strings"
)

// A key is one location of a collection's key: the runtime takes a string, an integer or a boolean from there.
type key struct {
	pointer    string
	tokens     []string
	hasDefault bool // the schema has a default for documents that lack it
}

// newKey splits a JSON pointer, and looks for a default in the schema.
func newKey(pointer string, s *schema) key {
	k := key{pointer: pointer}
	if pointer != "" {
		for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
			k.tokens = append(k.tokens, unescape.Replace(token))
		}
	}
	k.hasDefault = defaultSearch{}.finds(s, k.tokens)
	return k
}

var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// Escape returns the token of a JSON pointer that stands for a member name (RFC 6901).
func Escape(name string) string { return escape.Replace(name) }

// Unescape returns the member name that a token of a JSON pointer stands for (RFC 6901).
func Unescape(token string) string { return unescape.Replace(token) }

// A defaultSearch looks for a default at a location, through properties, allOf and references. It holds where it was, with so
// many tokens left of the location: again, that would lead to the same.
type defaultSearch map[searched]bool

type searched struct {
	schema *schema
	left   int
}

func (d defaultSearch) finds(s *schema, tokens []string) bool {
	at := searched{s, len(tokens)}
	if s == nil || d[at] {
		return false
	}
	d[at] = true
	if len(tokens) == 0 && s.fallback {
		return true
	}
	if len(tokens) > 0 && s.object != nil && d.finds(s.object.members[tokens[0]].schema, tokens[1:]) {
		return true
	}
	for _, a := range s.applied {
		if (a.via == viaAll || a.via == viaReference) && d.finds(a.schema, tokens) {
			return true
		}
	}
	return false
}

// writtenAs tells that documents of the shape always have a string at the key's location.
func (k key) writtenAs(s shape) bool {
	for _, token := range k.tokens {
		if !has(s.always, token) {
			return false
		}
		s = s.always[token]
	}
	return s.kind == strings_
}

var (
	errNoKey  = errors.New("missing, but part of the collection's key")
	errBadKey = errors.New("part of the collection's key, but not a string, an integer or a boolean")
)

// check says why the runtime could not extract the key from a document, or nothing.
func (k key) check(r reader) error {
	r.at = 0
	for _, token := range k.tokens {
		if !r.enter(token) {
			if k.hasDefault {
				return nil
			}
			return errNoKey
		}
	}
	switch c := r.next(); c {
	case '"', 't', 'f':
		return nil
	case '{', '[', 'n':
		return errBadKey
	}
	if numberOf(r.number()).whole() {
		return nil
	}
	return errBadKey
}

// enter goes to the member or item of the value that is next which a token of a JSON pointer names, if there is one.
func (r *reader) enter(token string) bool {
	switch r.next() {
	case '{':
		for o := r.open(); r.member(&o); r.skip(r.text[r.at]) {
			if o.name == token {
				return true
			}
		}
	case '[':
		wanted, err := strconv.Atoi(token)
		n := 0
		for r.at++; err == nil && r.element(); n++ {
			if n == wanted {
				return true
			}
			r.skip(r.text[r.at])
		}
	default: // it holds nothing
	}
	return false
}
