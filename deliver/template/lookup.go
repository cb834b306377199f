package template

import (
	"fmt"
	"strings"

	"source-intercom-ingest/deliver/value"
)

// A lookup is a dotted name, with the functions behind it.
type lookup struct {
	path   value.Path // none is the value at hand
	suffix []string   // such as toJson
}

// expression reads what a tag says: a name, or a function, what it is of, and options.
func (c *compiler) expression(t token) (lookup, *call, error) {
	words := fields(t.text)
	wrong := func(format string, args ...any) error {
		return &Error{Offset: t.at, Message: fmt.Sprintf(format, args...)}
	}
	if of, known := functions[words[0]]; known && (len(words) > 1 || t.kind == '#' || t.kind == '^') {
		made, err := of.call(words[0], words[1:])
		if err != nil {
			return lookup{}, nil, wrong("%v", err)
		}
		if (t.kind == '#' || t.kind == '^') == (made.of != nil) {
			return lookup{}, nil, wrong("%s is written as {{%s name}}, or as {{#%s}}text{{/%s}}", words[0], words[0], words[0], words[0])
		}
		return lookup{}, made, nil
	}
	if len(words) > 1 {
		return lookup{}, nil, wrong("there is no function %q; there are %s", words[0], functionNames)
	}
	found, err := nameOf(words[0])
	if err != nil {
		return lookup{}, nil, wrong("%v", err)
	}
	return found, nil, nil
}

// nameOf reads a dotted name.
func nameOf(text string) (lookup, error) {
	if text == "." {
		return lookup{}, nil
	}
	parts := strings.Split(strings.TrimPrefix(text, "."), ".")
	last := len(parts)
	for last > 0 && suffixes[parts[last-1]] && (last > 1 || text[0] == '.') {
		last--
	}
	for _, part := range parts {
		if part == "" {
			return lookup{}, fmt.Errorf("the name %q has a part without a name; write one such as data.item.id", text)
		}
	}
	return lookup{parts[:last], parts[last:]}, nil
}

// fields cuts what a tag says at its spaces, but for those in quotes.
func fields(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\t' || r == '\n' || r == '\r')
	})
}
