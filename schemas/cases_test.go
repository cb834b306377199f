package schemas

import (
	"strings"
	"testing"
)

// cases are values of a member v, by its schema: those that the runtime accepts, and those that it does not. Each keyword
// is told from its absence.
var cases = []struct {
	about, schema string
	yes, no       []string
}{
	// Which draft a schema says it is of makes no difference.
	{"$schema is ignored", `{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/$defs/s","minLength":2,"$defs":{"s":{"type":"string"}}}`, []string{`"ab"`}, []string{`"a"`, `12`}},
	{"an unknown $schema too", `{"$schema":"https://nowhere.example/x","prefixItems":[true,false]}`, []string{`[1]`}, []string{`[1,2]`}},
	{"tuples within a 2019-09 resource", `{"$ref":"flow://x","$defs":{"x":{"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"flow://x","prefixItems":[{"type":"string"}],"items":false}}}`, []string{`["a"]`, `[]`}, []string{`[1]`, `["a",1]`}},
	{"dependentRequired beside draft-07", `{"$schema":"http://json-schema.org/draft-07/schema#","dependentRequired":{"a":["b"]}}`, []string{`{"a":1,"b":1}`, `{"b":1}`, `1`}, []string{`{"a":1}`}},

	// Types.
	{"type", `{"type":"string"}`, []string{`"a"`}, []string{`1`, `null`, `true`, `[]`, `{}`}},
	{"types", `{"type":["null","array"]}`, []string{`null`, `[]`}, []string{`false`, `{}`}},
	{"types listed twice", `{"type":["string","string"]}`, []string{`"a"`}, []string{`1`}},
	{"no types", `{"type":[]}`, nil, []string{`1`, `null`}},
	{"boolean", `{"type":"boolean"}`, []string{`true`, `false`}, []string{`"true"`, `0`}},
	{"object", `{"type":"object"}`, []string{`{}`}, []string{`[]`}},
	{"number", `{"type":"number"}`, []string{`1`, `1.5`, `-0`, `1e300`}, []string{`"1"`}},
	{"integer", `{"type":"integer"}`, []string{`3`, `3.0`, `1e2`, `-0`, `-0.0`, `1.5e1`, `18446744073709551616`, `1e300`, `1e-999999999`, `0.99999999999999999999`}, []string{`3.5`, `1e-1`, `0.9999`, `"3"`}},
	{"fractional", `{"type":"fractional"}`, []string{`3.5`}, []string{`3`, `3.0`}},
	{"nullable", `{"type":"string","nullable":true}`, []string{`"a"`, `null`}, []string{`1`}},
	{"nullable of several", `{"nullable":true,"type":["integer","string"]}`, []string{`null`, `1`}, []string{`1.5`}},
	{"nullable false", `{"type":"string","nullable":false}`, []string{`"a"`}, []string{`null`}},
	{"nullable alone", `{"nullable":true}`, []string{`1`, `null`}, nil},

	// Numbers are uint64, int64 or doubles.
	{"minimum", `{"minimum":3}`, []string{`3`, `3.0`, `4`, `"a"`, `2.9999999999999999999`}, []string{`2`, `2.9`, `-3`, `1e-999999999`}},
	{"maximum", `{"maximum":3}`, []string{`3`, `-4`, `3.0000000000000000001`}, []string{`4`, `3.1`, `1e300`}},
	{"exclusiveMinimum", `{"exclusiveMinimum":3}`, []string{`4`, `3.1`}, []string{`3`, `3.0`, `2`, `3.0000000000000000001`}},
	{"exclusiveMaximum", `{"exclusiveMaximum":3}`, []string{`2`, `2.9`}, []string{`3`, `4`, `2.9999999999999999999`}},
	{"bounds below zero", `{"minimum":-3,"maximum":-1}`, []string{`-3`, `-1`, `-2.5`}, []string{`-4`, `0`, `-0.5`, `18446744073709551615`}},
	{"bounds of doubles", `{"minimum":0.5}`, []string{`0.5`, `1`}, []string{`0.4`, `0`, `-1`}},
	{"integers are exact", `{"maximum":9007199254740992}`, []string{`9007199254740992`}, []string{`9007199254740993`}},
	{"with a double they are not", `{"maximum":9007199254740992.0}`, []string{`9007199254740993`}, []string{`9007199254740994`}},
	{"uint64 against double", `{"maximum":18446744073709551615}`, []string{`18446744073709551615`, `18446744073709551616`}, []string{`18446744073709555712`}},
	{"int64", `{"minimum":-9223372036854775808}`, []string{`-9223372036854775808`, `-9223372036854775809`}, []string{`-9223372036854777856`}},
	{"minus zero is below zero", `{"minimum":0}`, []string{`0`, `0.0`}, []string{`-0`, `-0.0`, `-1`}},
	{"multipleOf", `{"multipleOf":3}`, []string{`9`, `-9`, `0`, `9.0`, `"a"`}, []string{`10`, `9.5`, `-10`}},
	{"multipleOf a negative", `{"multipleOf":-3}`, []string{`9`, `-9`}, []string{`10`}},
	{"multipleOf a double", `{"multipleOf":0.01}`, []string{`0.01`, `4`, `4.0`}, []string{`19.99`, `0.07`, `0.005`, `1e308`}},
	{"multipleOf large", `{"multipleOf":18446744073709551615}`, []string{`18446744073709551615`, `0`}, []string{`1`, `-5`}},
	{"multipleOf of the smallest", `{"multipleOf":-1}`, []string{`5`, `-5`}, []string{`-9223372036854775808`}},
	{"multipleOf of negatives by what is no int64", `{"multipleOf":9223372036854775808}`, []string{`9223372036854775808`}, []string{`-9223372036854775808`}},

	// Values.
	{"const", `{"const":"a"}`, []string{`"a"`, `"\u0061"`}, []string{`"b"`, `1`, `null`}},
	{"const of numbers", `{"const":1}`, []string{`1`, `1.0`, `1e0`, `0.99999999999999999999`}, []string{`"1"`, `true`, `1.5`, `-1`}},
	{"const of large numbers", `{"const":18446744073709551616}`, []string{`18446744073709551617`, `18446744073709551615`, `1.8446744073709551616e19`}, []string{`18446744073709555712`, `1`}},
	{"const of integers", `{"const":9007199254740993}`, []string{`9007199254740993`, `9007199254740992.0`}, []string{`9007199254740992`}},
	{"const of zero", `{"const":0}`, []string{`0`, `0.0`, `0e5`}, []string{`false`, `""`, `-0`, `-0.0`}},
	{"const of objects", `{"const":{"a":1,"b":[1.0,"x"]}}`, []string{`{"b":[1,"x"],"a":1.0}`}, []string{`{"a":1}`, `{"a":1,"b":["x",1]}`, `{"a":1,"b":[1,"x"],"c":1}`}},
	{"const of a schema", `{"const":{"items":[1],"$ref":"#/nowhere","type":"nothing","uniqueItems":true}}`, []string{`{"uniqueItems":true,"items":[1],"$ref":"#/nowhere","type":"nothing"}`}, []string{`{"prefixItems":[1]}`}},
	{"const null", `{"const":null}`, []string{`null`}, []string{`false`, `0`}},
	{"enum", `{"enum":[null,false,"a",5,[1,{}]]}`, []string{`null`, `false`, `"a"`, `5.0`, `[1.0,{}]`}, []string{`true`, `"b"`, `6`, `[1]`, `[{},1]`}},
	{"enum of nothing", `{"enum":[]}`, nil, []string{`1`}},
	{"enum of one value twice", `{"enum":["a","a"]}`, []string{`"a"`}, []string{`"b"`}},
	{"enum beside const", `{"enum":[1,2],"const":2}`, []string{`2`}, []string{`1`, `3`}},

	// Strings.
	{"minLength", `{"minLength":2}`, []string{`"ab"`, `"👍👍"`, `1`}, []string{`"a"`, `"👍"`, `"\ud83d\udc4d"`}},
	{"maxLength", `{"maxLength":2}`, []string{`"ab"`, `"👍👍"`, `"\ud83d\udc4d\n"`}, []string{`"abc"`}},
	{"lengths as doubles", `{"minLength":2.0,"maxLength":3e0}`, []string{`"ab"`}, []string{`"a"`, `"abcd"`}},
	{"pattern", `{"pattern":"b.d"}`, []string{`"abcd"`, `1`}, []string{`"b\nd"`, `"bd"`}},
	{"format", `{"format":"date"}`, []string{`"2026-01-02"`, `5`}, []string{`"2026-13-02"`}},
	{"contentEncoding is not asserted", `{"contentEncoding":"base64","contentMediaType":"application/json","contentSchema":{"type":"object"}}`, []string{`"%"`}, nil},

	// Arrays.
	{"items", `{"items":{"type":"string"}}`, []string{`[]`, `["a"]`, `"x"`}, []string{`["a",1]`}},
	{"items false", `{"items":false}`, []string{`[]`}, []string{`[1]`}},
	{"items as a tuple", `{"items":[{"type":"string"},{"type":"integer"}]}`, []string{`["a"]`, `["a",1,null]`}, []string{`[1]`, `["a","b"]`}},
	{"an empty tuple", `{"items":[],"additionalItems":{"type":"string"}}`, []string{`["a"]`}, []string{`[1]`}},
	{"additionalItems", `{"items":[true],"additionalItems":{"type":"string"}}`, []string{`[1,"a"]`}, []string{`[1,2]`}},
	{"additionalItems without items", `{"additionalItems":{"type":"string"}}`, []string{`["a"]`}, []string{`[1]`}},
	{"additionalItems beside a schema", `{"items":{},"additionalItems":false}`, []string{`[1]`}, nil},
	{"additionalItems behind prefixItems", `{"prefixItems":[true],"additionalItems":false}`, []string{`[1]`}, []string{`[1,2]`}},
	{"prefixItems", `{"prefixItems":[{"type":"string"}]}`, []string{`["a",1]`, `[]`}, []string{`[1]`}},
	{"prefixItems and items", `{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}`, []string{`["a",1]`}, []string{`["a","b"]`}},
	{"prefixItems beside a tuple", `{"prefixItems":[{"type":"string"}],"items":[{"minLength":2},false]}`, []string{`["ab"]`}, []string{`["a"]`, `[1]`, `["ab",1]`}},
	{"tuples under names of annotations", `{"properties":{"default":{"items":[{"type":"string"}]},"const":{"items":[{"type":"string"}]},"enum":{"items":[{"type":"string"}]},"examples":{"items":[{"type":"string"}]},"$recursiveRef":{"items":[{"type":"string"}]}}}`,
		[]string{`{"default":["a"],"const":["a"],"enum":["a"],"examples":["a"],"$recursiveRef":["a"]}`}, []string{`{"default":[1]}`, `{"const":[1]}`, `{"enum":[1]}`, `{"examples":[1]}`, `{"$recursiveRef":[1]}`}},
	{"minItems", `{"minItems":1}`, []string{`[1]`, `"x"`}, []string{`[]`}},
	{"maxItems", `{"maxItems":1}`, []string{`[1]`}, []string{`[1,2]`}},
	{"uniqueItems", `{"uniqueItems":true}`, []string{`[1,2,"1",true,null,{},[],0,false]`, `[{"a":1,"b":2},{"a":2,"b":1}]`, `[[1,2],[2,1]]`, `[[["a"],"b"],[["a","b"]]]`, `[0,-0.0]`, `[9007199254740992,9007199254740993]`},
		[]string{`[1,1.0]`, `["a","\u0061"]`, `[{"a":1,"b":[1e1]},{"b":[10],"a":1}]`, `[18446744073709551616,18446744073709551617]`, `[1,2,0.99999999999999999999]`, `[9007199254740993,9007199254740992.0]`, `[[],[]]`}},
	{"uniqueItems false", `{"uniqueItems":false}`, []string{`[1,1]`}, nil},
	{"a property named uniqueItems", `{"properties":{"uniqueItems":{"type":"string"}}}`, []string{`{"uniqueItems":"x"}`}, []string{`{"uniqueItems":true}`}},
	{"contains", `{"contains":{"type":"string"}}`, []string{`[1,"a"]`, `5`}, []string{`[]`, `[1]`}},
	{"minContains", `{"contains":{"type":"string"},"minContains":2}`, []string{`["a",1,"b"]`}, []string{`["a"]`}},
	{"minContains 0", `{"contains":{"type":"string"},"minContains":0}`, []string{`[]`}, nil},
	{"maxContains", `{"contains":{"type":"string"},"maxContains":1}`, []string{`["a",1]`}, []string{`["a","b"]`, `[]`}},
	{"minContains alone", `{"minContains":2,"maxContains":0}`, []string{`[]`, `[1]`}, nil},
	{"unevaluatedItems", `{"allOf":[{"prefixItems":[true]}],"unevaluatedItems":{"type":"string"}}`, []string{`[1,"a"]`}, []string{`[1,2]`}},
	{"unevaluatedItems of what is contained", `{"contains":{"type":"string"},"unevaluatedItems":false}`, []string{`["a"]`}, []string{`["a",1]`}},

	// Objects.
	{"properties", `{"properties":{"a":{"type":"string"}}}`, []string{`{"a":"x"}`, `{"b":1}`, `{}`, `1`}, []string{`{"a":1}`, `{"\u0061":1}`}},
	{"properties false", `{"properties":{"a":false}}`, []string{`{}`}, []string{`{"a":1}`}},
	{"patternProperties", `{"patternProperties":{"^a":{"type":"string"}}}`, []string{`{"ab":"x","b":1}`}, []string{`{"ab":1}`}},
	{"additionalProperties", `{"properties":{"a":true},"patternProperties":{"^b":true},"additionalProperties":{"type":"string"}}`, []string{`{"a":1,"b":1,"c":"x"}`}, []string{`{"c":1}`}},
	{"additionalProperties of what is required", `{"required":["a"],"additionalProperties":false}`, nil, []string{`{"a":1}`, `{}`}},
	{"additionalProperties does not see others", `{"allOf":[{"properties":{"a":true}}],"additionalProperties":false}`, []string{`{}`}, []string{`{"a":1}`}},
	{"propertyNames", `{"propertyNames":{"maxLength":2,"pattern":"^[a-z]"}}`, []string{`{"ab":1}`, `{}`}, []string{`{"abc":1}`, `{"A":1}`}},
	{"propertyNames of a format", `{"propertyNames":{"anyOf":[{"format":"date"},{"const":"x"}]}}`, []string{`{"2026-01-02":1,"x":2}`}, []string{`{"y":1}`}},
	{"required", `{"required":["a","b"]}`, []string{`{"a":1,"b":null}`, `[]`}, []string{`{"a":1}`, `{}`}},
	{"required twice", `{"required":["a","a"]}`, []string{`{"a":1}`}, []string{`{}`}},
	{"minProperties", `{"minProperties":1}`, []string{`{"a":1}`, `[]`}, []string{`{}`}},
	{"maxProperties", `{"maxProperties":1}`, []string{`{"a":1}`}, []string{`{"a":1,"b":1}`}},
	{"dependentRequired", `{"dependentRequired":{"a":["b","b"],"c":[]}}`, []string{`{"a":1,"b":1}`, `{"c":1}`}, []string{`{"a":1}`}},
	{"dependentSchemas", `{"dependentSchemas":{"a":{"required":["b"],"properties":{"c":false}}}}`, []string{`{"c":1}`, `{"a":1,"b":1}`, `[]`}, []string{`{"a":1}`, `{"c":1,"b":1,"a":1}`}},
	{"unevaluatedProperties", `{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}`, []string{`{"a":1}`}, []string{`{"b":1}`}},
	{"unevaluatedProperties through alternatives", `{"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":true}}],"unevaluatedProperties":{"type":"string"}}`, []string{`{"a":1,"b":2}`, `{"b":2,"c":"x"}`}, []string{`{"a":1,"c":3}`, `{"a":2}`}},
	{"unevaluatedProperties through references", `{"$ref":"#/$defs/d","unevaluatedProperties":false,"$defs":{"d":{"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":true}},"else":{"properties":{"c":true}}}}}`, []string{`{"a":1,"b":2}`, `{"c":1}`}, []string{`{"a":1,"c":2}`, `{"b":1}`}},

	// Schemas in place.
	{"true and false", `{"allOf":[true],"not":false}`, []string{`1`}, nil},
	{"false", `false`, nil, []string{`1`, `null`}},
	{"allOf", `{"allOf":[{"minimum":2},{"maximum":3}]}`, []string{`2`}, []string{`1`, `4`}},
	{"allOf of nothing", `{"allOf":[]}`, []string{`1`}, nil},
	{"anyOf", `{"anyOf":[{"type":"string"},{"minimum":2}]}`, []string{`"a"`, `2`, `null`}, []string{`1`}},
	{"anyOf of nothing", `{"anyOf":[]}`, nil, []string{`1`}},
	{"oneOf", `{"oneOf":[{"minimum":2},{"maximum":3}]}`, []string{`1`, `4`}, []string{`2`, `3`, `"a"`}},
	{"oneOf of nothing", `{"oneOf":[]}`, nil, []string{`1`}},
	{"not", `{"not":{"type":"string"}}`, []string{`1`}, []string{`"a"`}},
	{"if", `{"if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":2}}`, []string{`"ab"`, `2`}, []string{`"a"`, `1`}},
	{"if alone", `{"if":false}`, []string{`1`}, nil},
	{"then and else alone", `{"then":false,"else":false}`, []string{`1`}, nil},

	// References.
	{"$ref with siblings", `{"$ref":"#/$defs/s","maxLength":1,"$defs":{"s":{"type":"string"}}}`, []string{`"a"`}, []string{`"ab"`, `1`}},
	{"$ref to definitions", `{"$ref":"#/definitions/a~1b%20c","definitions":{"a/b c":{"type":"string"}}}`, []string{`"a"`}, []string{`1`}},
	{"$ref to a place", `{"properties":{"a":{"type":"string"},"b":{"$ref":"#/properties/a"}}}`, []string{`{"b":"x"}`}, []string{`{"b":1}`}},
	{"$ref to an item", `{"prefixItems":[{"type":"string"},{"$ref":"#/prefixItems/0"}]}`, []string{`["a","b"]`}, []string{`["a",1]`}},
	{"$ref to itself", `{"type":"array","items":{"$ref":"#"}}`, []string{`[[],[[]]]`}, []string{`[[1]]`}},
	{"$id and a relative $ref", `{"$id":"http://a.example/b/c","$ref":"d","$defs":{"x":{"$id":"d","type":"string"}}}`, []string{`"a"`}, []string{`1`}},
	{"$id of a bundle", `{"$ref":"flow://connector-schema","$defs":{"flow://connector-schema":{"$id":"flow://connector-schema","type":"string"}}}`, []string{`"a"`}, []string{`1`}},
	{"$ref within a bundle", `{"$ref":"flow://b","$defs":{"b":{"$id":"flow://b","$ref":"#/$defs/s","$defs":{"s":{"type":"string"}}},"s":false}}`, []string{`"a"`}, []string{`1`}},
	{"$ref into a bundle", `{"$ref":"flow://b#/$defs/s","$defs":{"b":{"$id":"flow://b","$defs":{"s":{"type":"string"}}}}}`, []string{`"a"`}, []string{`1`}},
	{"$ref by a place into a bundle", `{"$ref":"#/$defs/b/$defs/s","$defs":{"b":{"$id":"flow://b","$defs":{"s":{"type":"string"}}}}}`, []string{`"a"`}, []string{`1`}},
	{"$id with an empty fragment", `{"$id":"http://a.example/b#","$ref":"#/$defs/s","$defs":{"s":{"type":"string"}}}`, []string{`"a"`}, []string{`1`}},
	{"urn", `{"$id":"urn:uuid:01a1fc24-6083-765b-a531-f9cfba424740","$ref":"#/$defs/s","$defs":{"s":{"type":"string"}}}`, []string{`"a"`}, []string{`1`}},
	{"$anchor", `{"$ref":"#s","$defs":{"s":{"$anchor":"s","type":"string"}}}`, []string{`"a"`}, []string{`1`}},
	{"$anchor of any text", `{"$ref":"#C##FLOW_TEST_1","$defs":{"s":{"$anchor":"C##FLOW_TEST_1","type":"string"}}}`, []string{`"a"`}, []string{`1`}},
	{"$dynamicRef", `{"$id":"flow://r","$ref":"flow://list","$defs":{"strings":{"$dynamicAnchor":"T","type":"string"},"list":{"$id":"flow://list","items":{"$dynamicRef":"#T"},"$defs":{"any":{"$dynamicAnchor":"T"}}}}}`, []string{`["a"]`}, []string{`[1]`}},
	{"$dynamicRef to a plain anchor", `{"$id":"flow://r","$ref":"flow://list","$defs":{"strings":{"$dynamicAnchor":"T","type":"string"},"list":{"$id":"flow://list","items":{"$dynamicRef":"#T"},"$defs":{"any":{"$anchor":"T"}}}}}`, []string{`[1]`}, nil},
	{"$recursiveRef", `{"$id":"flow://r","$recursiveAnchor":true,"$ref":"flow://tree","required":["x"],"$defs":{"tree":{"$id":"flow://tree","$recursiveAnchor":true,"properties":{"t":{"$recursiveRef":"#"}}}}}`, []string{`{"x":1,"t":{"x":2}}`}, []string{`{"x":1,"t":{}}`}},
	{"$recursiveRef without an anchor", `{"$id":"flow://r","$recursiveAnchor":true,"$ref":"flow://tree","required":["x"],"$defs":{"tree":{"$id":"flow://tree","properties":{"t":{"$recursiveRef":"#"}}}}}`, []string{`{"x":1,"t":{}}`}, []string{`{}`}},

	// Annotations.
	{"annotations", `{"title":"t","description":"d","$comment":"c","default":{"items":[1]},"examples":[{"type":5}],"example":1,"readOnly":true,"writeOnly":true,"deprecated":true,"x-infer-schema":true,"X-Y":1,"reduce":{"strategy":"merge"},"redact":{"strategy":"sha256"},"secret":true,"airbyte_secret":true,"multiline":true,"advanced":true,"order":1,"discriminator":{"propertyName":"a"},"nonsensitive":true,"$vocabulary":{},"url":"x"}`, []string{`1`}, nil},
}

func TestValuesAreJudgedAsTheRuntimeJudges(t *testing.T) {
	tried := 0
	for _, c := range cases {
		v, err := Compile([]byte(c.schema), nil, nil)
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		for _, value := range c.yes {
			if found := validate(t, v, []byte(value)); len(found) > 0 {
				t.Errorf("%s: %s is refused: %v", c.about, value, found)
			}
		}
		for _, value := range c.no {
			if found := validate(t, v, []byte(value)); len(found) == 0 {
				t.Errorf("%s: %s is accepted", c.about, value)
			}
		}
		tried += len(c.yes) + len(c.no)
	}
	t.Logf("%d values", tried)
	for name, k := range keywords {
		if asserts := k.compile != nil; asserts && !usedInCases(name) {
			t.Errorf("no case has %s", name)
		}
	}
}

func usedInCases(keyword string) bool {
	for _, c := range cases {
		if strings.Contains(c.schema, `"`+keyword+`":`) {
			return true
		}
	}
	return false
}

// A schema that the runtime would not build is refused, and told where, what and how to mend it.
func TestASchemaThatCanNotBeAssertedSaysWhyAndWhatToDo(t *testing.T) {
	for schema, want := range map[string][]string{
		`{"properties":{"a":{"dependencies":{}}}}`: {"#/properties/a/dependencies", "dependentRequired"},
		`{"properties":{"a/b":{"frobnicate":5}}}`:  {"#/properties/a~1b/frobnicate", "x-"},
		`{"id":"x"}`:                        {"#/id", "$id"},
		`{"items":{"format":"semver"}}`:     {"#/items/format", `"semver"`, "remove"},
		`{"allOf":[{"pattern":"(?=a)"}]}`:   {"#/allOf/0/pattern", "(?=a)", "look-around", "without"},
		`{"patternProperties":{"(a":true}}`: {"#/patternProperties/(a", "parenthesis", `\(`},
		`{"pattern":"a\\1"}`:                {"#/pattern", "back references"},
		`{"pattern":"\\Qa\\E"}`:             {"#/pattern", `\Q`, "not known"},
		`{"pattern":"\\p{Emoji}"}`:          {"#/pattern", "Emoji", "write"},
		`{"pattern":"\\<a"}`:                {"#/pattern", "boundary", `\b`},
		`{"pattern":"(a{1000}){1000}{9}"}`:  {"#/pattern", "repeats too much", "lower"},
		`{"type":"strin"}`:                  {"#/type", `"strin"`, "string"},
		`{"type":["string",null]}`:          {"#/type", "array of strings"},
		`{"required":"a"}`:                  {"#/required", `"a"`, "array of strings"},
		`{"minLength":-1}`:                  {"#/minLength", "-1", "whole number"},
		`{"maxItems":1.5}`:                  {"#/maxItems", "1.5"},
		`{"minimum":"1"}`:                   {"#/minimum", `"1"`, "number"},
		`{"multipleOf":0}`:                  {"#/multipleOf", "0"},
		`{"uniqueItems":1}`:                 {"#/uniqueItems", "true or false"},
		`{"enum":{}}`:                       {"#/enum", "array"},
		`{"properties":[]}`:                 {"#/properties", "object of schemas"},
		`{"properties":{"a":5}}`:            {"#/properties/a", "5 is no schema"},
		`{"anyOf":{}}`:                      {"#/anyOf", "array of schemas"},
		`{"prefixItems":{}}`:                {"#/prefixItems", "array of schemas"},
		`{"not":[]}`:                        {"#/not", "no schema"},
		`{"dependentRequired":{"a":"b"}}`:   {"dependentRequired", "array of strings"},
		`{"$ref":"#/$defs/x"}`:              {"#/$ref", `"#/$defs/x"`, "$defs"},
		`{"$defs":{"unused":{"$ref":"https://a.example/"}}}`:              {"#/$defs/unused/$ref", "https://a.example/", "bundle"},
		`{"$ref":"#/properties/a/const","properties":{"a":{"const":{}}}}`: {"#/$ref"},
		`{"$id":"http://a.example/#b"}`:                                   {"#/$id", "$anchor"},
		`{"$defs":{"a":{"$id":"flow://a"},"b":{"$id":"flow://a"}}}`:       {"#/$defs/b/$id", "flow://a", "change one"},
		`{"$defs":{"a":{"$anchor":"a"},"b":{"$dynamicAnchor":"a"}}}`:      {"#/$defs/b/$dynamicAnchor", `"a"`, "change one"},
		strings.Repeat(`{"not":`, 127) + `{}` + strings.Repeat(`}`, 127):  {"nests deeper", "$defs"},
		`{"properties":{"a":`: {"parsing the write schema"},
		`{} {}`:               {"more follows"},
		`5`:                   {"#: 5 is no schema"},
	} {
		_, err := Compile([]byte(schema), nil, nil)
		if err == nil {
			t.Errorf("%s compiles", schema)
			continue
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v: says nothing of %s", schema, err, part)
			}
		}
	}
}
