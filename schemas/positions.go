package schemas

import (
	"maps"
	"slices"
	"strconv"
)

// A position tells where schemas stand in the value of a keyword.
type position uint8

const (
	none   position = iota // the value holds no schema
	one                    // the value is a schema
	list                   // an array of schemas
	named                  // an object of schemas
	either                 // a schema, or an array of them
	marked                 // a schema, which nothing asserts
)

// Below calls f with each schema right below one, and with its path from there as a JSON pointer without its first
// slash, by keyword and name. It returns a copy that holds what f returns. What else a schema holds is no schema, even
// where it looks like one: values of const, enum, default and examples, and names of properties.
func Below(schema map[string]any, f func(sub any, path string) any) map[string]any {
	copied := maps.Clone(schema)
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		copied[keyword] = keywords[keyword].position.below(schema[keyword], func(sub any, name string) any {
			if name == "" {
				return f(sub, keyword)
			}
			return f(sub, keyword+"/"+Escape(name[1:]))
		})
	}
	return copied
}

// below calls f with the schemas in the value of a keyword, and with a slash and the index or name where the keyword
// holds several. It returns the value with what f returns.
func (p position) below(value any, f func(sub any, name string) any) any {
	items, isList := value.([]any)
	members, isNamed := value.(object)
	switch {
	case (p == list || p == either) && isList:
		copied := make([]any, len(items))
		for i, item := range items {
			copied[i] = f(item, "/"+strconv.Itoa(i))
		}
		return copied
	case p == named && isNamed:
		copied := make(object, len(members))
		for _, name := range slices.Sorted(maps.Keys(members)) {
			copied[name] = f(members[name], "/"+name)
		}
		return copied
	case p == one, p == marked, p == either:
		return f(value, "")
	}
	return value
}
