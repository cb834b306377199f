package pages

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"source-intercom-ingest/schemas"
)

// A hoisting makes components of a collection's write schema: one of what is sent, and one of each schema in it that is
// referred to. Schemas of OpenAPI 3.1 are JSON Schema 2020-12; what the runtime reads beside that is put as it is there.
type hoisting struct {
	describer
	root   any               // what is sent
	whole  any               // what is captured, which may be referred to all the same
	names  map[string]string // of components, by the references that lead there
	counts bool              // which members are left over, so that no others may be said to be allowed
}

// document adds a collection's documents as senders send them, and returns a reference.
func (d describer) document(c Collection) string {
	whole, ok := local(decode(c.WriteSchema)).(object)
	if !ok {
		whole = object{} // any
	}
	root := dropMeta(whole).(object)
	kinds, _ := root["type"].([]any)
	if root["type"] == nil || slices.Contains(kinds, any("object")) {
		root["type"] = "object" // as all documents are
	}
	h := hoisting{d, root, whole, map[string]string{}, mentions(whole, "unevaluatedProperties")}
	return h.refer("#", c.Name[strings.LastIndexByte(c.Name, '/')+1:])
}

// mentions tells that a schema has a keyword, or that one in it has.
func mentions(schema any, keyword string) bool {
	sub, ok := schema.(object)
	if !ok {
		return false
	}
	_, found := sub[keyword]
	schemas.Below(sub, func(sub any, _ string) any {
		found = found || mentions(sub, keyword)
		return nil
	})
	return found
}

// refer returns a reference to the component of a schema, which it makes unless there is one; none to what is not there.
func (h hoisting) refer(ref, name string) string {
	const place = "#/components/schemas/"
	if component, ok := h.names[ref]; ok {
		return place + component
	}
	target := resolve(h.root, ref)
	if target == nil {
		target = resolve(h.whole, ref)
	}
	if target == nil {
		return ""
	}
	component := h.name(name)
	h.names[ref] = component // before what it is made of, which may refer to it
	if target == true {
		target = object{} // tools know that better
	}
	h.schemas[component] = h.convert(target)
	return place + component
}

// isKeyword tells those that OpenAPI 3.1 has. The runtime's own are annotations, and definitions are hoisted.
var isKeyword = func() map[string]bool {
	set := map[string]bool{}
	for keyword := range strings.FieldsSeq(`$ref allOf anyOf oneOf not if then else dependentSchemas dependentRequired properties patternProperties
		additionalProperties unevaluatedProperties propertyNames required minProperties maxProperties prefixItems items unevaluatedItems contains
		minContains maxContains minItems maxItems uniqueItems type const enum minLength maxLength pattern format minimum maximum exclusiveMinimum
		exclusiveMaximum multipleOf contentEncoding contentMediaType title description default examples deprecated readOnly writeOnly`) {
		set[keyword] = true
	}
	return set
}()

// convert returns a schema as OpenAPI has it.
func (h hoisting) convert(schema any) any {
	sub, ok := schema.(object)
	if !ok {
		return schema
	}
	sub = maps.Clone(sub)
	if tuple, ok := sub["items"].([]any); ok { // of draft 2019-09
		sub["prefixItems"] = tuple
		delete(sub, "items")
	}
	if rest, ok := sub["additionalItems"]; ok && sub["items"] == nil {
		sub["items"] = rest
	}
	if sub["nullable"] == true {
		sub["type"] = orNull(sub["type"])
	}
	maps.DeleteFunc(sub, func(keyword string, value any) bool {
		return !isKeyword[keyword] && !strings.HasPrefix(keyword, "x-") || value == nil && keyword != "const" && keyword != "default"
	})
	sub = schemas.Below(sub, func(sub any, _ string) any { return h.convert(sub) })
	if isOfObjects(sub) {
		h.explain(sub)
	}
	return h.pointed(sub)
}

// orNull returns the types with null; none at all hold null already.
func orNull(types any) any {
	switch types := types.(type) {
	case string:
		return []any{types, "null"}
	case []any:
		if !slices.Contains(types, any("null")) {
			return append(slices.Clone(types), "null")
		}
	}
	return types
}

// isOfObjects tells schemas of objects.
func isOfObjects(sub object) bool {
	types, several := sub["type"].([]any)
	switch {
	case several:
		return slices.Contains(types, any("object"))
	case sub["type"] != nil:
		return sub["type"] == "object"
	}
	return sub["properties"] != nil || sub["required"] != nil
}

// explain says what goes without saying in JSON Schema, for tools that think otherwise: other members may be there, unless it
// counts which are left over, and those that must be are like others unless more is said.
func (h hoisting) explain(sub object) {
	if sub["additionalProperties"] == nil && !h.counts {
		sub["additionalProperties"] = true
	}
	var others any = object{}
	switch rest := sub["additionalProperties"].(type) {
	case object:
		others = rest
	case bool:
		if !rest {
			others = object{"not": object{}}
		}
	}
	required, _ := sub["required"].([]any)
	known, _ := sub["properties"].(object)
	properties := object{}
	for _, name := range required {
		if name, ok := name.(string); ok && known[name] == nil {
			properties[name] = others
		}
	}
	if maps.Copy(properties, known); len(properties) > 0 {
		sub["properties"] = properties
	}
}

// pointed makes a reference lead to a component. What stands beside it is joined by allOf: some tools see the reference alone.
func (h hoisting) pointed(sub object) object {
	ref, ok := sub["$ref"].(string)
	if !ok {
		return sub
	}
	delete(sub, "$ref")
	place := h.refer(ref, nameOf(ref))
	switch {
	case place == "":
	case len(sub) == 0:
		sub["$ref"] = place
	default:
		all, _ := sub["allOf"].([]any)
		sub["allOf"] = append([]any{object{"$ref": place}}, all...)
	}
	return sub
}

// nameOf returns the last token of a reference.
func nameOf(ref string) string {
	token := ref[strings.LastIndexByte(ref, '/')+1:]
	if text, err := url.PathUnescape(token); err == nil {
		token = text
	}
	return schemas.Unescape(token)
}
