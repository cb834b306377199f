package pages

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"source-intercom-ingest/schemas"
	"source-intercom-ingest/spec"
)

type object = map[string]any

// maxDepth and maxSteps end the examples of schemas that refer to themselves.
const (
	maxDepth = 32
	maxSteps = 1_000
)

// body returns the example as JSON text.
func (h Hook) body(config spec.EndpointConfig) string { return string(encode(h.example(config))) }

// example makes a webhook that the path accepts: where it takes notifications, a whole one of a topic that its first binding
// names; else what the collection's schema requires. It has the collection's key. It knows the keywords of everyday schemas.
func (h Hook) example(config spec.EndpointConfig) any {
	if len(h.Collections) == 0 {
		return object{}
	}
	c := h.Collections[0]
	e := exampler{root: local(decode(c.WriteSchema)), steps: new(int)}
	value, ok := e.value(e.root, 0).(object)
	if !ok {
		value = object{}
	}
	delete(value, "_meta")
	if config.Notifies() || len(c.Topics) > 0 {
		notification := sampleOf(c.Topics, config.Workspaces)
		for name, member := range value {
			if _, ok := notification[name]; !ok {
				notification[name] = member
			}
		}
		if e.identify(notification, c); c.takes(notification, h.Path.Params()) {
			return notification
		}
		value["type"], value["topic"] = "notification_event", notification["topic"]
	}
	e.identify(value, c)
	if len(value) == 0 {
		value["hello"] = "world"
	}
	return value
}

// identify adds what identifies a document of the collection.
func (e exampler) identify(value object, c Collection) {
	for _, pointer := range append(slices.Clone(c.Key), c.IDFromBody) {
		if pointer != "" && !strings.HasPrefix(pointer, "/_meta") {
			e.complete(value, e.root, strings.Split(pointer[1:], "/"))
		}
	}
}

// decode reads JSON with its numbers as they are written; nil if it is none.
func decode(text []byte) any {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil
	}
	return value
}

// An exampler makes values that a schema accepts, if it can: patterns, conditions and negations it does not know. What
// it makes is shown to people, and validated like any webhook when they send it.
type exampler struct {
	root  any
	steps *int // so far
}

// complete sets a member that is missing, through objects that may be missing as well.
func (e exampler) complete(value object, schema any, tokens []string) {
	name := schemas.Unescape(tokens[0])
	properties, _ := e.flat(schema, 0)["properties"].(object)
	inner, isObject := value[name].(object)
	switch {
	case len(tokens) > 1:
		if !isObject {
			inner = object{}
			value[name] = inner
		}
		e.complete(inner, properties[name], tokens[1:])
	case value[name] == nil && properties[name] != nil:
		value[name] = e.value(properties[name], 0)
	case value[name] == nil:
		value[name] = "1"
	}
}

// value follows a schema; depth ends one that refers to itself.
func (e exampler) value(schema any, depth int) any {
	sub := e.flat(schema, depth)
	for _, keyword := range []string{"const", "default"} {
		if value, ok := sub[keyword]; ok {
			return value
		}
	}
	for _, keyword := range []string{"examples", "enum"} {
		if values, _ := sub[keyword].([]any); len(values) > 0 {
			return values[0]
		}
	}
	return e.typed(sub, depth)
}

// flat joins a schema with those that hold beside it: references, all of allOf, and the first of alternatives. What is
// required by any of them is, and of other keywords the first counts.
func (e exampler) flat(schema any, depth int) object {
	sub, ok := schema.(object)
	if *e.steps++; !ok || depth > maxDepth || *e.steps > maxSteps {
		return object{}
	}
	var parts []any
	if ref, ok := sub["$ref"].(string); ok {
		parts = append(parts, resolve(e.root, ref))
	}
	all, _ := sub["allOf"].([]any)
	parts = append(parts, all...)
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if some, _ := sub[keyword].([]any); len(some) > 0 {
			parts = append(parts, some[0])
		}
	}
	joined := maps.Clone(sub)
	for _, part := range parts {
		for name, value := range e.flat(part, depth+1) {
			joined[name] = join(name, joined[name], value)
		}
	}
	return joined
}

// join returns the value of a keyword that two schemas have which both hold.
func join(keyword string, a, b any) any {
	required, _ := a.([]any)
	properties, _ := a.(object)
	switch {
	case a == nil:
		return b
	case keyword == "required":
		more, _ := b.([]any)
		return append(slices.Clone(required), more...)
	case keyword == "properties":
		joined := maps.Clone(properties)
		more, _ := b.(object)
		for name, property := range more {
			if joined[name] != nil {
				property = object{"allOf": []any{joined[name], property}}
			}
			joined[name] = property
		}
		return joined
	}
	return a
}

// resolve finds a schema by a reference within its document; nil if it leads nowhere.
func resolve(root any, ref string) any {
	fragment, local := strings.CutPrefix(ref, "#")
	pointer, err := url.PathUnescape(fragment)
	if !local || err != nil {
		return nil
	}
	at := root
	for token := range strings.SplitSeq(pointer, "/") {
		if token == "" {
			continue // before the first slash
		}
		switch value := at.(type) {
		case object:
			at = value[schemas.Unescape(token)]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i >= len(value) {
				return nil
			}
			at = value[i]
		}
	}
	return at
}

// typed makes a value of the first type that a schema allows, other than null.
func (e exampler) typed(sub object, depth int) any {
	kinds, _ := sub["type"].([]any)
	if kind, ok := sub["type"].(string); ok {
		kinds = []any{kind}
	}
	kinds = slices.DeleteFunc(slices.Clone(kinds), func(kind any) bool { return kind == "null" })
	if len(kinds) == 0 {
		return e.object(sub, depth)
	}
	switch kinds[0] {
	case "string":
		return text(sub)
	case "integer", "number":
		return number(sub)
	case "boolean":
		return true
	case "array":
		return e.array(sub, depth)
	}
	return e.object(sub, depth)
}

// object has the required members alone.
func (e exampler) object(sub object, depth int) any {
	value := object{}
	properties, _ := sub["properties"].(object)
	required, _ := sub["required"].([]any)
	for _, name := range required {
		if name, ok := name.(string); ok {
			property, ok := properties[name]
			if !ok {
				property = object{"type": "string"}
			}
			value[name] = e.value(property, depth+1)
		}
	}
	return value
}

func (e exampler) array(sub object, depth int) any {
	least := integer(sub["minItems"])
	tuple, isTuple := sub["prefixItems"].([]any)
	rest := sub["items"]
	if !isTuple {
		if tuple, isTuple = rest.([]any); isTuple { // of draft 2019-09
			rest = sub["additionalItems"]
		}
	}
	items := []any{}
	for i := range least {
		schema := rest
		if i < len(tuple) {
			schema = tuple[i]
		}
		items = append(items, e.value(schema, depth+1))
	}
	return items
}

// formats of strings, by their names in JSON Schema.
var formats = map[string]string{
	"date-time": "2026-01-02T03:04:05Z", "date": "2026-01-02", "time": "03:04:05Z", "uuid": "018f3f6e-0000-7000-8000-000000000000",
	"email": "ada@example.com", "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
	"uri": "https://example.com/", "url": "https://example.com/", "integer": "1", "number": "1",
}

func text(sub object) string {
	format, _ := sub["format"].(string)
	value, ok := formats[format]
	if !ok {
		value = "text"
	}
	if most, limited := sub["maxLength"]; limited && integer(most) < len(value) {
		value = value[:integer(most)]
	}
	return value + strings.Repeat("x", max(0, integer(sub["minLength"])-len(value)))
}

func number(sub object) any {
	if least, ok := sub["minimum"]; ok {
		return least
	}
	if above, ok := sub["exclusiveMinimum"]; ok {
		return integer(above) + 1
	}
	if most, ok := sub["maximum"]; ok {
		return most
	}
	return 1
}

// integer reads a small number of a schema; 0 if it is none.
func integer(n any) int {
	const most = 1000
	number, _ := n.(json.Number)
	i, _ := number.Int64()
	return int(max(0, min(i, most)))
}
