package deliver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"source-intercom-ingest/form"
)

// A choice is a member that is one of several, by the name in its type, with the members of that one beside it.
type choice struct {
	Type string `json:"type"`
}

// chosen returns the name of what a member chooses, and its members. It may also be written as the name alone, or as an object
// of the name alone that holds the members. Otherwise is chosen where there is none.
func chosen(raw json.RawMessage, member, otherwise string, names ...string) (name string, members json.RawMessage, err error) {
	list := strings.Join(names, ", ")
	if isNull(raw) {
		if otherwise == "" {
			return "", nil, fmt.Errorf("%s is missing; choose one of %s", member, list)
		}
		return otherwise, json.RawMessage("{}"), nil
	}
	members = json.RawMessage("{}")
	var c choice
	var object map[string]json.RawMessage
	switch {
	case json.Unmarshal(raw, &name) == nil:
	case json.Unmarshal(raw, &object) != nil:
		return "", nil, fmt.Errorf("%s is no object; write one with type, one of %s", member, list)
	case object["type"] != nil:
		if err := form.Decode(raw, &c); err != nil {
			return "", nil, fmt.Errorf("%s.type is no text; choose one of %s", member, list)
		}
		name, members = c.Type, raw
	case len(object) == 1:
		for only, inside := range object {
			if name = only; !isNull(inside) {
				members = inside
			}
		}
	}
	if !slices.Contains(names, name) {
		return "", nil, fmt.Errorf("%s.type is %q; choose one of %s", member, name, list)
	}
	return name, members, nil
}

// normal is a configuration whose choices are written with type, as its form has them.
func normal(config json.RawMessage, choices map[string][]string) json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(config, &all) != nil {
		return config
	}
	for member, names := range choices {
		name, members, err := chosen(all[member], member, "", names...)
		if err != nil {
			continue // whoever reads it says so
		}
		inside := map[string]json.RawMessage{}
		if json.Unmarshal(members, &inside) != nil {
			continue
		}
		inside["type"], _ = json.Marshal(name)
		all[member], _ = json.Marshal(inside)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return config
	}
	return text
}

func isNull(raw json.RawMessage) bool {
	text := strings.TrimSpace(string(raw))
	return text == "" || text == "null"
}
