package schemas

import (
	"encoding/json"
	"errors"
	"math/big"
	"slices"
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
func newKey(pointer string, schema any) key {
	k := key{pointer: pointer}
	if pointer != "" {
		for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
			k.tokens = append(k.tokens, unescape.Replace(token))
		}
	}
	k.hasDefault = defaultSearch{schema, map[seenReference]bool{}}.finds(schema, k.tokens)
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

// pointerTo writes a JSON pointer (RFC 6901).
func pointerTo(tokens []string) string {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteByte('/')
		b.WriteString(escape.Replace(token))
	}
	return b.String()
}

// A defaultSearch looks for a default at a location, through properties, allOf and references to bundled schemas.
type defaultSearch struct {
	root any
	seen map[seenReference]bool
}

// A seenReference was followed with so many tokens left of the location: again, it would lead to the same.
type seenReference struct {
	ref  string
	left int
}

func (d defaultSearch) finds(schema any, tokens []string) bool {
	sub, ok := schema.(object)
	if !ok {
		return false
	}
	if len(tokens) == 0 && sub["default"] != nil {
		return true
	}
	if len(tokens) > 0 {
		properties, _ := sub["properties"].(object)
		if d.finds(properties[tokens[0]], tokens[1:]) {
			return true
		}
	}
	all, _ := sub["allOf"].([]any)
	if ref, ok := sub["$ref"].(string); ok && !d.seen[seenReference{ref, len(tokens)}] {
		d.seen[seenReference{ref, len(tokens)}] = true
		all = append(slices.Clone(all), bundled(d.root, ref))
	}
	return slices.ContainsFunc(all, func(sub any) bool { return d.finds(sub, tokens) })
}

// bundled finds the schema of the root's $defs with this $id or this local pointer.
func bundled(root any, ref string) any {
	r, _ := root.(object)
	defs, _ := r["$defs"].(object)
	for name, def := range defs {
		if d, ok := def.(object); ok && (d["$id"] == ref || ref == "#/$defs/"+escape.Replace(name)) {
			return def
		}
	}
	return nil
}

// writtenAs tells that documents of the shape always have a string at the key's location.
func (k key) writtenAs(s shape) bool {
	for _, token := range k.tokens {
		if !has(s.always, token) {
			return false
		}
		s = s.always[token]
	}
	return s.kind == "string"
}

var (
	errNoKey  = errors.New("missing, but part of the collection's key")
	errBadKey = errors.New("part of the collection's key, but not a string, an integer or a boolean")
)

// check says why the runtime could not extract the key from a document, or nothing.
func (k key) check(value any) error {
	for _, token := range k.tokens {
		var ok bool
		switch v := value.(type) {
		case object:
			value, ok = v[token]
		case []any:
			i, err := strconv.Atoi(token)
			if ok = err == nil && i >= 0 && i < len(v); ok {
				value = v[i]
			}
		}
		if !ok {
			if k.hasDefault {
				return nil
			}
			return errNoKey
		}
	}
	switch v := value.(type) {
	case string, bool:
		return nil
	case json.Number:
		if n, ok := new(big.Rat).SetString(string(v)); ok && n.IsInt() {
			return nil
		}
	}
	return errBadKey
}
