package pages

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"source-intercom-ingest/spec"
)

// What a write schema becomes in the description, by its components. The collection is acme/in.
func TestSchemasBecomeComponents(t *testing.T) {
	for schema, want := range map[string]string{
		``:     `{"in":{"type":"object","additionalProperties":true}}`,
		`true`: `{"in":{"type":"object","additionalProperties":true}}`,
		`[1]`:  `{"in":{"type":"object","additionalProperties":true}}`,
		`{"type":["object","null"],"additionalProperties":false}`: `{"in":{"type":"object","additionalProperties":false}}`,
		`{"required":["_meta","a"],"properties":{"b":{"type":"object"},"c":{"type":["array","object"]},"d":{"minLength":1}}}`: `{"in":{"type":"object",
			"required":["a"],"additionalProperties":true,"properties":{"a":{},"b":{"type":"object","additionalProperties":true},
				"c":{"type":["array","object"],"additionalProperties":true},"d":{"minLength":1}}}}`,
		`{"required":["a"],"additionalProperties":{"type":"string"}}`: `{"in":{"type":"object","required":["a"],"additionalProperties":{"type":"string"},
			"properties":{"a":{"type":"string"}}}}`,
		`{"properties":{"a":{"properties":{}}},"unevaluatedProperties":false}`: `{"in":{"type":"object","properties":{"a":{"properties":{}}},"unevaluatedProperties":false}}`,
		`{"$defs":{"a":{"$ref":"#/$defs/b"},"b":true,"unused":{}},"properties":{"x":{"$ref":"#/$defs/a","title":"X"},"y":{"$ref":"#/$defs/b"}}}`: `{
			"in":{"type":"object","additionalProperties":true,"properties":{"x":{"title":"X","allOf":[{"$ref":"#/components/schemas/a"}]},"y":{"$ref":"#/components/schemas/b"}}},
			"a":{"$ref":"#/components/schemas/b"},"b":{}}`,
		`{"properties":{"x":{"$ref":"#/definitions/in"},"y":{"$ref":"#"},"z":{"$ref":"#/properties/_meta/properties/id"}},"definitions":{"in":{"type":"null"}},
			"$schema":"http://json-schema.org/draft-04/schema#","allOf":[{"properties":{"_meta":{"properties":{"id":{"type":"string"}}}}}]}`: `{
			"in":{"type":"object","additionalProperties":true,"allOf":[{"properties":{},"additionalProperties":true}],
				"properties":{"x":{"$ref":"#/components/schemas/in_2"},"y":{"$ref":"#/components/schemas/in"},"z":{}}},
			"in_2":{"type":"null"}}`,
		`{"properties":{"_meta":{"properties":{"id":{"type":"string"}}},"z":{"$ref":"#/properties/_meta/properties/id"}}}`: `{
			"in":{"type":"object","additionalProperties":true,"properties":{"z":{"$ref":"#/components/schemas/id"}}},"id":{"type":"string"}}`,
		`{"properties":{"a":{"type":"string","nullable":true},"b":{"type":["integer"],"nullable":true},"c":{"nullable":true},"d":{"type":["null","string"],"nullable":true},
			"e":{"type":"string","nullable":false},"nullable":{"const":{"nullable":true,"$ref":"#"}}}}`: `{
			"in":{"type":"object","additionalProperties":true,"properties":{"a":{"type":["string","null"]},"b":{"type":["integer","null"]},"c":{},"d":{"type":["null","string"]},
			"e":{"type":"string"},"nullable":{"const":{"nullable":true,"$ref":"#"}}}}}`,
		`{"properties":{"t":{"items":[{"type":"integer"},true],"additionalItems":false},"u":{"additionalItems":{"type":"string"}},"v":{"$ref":"#/properties/t/items/0"},
			"w":{"items":{"type":"null"},"additionalItems":false}}}`: `{
			"in":{"type":"object","additionalProperties":true,"properties":{"t":{"prefixItems":[{"type":"integer"},true],"items":false},"u":{"items":{"type":"string"}},
				"v":{"$ref":"#/components/schemas/0"},"w":{"items":{"type":"null"}}}},"0":{"type":"integer"}}`,
		`{"properties":{"a":{"secret":true,"reduce":{"strategy":"merge"},"x-own":1,"format":"date"}},"x-infer-schema":true,"$comment":"c"}`: `{
			"in":{"type":"object","additionalProperties":true,"x-infer-schema":true,"properties":{"a":{"x-own":1,"format":"date"}}}}`,
		`{"properties":{"a":{"$ref":"https://json-schema.org/draft/2019-09/schema"},"b":{"$dynamicRef":"#here"}},"$dynamicAnchor":"here"}`: `{
			"in":{"type":"object","additionalProperties":true,"properties":{"a":{},"b":{"$ref":"#/components/schemas/in"}}}}`,
	} {
		d := describer{schemas: object{}, taken: map[string]bool{}}
		if ref := d.document(Collection{Name: "acme/in", WriteSchema: []byte(schema)}); ref != "#/components/schemas/in" {
			t.Errorf("%s is %s", schema, ref)
		}
		text, err := json.Marshal(d.schemas)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decode([]byte(want)), decode(text)); diff != "" {
			t.Errorf("%s: %s", schema, diff)
		}
	}
}

// Names of parameters are such as every tool takes, and slashes at the end are shown where they count.
func TestPathsAreDescribed(t *testing.T) {
	s := newSite(t, `{}`, nil)
	for _, text := range []string{"/orders/", "/both", "/both/", "/v/{my id}/{my-id}/{*r}", "/f/{x}", "/f/{*r}", "/a%2Fb c"} {
		p, err := spec.ParsePath(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Hooks = append(s.Hooks, Hook{Path: p, Collections: []Collection{{Name: "in"}}})
	}
	var got []string
	for _, h := range s.Hooks {
		path, _ := s.described(h)
		got = append(got, path)
	}
	want := []string{"/orders", "/both", "/both/", "/v/{my_id}/{my-id}/{r}", "/f/{x}", "", "/a%2Fb%20c"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var document struct {
		Servers, Security []any
		Paths             map[string]struct {
			Post struct{ Parameters []struct{ In, Name string } }
		}
	}
	if err := json.Unmarshal(s.openAPI(false), &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Servers) != 1 || document.Security == nil || len(document.Security) != 0 || len(document.Paths) != 6 {
		t.Errorf("%+v", document)
	}
	if named := document.Paths["/v/{my_id}/{my-id}/{r}"].Post.Parameters; len(named) != 4 || named[0].Name != "my_id" || named[2].Name != "r" {
		t.Errorf("%+v", named)
	}
}
