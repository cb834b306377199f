package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"source-intercom-ingest/form"
)

// A library reads the files of a catalog, each once.
type library map[string]any

// at returns the value at a location of a file: the file's name, and behind a # a JSON pointer into it.
func (l library) at(file, pointer string) (any, error) {
	value, ok := l[file]
	if !ok {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if value, err = form.FromYAML(text); err != nil {
			return nil, fmt.Errorf("parsing %s: %w", file, err)
		}
		l[file] = value
	}
	return pointed(value, pointer)
}

var errNowhere = errors.New("there is nothing at that location")

// pointed returns the value at a JSON pointer (RFC 6901).
func pointed(value any, pointer string) (any, error) {
	if pointer == "" {
		return value, nil
	}
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch in := value.(type) {
		case map[string]any:
			member, ok := in[token]
			if !ok {
				return nil, errNowhere
			}
			value = member
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(in) {
				return nil, errNowhere
			}
			value = in[i]
		default:
			return nil, errNowhere
		}
	}
	return value, nil
}

// A bundle makes one schema of those that it refers to: each file's, or location's of one, is among $defs under an $id of its
// own, and references name these.
type bundle struct {
	library
	defs map[string]any
}

// bundled returns the schema of a place, whole.
func (l library) bundled(schema any, in place) (any, error) {
	root, ok := schema.(map[string]any)
	if !ok {
		return schema, nil // true, false, or nothing at all
	}
	b := bundle{l, map[string]any{}}
	made, err := b.rewrite(root, in)
	if err != nil || len(b.defs) == 0 {
		return made, err
	}
	whole := made.(map[string]any)
	defs, _ := whole["$defs"].(map[string]any)
	if defs == nil {
		defs = map[string]any{}
	}
	for id, def := range b.defs {
		defs[id] = def
	}
	whole["$defs"] = defs
	return whole, nil
}

// asText are keywords whose values are no schemas.
var asText = map[string]bool{"const": true, "enum": true, "default": true, "examples": true, "example": true}

// rewrite returns a value of a schema with its references rewritten: those to files, and in a file those to its own parts.
func (b bundle) rewrite(value any, in place) (any, error) {
	switch value := value.(type) {
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			var err error
			if items[i], err = b.rewrite(item, in); err != nil {
				return nil, err
			}
		}
		return items, nil
	case map[string]any:
		members := make(map[string]any, len(value))
		for name, member := range value {
			var err error
			switch text, isText := member.(string); {
			case asText[name]:
				members[name] = member
			case isText && (name == "$ref" || name == "$dynamicRef"):
				members[name], err = b.reference(text, in)
			default:
				members[name], err = b.rewrite(member, in)
			}
			if err != nil {
				return nil, err
			}
		}
		return members, nil
	}
	return value, nil
}

// reference returns the URI that stands for one: of a definition of this bundle, or the reference as it is where it is
// not to a file.
func (b bundle) reference(text string, in place) (string, error) {
	file := in.file
	ref, err := url.Parse(text)
	if err != nil {
		return "", fmt.Errorf("$ref %q: %w", text, err)
	}
	switch {
	case ref.Scheme == "file":
		file = filepath.FromSlash(ref.Path)
	case ref.Scheme != "" || ref.Host != "" || ref.Path == "" && file == "":
		return text, nil
	case ref.Path != "" && filepath.IsAbs(ref.Path):
		file = ref.Path
	case ref.Path != "":
		file = filepath.Join(in.dir, filepath.FromSlash(ref.Path))
	}
	if file, err = filepath.Abs(file); err != nil {
		return "", err
	}
	pointer, anchor := ref.Fragment, ""
	if pointer != "" && pointer[0] != '/' {
		pointer, anchor = "", "#"+ref.Fragment
	}
	id := (&url.URL{Scheme: "file", Path: filepath.ToSlash(file), RawQuery: url.Values{"ptr": {pointer}}.Encode()}).String()
	if _, ok := b.defs[id]; !ok {
		b.defs[id] = true // it may refer to itself
		found, err := b.at(file, pointer)
		if err != nil {
			return "", fmt.Errorf("$ref %q: %w", text, err)
		}
		def, err := b.rewrite(found, place{filepath.Dir(file), file})
		if err != nil {
			return "", err
		}
		if members, ok := def.(map[string]any); ok {
			members["$id"] = id
			b.defs[id] = members
		} else {
			b.defs[id] = map[string]any{"$id": id, "allOf": []any{def}}
		}
	}
	return id + anchor, nil
}

// asJSON returns a value as JSON text; none if there is no value.
func asJSON(value any) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	return json.Marshal(value)
}
