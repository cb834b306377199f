package schemas

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/jsonschema-go/jsonschema"
	"pgregory.net/rapid"
)

var (
	kindNames   = []string{"null", "boolean", "integer", "number", "string", "array", "object"}
	memberNames = []string{"a", "b", "é", `q"`}
	scalars     = []any{nil, true, false, "", "a", "é", "a b", `q"\`, 5, -3, 1.5}
)

// drawSchema makes a schema of keywords that mean the same to the oracle.
func drawSchema(t *rapid.T, depth int) any {
	if depth == 0 || rapid.IntRange(0, 9).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom([]any{true, false, object{}, object{"type": "string"}, object{"minimum": 2}, object{"$ref": "#/$defs/d"}, object{"const": "a"}}).Draw(t, "schema")
	}
	schema := object{}
	sub := func() any { return drawSchema(t, depth-1) }
	some := func(from []string, most int) []string {
		return slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom(from), 0, most).Draw(t, "some"))))
	}
	several := func(names []string) object {
		schemas := object{}
		for _, name := range some(names, 3) {
			schemas[name] = sub()
		}
		return schemas
	}
	words := []string{"type", "properties", "required", "additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties", "minProperties", "maxProperties",
		"items", "prefixItems", "contains", "minContains", "maxContains", "unevaluatedItems", "minItems", "maxItems", "uniqueItems", "enum", "const", "minLength", "maxLength", "pattern",
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "dependentRequired", "dependentSchemas"}
	for _, word := range some(words, 5) {
		switch word {
		case "type":
			schema[word] = rapid.SampledFrom(kindNames).Draw(t, "type")
			if rapid.Bool().Draw(t, "several") {
				schema[word] = append(some(kindNames, 3), "null")
			}
			if kinds, ok := schema[word].([]string); ok {
				schema[word] = slices.Compact(slices.Sorted(slices.Values(kinds)))
			}
		case "properties", "dependentSchemas":
			schema[word] = several(memberNames)
		case "patternProperties":
			schema[word] = several([]string{"^a", "b|é", `"`})
		case "required":
			schema[word] = append([]string{}, some(memberNames, 2)...)
		case "dependentRequired":
			schema[word] = object{"a": append([]string{}, some(memberNames, 2)...)}
		case "enum":
			schema[word] = rapid.SliceOfN(rapid.SampledFrom(scalars), 1, 3).Draw(t, "enum")
		case "const":
			schema[word] = rapid.SampledFrom(scalars[1:]).Draw(t, "const")
		case "minItems", "minLength", "minProperties", "minContains":
			schema[word] = rapid.IntRange(0, 2).Draw(t, word)
		case "maxItems", "maxLength", "maxProperties", "maxContains":
			schema[word] = rapid.IntRange(0, 3).Draw(t, word)
		case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
			schema[word] = rapid.SampledFrom([]json.Number{"0", "-3", "5", "1.5"}).Draw(t, word)
		case "multipleOf":
			schema[word] = rapid.SampledFrom([]json.Number{"1", "2.5", "3"}).Draw(t, word)
		case "pattern":
			schema[word] = rapid.SampledFrom([]string{"^a", "b$", "é"}).Draw(t, word)
		case "allOf", "anyOf", "oneOf", "prefixItems":
			schema[word] = []any{sub(), sub()}
		case "uniqueItems":
			schema[word] = true
		case "$ref":
			schema[word] = "#/$defs/d"
		default:
			schema[word] = sub()
		}
	}
	return schema
}

// drawValue makes JSON text, written in all the ways that there are.
func drawValue(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", "", "", " ", "\n\t"}).Draw(t, "space")
	kind := rapid.IntRange(0, 8).Draw(t, "kind")
	if depth == 0 {
		kind = rapid.IntRange(0, 4).Draw(t, "scalar")
	}
	switch kind {
	case 0, 1:
		return space + rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "word") + space
	case 2:
		return rapid.SampledFrom([]string{"0", "5", "5.0", "5e0", "-3", "-30e-1", "1.5", "1e2", "2"}).Draw(t, "number")
	case 3, 4:
		return space + rapid.SampledFrom([]string{`""`, `"a"`, `"\u0061"`, `"é"`, `"\u00e9"`, `"a b"`, `"ab\\"`, `"q\"\\"`, `"👍👍"`, `"\ud83d\udc4d"`}).Draw(t, "string")
	case 5, 6:
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
	for _, name := range memberNames {
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

// Whatever the schema and the value, the judgement is that of another validator, so far as the runtime keeps to the drafts.
func TestValuesAreJudgedAsAnotherValidatorJudges(t *testing.T) {
	accepted, looked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		raw := drawSchema(t, 3)
		if root, ok := raw.(object); ok && root["$ref"] == nil {
			root["$defs"] = object{"d": rapid.SampledFrom([]any{true, object{"type": []string{"object", "string"}}, object{"properties": object{"a": object{"type": "integer"}}}, object{"items": object{"minLength": 1}}}).Draw(t, "d")}
		}
		text := mustMarshal(raw)
		var other jsonschema.Schema
		if json.Unmarshal(text, &other) != nil {
			return
		}
		oracle, err := other.Resolve(nil)
		v, ours := Compile(text, nil, nil)
		if (err == nil) != (ours == nil) {
			t.Fatalf("%s: %v, the other says %v", text, ours, err)
		}
		if err != nil {
			return
		}
		for range 5 {
			doc := drawValue(t, 3)
			var value any
			if err := json.Unmarshal([]byte(doc), &value); err != nil {
				t.Fatal(doc, err)
			}
			found, err := v.Validate(t.Context(), []byte(doc), NewLimits(0, nil))
			want := oracle.Validate(value)
			if err != nil || (len(found) == 0) != (want == nil) {
				t.Fatalf("%s of %s: %v, %v; the other says %v", doc, text, found, err, want)
			}
			looked++
			if want == nil {
				accepted++
			}
		}
	})
	if accepted < looked/10 || accepted > looked*9/10 {
		t.Errorf("of %d values, %d were accepted", looked, accepted)
	}
}

// Nothing makes an evaluation panic or go beyond its limits, and it tells of places that there are.
func FuzzValidate(f *testing.F) {
	for _, c := range cases {
		f.Add(c.schema, strings.Join(append(c.yes, c.no...), ","))
	}
	f.Add(`{"additionalProperties":false}`, `{"`+strings.Repeat("f", 300)+`":1},{}`)
	f.Fuzz(func(t *testing.T, schema, values string) {
		doc := "[" + values + "]"
		if len(schema)+len(doc) > 2000 || !jsontext.Value(doc).IsValid() {
			t.Skip()
		}
		v, err := Compile([]byte(`{"items":`+schema+`}`), []string{"/0"}, nil)
		if err != nil {
			t.Skip()
		}
		held := int64(0)
		found, err := v.Validate(t.Context(), []byte(doc), NewLimits(len(doc), func(n int64) error { held += n; return nil }))
		if err != nil && err != ErrTooCostly || held != 0 {
			t.Fatal(err, held)
		}
		for _, violation := range found {
			r := reader{text: doc + "\n"}
			for i, token := range strings.Split(violation.InstanceLocation, "/") {
				if strings.HasSuffix(token, "…") {
					break // only its beginning is told
				}
				if i > 0 && violation.Keyword != "key" && !r.enter(Unescape(token)) {
					t.Fatalf("%s of %s: %v", doc, schema, violation)
				}
			}
		}
	})
}
