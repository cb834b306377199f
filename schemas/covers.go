package schemas

import "slices"

// A shape describes every value that the connector may write at a location, as far as a schema can ask.
type shape struct {
	text   string           // the string's format, or anyText
	always map[string]shape // members that an object always has
	never  bool             // an object has no other members
	others *shape           // what its other members are
	any    bool             // any value at all
}

const anyText = "any text"

var (
	text     = shape{text: anyText}
	dateTime = shape{text: "date-time"}
	texts    = shape{others: &text}
	anything = shape{any: true}
)

// written is the shape of the documents of a path with these parameters when the sender's own members hold no _meta.
// The runtime sets /_meta/uuid to a placeholder before it validates.
func written(pathParams []string) shape {
	meta := map[string]shape{
		WebhookID: text, ReceivedAt: dateTime, ReqPath: text, Headers: texts, "uuid": text,
	}
	if len(pathParams) > 0 {
		params := shape{always: map[string]shape{}, never: true}
		for _, name := range pathParams {
			params.always[name] = text
		}
		meta[PathParams] = params
	}
	return shape{
		always: map[string]shape{"_meta": {always: meta, others: &texts}}, // the one other member is query
		others: &anything,
	}
}

// assertions are the keywords that can refuse a value and that covers does not reason about.
var assertions = []string{
	"const", "enum", "not", "oneOf", "if", "then", "else", "$dynamicRef", "$recursiveRef",
	"minLength", "maxLength", "pattern", "contentSchema",
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "minItems", "maxItems", "uniqueItems",
	"minContains", "maxContains", "minProperties", "maxProperties", "patternProperties", "propertyNames",
	"unevaluatedProperties", "dependentRequired", "dependentSchemas", "dependencies",
}

// A coverage decides whether a schema accepts every value of a shape. It may say no where the answer is yes.
type coverage struct {
	ids   map[string]any // schemas of the root's $defs by their $id
	depth int
}

// covers tells whether the schema accepts every document of the shape, so that none needs to be decoded for it.
func covers(schema any, s shape) bool {
	c := coverage{ids: map[string]any{}}
	if root, ok := schema.(object); ok {
		defs, _ := root["$defs"].(object)
		for _, def := range defs {
			if def, ok := def.(object); ok {
				if id, ok := def["$id"].(string); ok {
					c.ids[id] = def
				}
			}
		}
	}
	return c.covers(schema, s)
}

func (c *coverage) covers(schema any, s shape) bool {
	c.depth++
	defer func() { c.depth-- }()
	sub, ok := schema.(object)
	if !ok {
		return schema == true
	}
	for _, keyword := range assertions {
		if _, ok := sub[keyword]; ok {
			return false
		}
	}
	return c.depth < 64 && c.type_(sub, s) && c.format(sub, s) && c.reference(sub, s) &&
		c.allOf(sub, s) && c.anyOf(sub, s) && c.members(sub, s)
}

func (c *coverage) type_(sub object, s shape) bool {
	want := "object"
	if s.text != "" {
		want = "string"
	}
	switch kind := sub["type"].(type) {
	case nil:
		return true
	case string:
		return !s.any && kind == want
	case []any:
		return !s.any && slices.Contains(kind, any(want))
	}
	return false
}

func (c *coverage) format(sub object, s shape) bool {
	format, ok := sub["format"]
	return !ok || s.text != "" && s.text == format || s.text == "" && !s.any
}

func (c *coverage) reference(sub object, s shape) bool {
	ref, ok := sub["$ref"].(string)
	return !ok || c.ids[ref] != nil && c.covers(c.ids[ref], s)
}

func (c *coverage) allOf(sub object, s shape) bool {
	all, _ := sub["allOf"].([]any)
	return !slices.ContainsFunc(all, func(sub any) bool { return !c.covers(sub, s) })
}

func (c *coverage) anyOf(sub object, s shape) bool {
	some, ok := sub["anyOf"].([]any)
	return !ok || slices.ContainsFunc(some, func(sub any) bool { return c.covers(sub, s) })
}

// members decides about required, properties and additionalProperties.
func (c *coverage) members(sub object, s shape) bool {
	required, _ := sub["required"].([]any)
	properties, _ := sub["properties"].(object)
	additional, hasAdditional := sub["additionalProperties"]
	if s.text != "" {
		return true // strings have no members
	}
	for _, name := range required {
		if name, _ := name.(string); s.any || !has(s.always, name) {
			return false
		}
	}
	for name, property := range properties {
		if member, ok := s.member(name); ok && !c.covers(property, member) {
			return false
		}
	}
	if !hasAdditional {
		return true
	}
	for name, member := range s.always {
		if _, listed := properties[name]; !listed && !c.covers(additional, member) {
			return false
		}
	}
	return s.never || s.others != nil && c.covers(additional, *s.others) || s.any && c.covers(additional, anything)
}

// member returns the shape of the values of one member, and whether there can be such a member.
func (s shape) member(name string) (shape, bool) {
	switch member, ok := s.always[name]; {
	case ok:
		return member, true
	case s.any:
		return anything, true
	case s.never || s.others == nil:
		return shape{}, false
	}
	return *s.others, true
}

func has(m map[string]shape, name string) bool {
	_, ok := m[name]
	return ok
}
