package schemas

import "slices"

// A shape describes every value that the connector may write at a location, as far as a schema can ask. The zero shape
// is that of any value.
type shape struct {
	kind   string           // "string", "integer" or "object"; empty for any
	format string           // that a string always has, or empty
	always map[string]shape // members that an object always has
	may    map[string]shape // members that it may have
	others *shape           // what its further members are; nil where there are none
}

var (
	anything = shape{}
	text     = shape{kind: "string"}
	dateTime = shape{kind: "string", format: "date-time"}
	integer  = shape{kind: "integer"}
	texts    = shape{kind: "object", others: &text}
)

// written is the shape of the documents of a path with these parameters when the sender's own members hold no _meta.
// The runtime sets /_meta/uuid to a placeholder before it validates.
func written(pathParams []string) shape {
	meta := shape{
		kind:   "object",
		always: map[string]shape{WebhookID: text, ReceivedAt: dateTime, ReqPath: text, Headers: texts, "uuid": text},
		may: map[string]shape{Query: texts, Event: {kind: "object", may: map[string]shape{
			"topic": text, "workspaceId": text, "objectType": text, "objectId": text, "operation": text,
			"relatedType": text, "relatedId": text, "mergedFrom": text,
			"occurredAt": dateTime, "attempt": integer,
		}}},
	}
	if len(pathParams) > 0 {
		params := shape{kind: "object", always: map[string]shape{}}
		for _, name := range pathParams {
			params.always[name] = text
		}
		meta.always[PathParams] = params
	}
	return shape{kind: "object", always: map[string]shape{"_meta": meta}, others: &anything}
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
	steps int // so far; those of a schema that refers to itself in alternatives are more than anyone can take
}

const (
	maxCoverageDepth = 64
	maxCoverageSteps = 10_000
)

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

// covers is the recursion over a schema. Keywords that are in none of its steps are annotations, as for the runtime.
func (c *coverage) covers(schema any, s shape) bool {
	c.depth++
	c.steps++
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
	return c.depth < maxCoverageDepth && c.steps < maxCoverageSteps && c.type_(sub, s) && c.format(sub, s) && c.reference(sub, s) &&
		c.allOf(sub, s) && c.anyOf(sub, s) && c.members(sub, s)
}

// type_ asks whether the kind is among those that a schema lists. Any value is of no kind that could be listed.
func (c *coverage) type_(sub object, s shape) bool {
	var kinds []any
	switch kind := sub["type"].(type) {
	case nil:
		return true
	case []any:
		kinds = kind
	default:
		kinds = []any{kind}
	}
	return slices.Contains(kinds, any(s.kind)) || s.kind == "integer" && slices.Contains(kinds, any("number"))
}

// format holds for strings alone: one that always has the format, or anything that is no string.
func (c *coverage) format(sub object, s shape) bool {
	format, ok := sub["format"]
	return !ok || format == s.format || s.kind == "object"
}

// reference follows those to bundled schemas. A pointer into the same schema is not looked up, so not covered.
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

// members decides about required, properties and additionalProperties, which mean objects only.
func (c *coverage) members(sub object, s shape) bool {
	if s.kind != "object" && s.kind != "" {
		return true
	}
	required, _ := sub["required"].([]any)
	for _, name := range required {
		if name, _ := name.(string); !has(s.always, name) {
			return false
		}
	}
	properties, _ := sub["properties"].(object)
	for name, property := range properties {
		if member, ok := s.member(name); ok && !c.covers(property, member) {
			return false
		}
	}
	additional, ok := sub["additionalProperties"]
	if !ok {
		return true
	}
	for _, members := range []map[string]shape{s.always, s.may} {
		for name, member := range members {
			if _, listed := properties[name]; !listed && !c.covers(additional, member) {
				return false
			}
		}
	}
	others, ok := s.member("")
	return !ok || c.covers(additional, others)
}

// member returns the shape of the values of one member, and whether there can be such a member.
func (s shape) member(name string) (shape, bool) {
	for _, members := range []map[string]shape{s.always, s.may} {
		if member, ok := members[name]; ok {
			return member, true
		}
	}
	switch {
	case s.kind == "":
		return anything, true
	case s.others == nil:
		return shape{}, false
	}
	return *s.others, true
}

func has(m map[string]shape, name string) bool {
	_, ok := m[name]
	return ok
}
