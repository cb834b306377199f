package schemas

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSchemasStandWhereKeywordsHoldThem(t *testing.T) {
	for text, want := range map[string][]string{
		`{"not":{},"if":{},"then":{},"else":{},"contains":{},"propertyNames":{},"contentSchema":{}}`:        {"contains", "contentSchema", "else", "if", "not", "propertyNames", "then"},
		`{"additionalProperties":{},"additionalItems":{},"unevaluatedItems":{},"unevaluatedProperties":{}}`: {"additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties"},
		`{"items":{},"allOf":[{},{}],"anyOf":[{}],"oneOf":[{}],"prefixItems":[{}]}`:                         {"allOf/0", "allOf/1", "anyOf/0", "items", "oneOf/0", "prefixItems/0"},
		`{"items":[{},{}]}`: {"items/0", "items/1"},
		`{"properties":{"a/b":{},"const":{},"":{}},"patternProperties":{"^x~":{}},"$defs":{"d":{}},"definitions":{"e":{}},"dependentSchemas":{"f":{}}}`:                                                 {"$defs/d", "definitions/e", "dependentSchemas/f", "patternProperties/^x~0", "properties/", "properties/a~1b", "properties/const"},
		`{"const":{"items":{}},"enum":[{"items":{}}],"default":{"not":{}},"examples":[{"not":{}}],"example":{},"dependentRequired":{"a":["b"]},"x-y":{"not":{}},"required":["not"],"other":{"not":{}}}`: nil,
	} {
		var schema object
		if err := json.Unmarshal([]byte(text), &schema); err != nil {
			t.Fatal(text, err)
		}
		var found []string
		copied := Below(schema, func(sub any, path string) any {
			found = append(found, path)
			return sub
		})
		slices.Sort(found)
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if diff := cmp.Diff(schema, copied); diff != "" {
			t.Errorf("%s is changed: %s", text, diff)
		}
	}
}

// What f returns stands in the copy alone.
func TestBelowCopies(t *testing.T) {
	schema := object{"properties": object{"a": true}, "allOf": []any{true}, "not": true}
	copied := Below(schema, func(any, string) any { return false })
	if diff := cmp.Diff(object{"properties": object{"a": false}, "allOf": []any{false}, "not": false}, copied); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(object{"properties": object{"a": true}, "allOf": []any{true}, "not": true}, schema); diff != "" {
		t.Error(diff)
	}
}
