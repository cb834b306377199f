package schemas

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawSchema makes one of everyday keywords, and now and then of others.
func drawSchema(t *rapid.T, depth int) any {
	if depth == 0 || rapid.IntRange(0, 9).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom([]any{true, false, object{}, object{"type": "string"}, object{"$ref": "#/$defs/d"}}).Draw(t, "schema")
	}
	schema := object{}
	sub := func() any { return drawSchema(t, depth-1) }
	some := func(from []string, most int) []string {
		return slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom(from), 0, most).Draw(t, "some"))))
	}
	keywords := []string{"type", "types", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "enum", "const",
		"minLength", "maxLength", "pattern", "format", "minimum", "maximum", "allOf", "anyOf", "$ref", "oneOf", "not", "uniqueItems", "minProperties"}
	for _, keyword := range some(keywords, 4) {
		switch keyword {
		case "type":
			schema["type"] = rapid.SampledFrom(kindNames).Draw(t, "type")
		case "types":
			if kinds := some(kindNames, 4); len(kinds) > 0 {
				schema["type"] = kinds
			}
		case "properties":
			properties := object{}
			for _, name := range some(memberNames, 3) {
				properties[name] = sub()
			}
			schema[keyword] = properties
		case "required":
			schema[keyword] = some(memberNames, 3)
		case "enum":
			schema[keyword] = rapid.SliceOfN(rapid.SampledFrom(scalars), 1, 3).Draw(t, "enum")
		case "const":
			schema[keyword] = rapid.SampledFrom(scalars).Draw(t, "const")
		case "minItems", "minLength", "minProperties":
			schema[keyword] = rapid.IntRange(0, 2).Draw(t, keyword)
		case "maxItems", "maxLength":
			schema[keyword] = rapid.IntRange(0, 3).Draw(t, keyword)
		case "minimum", "maximum":
			schema[keyword] = rapid.SampledFrom([]json.Number{"0", "-3", "5", "1.5", "12345678901234567", "123456789012345"}).Draw(t, keyword)
		case "pattern":
			schema[keyword] = rapid.SampledFrom([]string{"^a", "b$", "é", `\d`}).Draw(t, keyword)
		case "format":
			schema[keyword] = rapid.SampledFrom([]string{"integer", "date", "uuid", "regex", "unknown"}).Draw(t, keyword)
		case "allOf", "anyOf", "oneOf":
			schema[keyword] = []any{sub(), sub()}
		case "uniqueItems":
			schema[keyword] = true
		case "$ref":
			schema[keyword] = "#/$defs/d"
		default:
			schema[keyword] = sub()
		}
	}
	return schema
}

var (
	kindNames   = []string{"null", "boolean", "integer", "number", "string", "array", "object"}
	memberNames = []string{"a", "b", "é", `q"`, "_meta", "uuid"}
	scalars     = []any{nil, true, false, "", "a", "é", "a b", `q"\`, 5, 5.0, -3, 1.5}
)

// drawValue makes JSON text, written in all the ways that there are.
func drawValue(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", "", "", " ", "\n\t"}).Draw(t, "space")
	kind := rapid.IntRange(0, 7).Draw(t, "kind")
	if depth == 0 {
		kind = rapid.IntRange(0, 4).Draw(t, "scalar")
	}
	switch kind {
	case 0, 1:
		return space + rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "word") + space
	case 2:
		return rapid.SampledFrom([]string{"0", "-0", "5", "5.0", "5e0", "-3", "1.5", "123456789012345", "1234567890123456", "12345678901234567",
			"-123456789012345", "-1234567890123456", "1e400", "0.1e1"}).Draw(t, "number")
	case 3, 4:
		return space + rapid.SampledFrom([]string{`""`, `"a"`, `"\u0061"`, `"é"`, `"\u00e9"`, `"a b"`, `"ab\\"`, `"q\"\\"`, `"12"`, `"2026-01-02"`, `"👍👍"`, `"\ud83d\udc4d"`}).Draw(t, "string")
	case 5:
		items := make([]string, rapid.IntRange(0, 4).Draw(t, "items"))
		for i := range items {
			items[i] = drawValue(t, depth-1)
		}
		return "[" + space + strings.Join(items, space+",") + "]"
	}
	return drawObject(t, depth)
}

func drawObject(t *rapid.T, depth int) string {
	var members []string
	for _, name := range memberNames[:4] {
		if rapid.Bool().Draw(t, "has") {
			text := string(mustMarshal(name))
			if rapid.Bool().Draw(t, "escaped") {
				text = strings.NewReplacer("a", `\u0061`, "é", `\u00e9`).Replace(text)
			}
			members = append(members, text+" :"+drawValue(t, depth-1))
		}
	}
	return "{" + strings.Join(members, ",") + " }"
}

// What an acceptor accepts, the validator does, whatever the schema and the key.
func TestAcceptorsAcceptNothingThatTheValidatorDoesNot(t *testing.T) {
	accepted, looked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		schema := drawSchema(t, 3)
		if root, ok := schema.(object); ok {
			root["$defs"] = object{"d": drawSchema(t, 2)}
		}
		keys := rapid.SampledFrom([][]string{nil, {"/a"}, {"/a/b"}, {"/é", "/_meta/webhookId"}}).Draw(t, "keys")
		v, err := Compile(mustMarshal(schema), keys, nil)
		if err != nil || v.glance == nil {
			return
		}
		for range 5 {
			doc := `{"_meta":{"webhookId":"1"},` + drawObject(t, 3)[1:]
			if strings.HasSuffix(doc, ", }") {
				doc = `{"_meta":{"webhookId":"1"}}`
			}
			if !json.Valid([]byte(doc)) {
				t.Fatal(doc)
			}
			looked++
			if !v.Accepts([]byte(doc)) {
				continue
			}
			accepted++
			if found := v.Validate([]byte(doc)); len(found) > 0 {
				t.Fatalf("%s is accepted by %s with the key %q: %v", doc, mustMarshal(schema), keys, found)
			}
		}
	})
	if accepted == 0 || accepted == looked {
		t.Errorf("of %d documents, %d were accepted", looked, accepted)
	}
	t.Logf("%d of %d documents were accepted", accepted, looked)
}

// Everyday schemas are understood, and their documents accepted at a glance.
func TestEverydayDocumentsAreAcceptedAtAGlance(t *testing.T) {
	schema, doc := everyday(t)
	v, err := Compile([]byte(schema), []string{"/_meta/webhookId", "/id"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !v.Accepts([]byte(doc)) {
		t.Error("it is not")
	}
}

// A schema that refers to itself makes no document costly: what takes many looks is the validator's to judge.
func TestAcceptorsEnd(t *testing.T) {
	for _, schema := range []string{
		`{"$ref":"#"}`,
		`{"allOf":[{"$ref":"#"},{"$ref":"#"}]}`,
		`{"anyOf":[{"type":"string"},{"additionalProperties":{"$ref":"#"}},{"required":["never"],"additionalProperties":{"$ref":"#"}}]}`,
		`{"allOf":[{"additionalProperties":{"$ref":"#"}},{"additionalProperties":{"$ref":"#"}}]}`,
	} {
		v, err := Compile([]byte(schema), nil, nil)
		if err != nil {
			continue // the validator does not take it either
		}
		if v.glance == nil {
			t.Errorf("%s is not understood", schema)
			continue
		}
		const long = 100_000
		for name, filler := range map[string]string{"text": `"` + strings.Repeat("x", long) + `"`, "space": strings.Repeat(" ", long) + "1",
			"members": `{"m":[` + strings.Repeat("1,", long) + `1]}`} {
			deep := `{"_meta":{"webhookId":"1"},"a":` + strings.Repeat(`{"a":`, 90) + filler + strings.Repeat("}", 91)
			g := glance{decoder: decoder{text: deep}, work: workShare * len(deep)}
			g.accepted(v.glance)
			if g.work < -2*len(deep) {
				t.Errorf("%s, deep %s: looked at %d bytes too many", schema, name, -g.work)
			}
		}
	}
}

// Nor does it make the schema costly to prepare.
func TestSchemasThatReferToThemselvesArePreparedQuickly(t *testing.T) {
	for _, keyword := range []string{"allOf", "anyOf"} {
		for _, ref := range []string{"#/$defs/d", "flow://d"} {
			schema := fmt.Sprintf(`{"$ref":%[2]q,"$defs":{"d":{"$id":"flow://d","%[1]s":[{"$ref":"flow://d"},{"$ref":"flow://d"},{"properties":{"a":{"$ref":"flow://d"}}}]}}}`, keyword, ref)
			if ref == "#/$defs/d" {
				schema = fmt.Sprintf(`{"$ref":%[2]q,"$defs":{"d":{"%[1]s":[{"$ref":%[2]q},{"$ref":%[2]q},{"properties":{"a":{"$ref":%[2]q}}}]}}}`, keyword, ref)
			}
			v, err := Compile([]byte(schema), []string{"/a/b", "/c"}, nil)
			if err != nil {
				continue // the validator does not take it
			}
			if keyless, err := Compile([]byte(schema), nil, nil); err != nil || keyless.Covered() {
				t.Errorf("%s accepts everything, %v", schema, err)
			}
			if v.Accepts([]byte(`{"_meta":{"webhookId":"1"},"c":1}`)) {
				t.Errorf("%s accepts a document without the key", schema)
			}
		}
	}
}

func ExampleValidator_Validate() {
	v, _ := Compile([]byte(`{"properties":{"n":{"type":"integer","maximum":9}}}`), nil, nil)
	fmt.Println(v.Validate([]byte(`{"_meta":{"webhookId":"1"},"n":9}`)))
	fmt.Println(v.Validate([]byte(`{"_meta":{"webhookId":"1"},"n":10}`)))
	// Output:
	// []
	// [maximum: got 10, want 9 at "/n" of document 0]
}
