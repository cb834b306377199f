package pages

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"source-intercom-ingest/schemas"
)

// An embedding makes the references of a collection's write schema lead to places in it: no schema has an id or an anchor
// then, which a browser would fetch. Recursive and dynamic references of drafts 2019-09 and 2020-12 become plain ones, since
// nothing extends the schemas here.
type embedding struct {
	places map[string]string // JSON pointers into the schema, by the URIs that lead there
}

// unnamed is the base of references in a schema without an id.
const unnamed = "flow://write-schema"

// local returns the schema with references such as #/$defs/name alone.
func local(schema any) any {
	e := embedding{places: map[string]string{unnamed: ""}}
	base, _ := url.Parse(unnamed)
	e.index(schema, "", base)
	return e.rewrite(schema, base)
}

// index notes where the schemas are that have names.
func (e embedding) index(schema any, place string, base *url.URL) {
	sub, ok := schema.(object)
	if !ok {
		return
	}
	if id, ok := sub["$id"].(string); ok {
		base = absolute(base, id)
		e.places[base.String()] = place
	}
	for _, keyword := range []string{"$anchor", "$dynamicAnchor"} {
		if name, ok := sub[keyword].(string); ok {
			e.places[base.String()+"#"+name] = place
		}
	}
	schemas.Below(sub, func(schema any, path string) any {
		e.index(schema, place+"/"+path, base)
		return nil
	})
}

// absolute returns what a reference means at a base.
func absolute(base *url.URL, ref string) *url.URL {
	u, err := base.Parse(ref)
	if err != nil {
		return base
	}
	return u
}

// rewrite returns a schema whose references lead to places.
func (e embedding) rewrite(schema any, base *url.URL) any {
	sub, ok := schema.(object)
	if !ok {
		return schema
	}
	if id, ok := sub["$id"].(string); ok {
		base = absolute(base, id)
	}
	changed := schemas.Below(sub, func(schema any, _ string) any { return e.rewrite(schema, base) })
	for _, keyword := range []string{"$recursiveRef", "$dynamicRef", "$ref"} {
		ref, ok := sub[keyword].(string)
		if !ok {
			continue
		}
		delete(changed, keyword)
		if place, ok := e.place(absolute(base, ref)); ok {
			changed["$ref"] = place
		}
	}
	for _, name := range []string{"$id", "$schema", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary"} {
		delete(changed, name)
	}
	return changed
}

// place returns a reference to where a URI leads; none for what the schema does not hold, such as a draft's own schema.
func (e embedding) place(target *url.URL) (string, bool) {
	fragment := target.Fragment
	whole := *target
	whole.Fragment, whole.RawFragment = "", ""
	path := ""
	if strings.HasPrefix(fragment, "/") {
		path, fragment = fragment, ""
	}
	name := whole.String()
	if fragment != "" {
		name += "#" + fragment
	}
	place, ok := e.places[name]
	return "#" + (&url.URL{Fragment: place + path}).EscapedFragment(), ok
}

// A metaless takes what the connector writes out of a schema of whole documents: senders do not send it. It follows
// what holds for the document itself.
type metaless struct {
	root any
	seen map[string]bool // references that are followed
}

// dropMeta returns a collection's schema for what is sent to it.
func dropMeta(schema any) any { return metaless{schema, map[string]bool{}}.drop(schema) }

func (m metaless) drop(schema any) any {
	sub, ok := schema.(object)
	if !ok {
		return schema
	}
	changed := make(object, len(sub))
	for name, value := range sub {
		changed[name] = m.keyword(name, value)
	}
	ref, _ := sub["$ref"].(string)
	if target := resolve(m.root, ref); target != nil && !m.seen[ref] {
		m.seen[ref] = true
		if own := m.drop(target); !reflect.DeepEqual(own, target) { // it says something of _meta
			delete(changed, "$ref")
			all, _ := changed["allOf"].([]any)
			changed["allOf"] = append([]any{own}, all...)
		}
	}
	return changed
}

// keyword returns the value of a keyword that holds for the document itself, without _meta.
func (m metaless) keyword(name string, value any) any {
	properties, isMap := value.(object)
	list, isList := value.([]any)
	switch {
	case name == "properties" && isMap:
		properties = maps.Clone(properties)
		delete(properties, "_meta")
		return properties
	case name == "required" && isList:
		return slices.DeleteFunc(slices.Clone(list), func(member any) bool { return member == "_meta" })
	case name == "allOf" || name == "anyOf" || name == "oneOf":
		kept := make([]any, len(list))
		for i, sub := range list {
			kept[i] = m.drop(sub)
		}
		return kept
	case name == "if" || name == "then" || name == "else":
		return m.drop(value)
	}
	return value
}
