// Package form holds a configuration to the JSON Schema of its form: which members does the form not know? Flow takes
// these without a word, and a member that is misspelt is one that is not there.
package form

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// A Member is one that a form does not know.
type Member struct {
	Path    string // such as signatureConfig.clientsecret
	Nearest string // the name that was meant, as far as one is alike; else empty
}

// String says what is wrong, and the cure.
func (m Member) String() string {
	if m.Nearest == "" {
		return fmt.Sprintf("%s is not known; remove it", m.Path)
	}
	return fmt.Sprintf("%s is not known; did you mean %s?", m.Path, m.Nearest)
}

// alsoTaken are members that no form shows: those of sops and of Flow's own, and the older spelling of one.
var alsoTaken = []string{"sops", "_meta", "require_auth_token"}

// Unknown returns the members of a JSON value that its schema does not know, by path. Objects whose schema has no
// properties may have any.
func Unknown(schema, value []byte) ([]Member, error) {
	var rules map[string]any
	var given any
	if err := json.Unmarshal(schema, &rules); err != nil {
		return nil, fmt.Errorf("the form's schema: %w", err)
	}
	if len(value) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(value, &given); err != nil {
		return nil, err
	}
	return unknown(nil, rules, given, ""), nil
}

func unknown(to []Member, rules map[string]any, given any, path string) []Member {
	switch given := given.(type) {
	case []any:
		items, _ := rules["items"].(map[string]any)
		for i, item := range given {
			to = unknown(to, items, item, fmt.Sprintf("%s[%d]", path, i))
		}
	case map[string]any:
		known := properties(rules, given)
		rest, open := rules["additionalProperties"].(map[string]any)
		if len(known) == 0 && !open {
			return to
		}
		for _, name := range slices.Sorted(maps.Keys(given)) {
			at := strings.TrimPrefix(path+"."+name, ".")
			switch of, ok := known[name].(map[string]any); {
			case ok:
				to = unknown(to, of, given[name], at)
			case open:
				to = unknown(to, rest, given[name], at)
			case known[name] == nil && !slices.Contains(alsoTaken, name):
				to = append(to, Member{at, nearest(name, known)})
			}
		}
	}
	return to
}

// properties returns those of an object's schema. Of alternatives they are those of the one that the object chooses by the
// value of a member, or of all if it chooses none.
func properties(rules, given map[string]any) map[string]any {
	known := maps.Clone(asObject(rules["properties"]))
	if known == nil {
		known = map[string]any{}
	}
	arms, _ := rules["oneOf"].([]any)
	for _, arm := range arms {
		if of := asObject(asObject(arm)["properties"]); chosen(of, given) {
			return merged(known, of)
		}
	}
	for _, arm := range arms {
		known = merged(known, asObject(asObject(arm)["properties"]))
	}
	return known
}

// chosen tells that the object has the constant value of one of these properties.
func chosen(of, given map[string]any) bool {
	for name, rules := range of {
		if constant, ok := asObject(rules)["const"]; ok && constant == given[name] {
			return true
		}
	}
	return false
}

func merged(into, from map[string]any) map[string]any {
	maps.Copy(into, from)
	return into
}

func asObject(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

// nearest returns the known name that is most alike: one that differs in case, or in at most a third of its letters.
func nearest(name string, known map[string]any) (best string) {
	least := 0
	for _, other := range slices.Sorted(maps.Keys(known)) {
		distance := levenshtein.ComputeDistance(plain(name), plain(other))
		if 3*distance <= len(other) && (best == "" || distance < least) {
			best, least = other, distance
		}
	}
	return best
}

// plain is a name without what people mistake most.
func plain(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}
