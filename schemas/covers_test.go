package schemas

import "testing"

// ofMeta is a schema of documents that has a schema for a member of _meta.
func ofMeta(name, schema string) string {
	return `{"properties":{"_meta":{"properties":{"` + name + `":` + schema + `}}}}`
}

// Each keyword that could refuse a document of the connector keeps a schema from being covered, and a schema of which each
// such keyword is known to be kept is covered.
func TestEveryKeywordCountsForWhatIsCovered(t *testing.T) {
	cases := map[string]struct{ no, yes []string }{
		"type":                  {[]string{`{"type":"array"}`, ofMeta("webhookId", `{"type":"integer"}`), `{"properties":{"id":{"type":"string"}}}`, ofMeta("event", `{"properties":{"attempt":{"type":"string"}}}`)}, []string{`{"type":["object","null"]}`, ofMeta("webhookId", `{"type":"string"}`), ofMeta("event", `{"properties":{"attempt":{"type":"integer"}}}`), ofMeta("event", `{"properties":{"attempt":{"type":"number"}}}`)}},
		"nullable":              {[]string{`{"type":"string","nullable":true}`}, []string{`{"type":"object","nullable":true}`}},
		"const":                 {[]string{ofMeta("webhookId", `{"const":"a"}`)}, nil},
		"enum":                  {[]string{ofMeta("webhookId", `{"enum":["a"]}`)}, nil},
		"minLength":             {[]string{ofMeta("webhookId", `{"minLength":1}`)}, []string{ofMeta("webhookId", `{"minLength":0}`)}},
		"maxLength":             {[]string{ofMeta("webhookId", `{"maxLength":1}`)}, nil},
		"pattern":               {[]string{ofMeta("webhookId", `{"pattern":"a"}`)}, nil},
		"format":                {[]string{ofMeta("webhookId", `{"format":"uuid"}`), `{"properties":{"id":{"format":"date"}}}`}, []string{ofMeta("receivedAt", `{"format":"date-time"}`), `{"format":"date"}`, ofMeta("event", `{"properties":{"attempt":{"format":"date"}}}`)}},
		"minimum":               {[]string{ofMeta("event", `{"properties":{"attempt":{"minimum":2}}}`)}, nil},
		"maximum":               {[]string{ofMeta("event", `{"properties":{"attempt":{"maximum":2}}}`)}, nil},
		"exclusiveMinimum":      {[]string{ofMeta("event", `{"properties":{"attempt":{"exclusiveMinimum":2}}}`)}, nil},
		"exclusiveMaximum":      {[]string{ofMeta("event", `{"properties":{"attempt":{"exclusiveMaximum":2}}}`)}, nil},
		"multipleOf":            {[]string{ofMeta("event", `{"properties":{"attempt":{"multipleOf":2}}}`)}, nil},
		"items":                 {[]string{`{"properties":{"id":{"items":false}}}`, `{"properties":{"id":{"items":[false]}}}`}, nil},
		"prefixItems":           {[]string{`{"properties":{"id":{"prefixItems":[false]}}}`}, nil},
		"additionalItems":       {[]string{`{"properties":{"id":{"additionalItems":false}}}`}, nil},
		"unevaluatedItems":      {[]string{`{"properties":{"id":{"unevaluatedItems":false}}}`}, nil},
		"contains":              {[]string{`{"properties":{"id":{"contains":false}}}`}, nil},
		"minContains":           {[]string{`{"properties":{"id":{"contains":true,"minContains":2}}}`}, nil},
		"maxContains":           {[]string{`{"properties":{"id":{"contains":true,"minContains":0,"maxContains":2}}}`}, nil},
		"minItems":              {[]string{`{"properties":{"id":{"minItems":1}}}`}, nil},
		"maxItems":              {[]string{`{"properties":{"id":{"maxItems":1}}}`}, nil},
		"uniqueItems":           {[]string{`{"properties":{"id":{"uniqueItems":true}}}`}, nil},
		"properties":            {[]string{`{"properties":{"id":false}}`, `{"properties":{"_meta":false}}`}, []string{`{"properties":{"id":true,"x":{"description":"free"}}}`, ofMeta("other", `false`)}},
		"patternProperties":     {[]string{`{"patternProperties":{"a":false}}`}, nil},
		"additionalProperties":  {[]string{`{"additionalProperties":false}`, ofMeta("headers", `{"additionalProperties":false}`), `{"properties":{"_meta":{"additionalProperties":{"type":"string"}}}}`, `{"properties":{"_meta":true},"additionalProperties":{"type":"string"}}`}, []string{`{"additionalProperties":true}`, ofMeta("headers", `{"additionalProperties":{"type":"string"}}`)}},
		"unevaluatedProperties": {[]string{`{"unevaluatedProperties":false}`}, nil},
		"propertyNames":         {[]string{`{"propertyNames":{"maxLength":5}}`}, nil},
		"required":              {[]string{`{"required":["id"]}`, `{"properties":{"_meta":{"required":["query"]}}}`, ofMeta("event", `{"required":["topic"]}`)}, []string{`{"required":["_meta"]}`, `{"properties":{"_meta":{"required":["uuid","webhookId","receivedAt","reqPath","headers"]}}}`}},
		"minProperties":         {[]string{`{"minProperties":2}`}, []string{`{"minProperties":0}`}},
		"maxProperties":         {[]string{`{"maxProperties":2}`}, nil},
		"dependentRequired":     {[]string{`{"dependentRequired":{"a":["b"]}}`}, nil},
		"dependentSchemas":      {[]string{`{"dependentSchemas":{"a":false}}`}, nil},
		"allOf":                 {[]string{`{"allOf":[true,{"required":["id"]}]}`}, []string{`{"allOf":[true,{"type":"object"}]}`, `{"allOf":[]}`}},
		"anyOf":                 {[]string{`{"anyOf":[{"required":["id"]},false]}`, `{"anyOf":[]}`}, []string{`{"anyOf":[false,{"type":"object"}]}`}},
		"oneOf":                 {[]string{`{"oneOf":[{"type":"object"},true]}`}, nil},
		"not":                   {[]string{`{"not":{"required":["id"]}}`}, nil},
		"if":                    {[]string{`{"if":{"required":["id"]},"then":false}`}, nil},
		"then":                  {[]string{`{"if":true,"then":false}`}, nil},
		"else":                  {[]string{`{"if":{"required":["id"]},"else":false}`}, nil},
		"$ref":                  {[]string{`{"$ref":"#/$defs/a","$defs":{"a":{"required":["id"]}}}`, `{"$ref":"#"}`}, []string{`{"$ref":"#/$defs/a","$defs":{"a":{"type":"object"}}}`}},
		"$dynamicRef":           {[]string{`{"$dynamicRef":"#a","$defs":{"a":{"$dynamicAnchor":"a"}}}`}, []string{`{"$dynamicRef":"#a","$defs":{"a":{"$anchor":"a"}}}`}},
		"$recursiveRef":         {[]string{`{"properties":{"id":{"$recursiveRef":"#"}},"type":"object"}`}, nil},
		"$anchor":               {nil, []string{`{"$anchor":"a"}`}},
		"$dynamicAnchor":        {nil, []string{`{"$dynamicAnchor":"a"}`}},
		"$recursiveAnchor":      {nil, []string{`{"$recursiveAnchor":true}`}},
		"default":               {nil, []string{`{"default":false}`}},
	}
	for keyword, c := range cases {
		for covered, schemas := range map[bool][]string{false: c.no, true: c.yes} {
			for _, schema := range schemas {
				if v := compiled(t, schema); v.Covered() != covered {
					t.Errorf("%s: %s is covered: %v", keyword, schema, v.Covered())
				}
			}
		}
	}
	for name, k := range keywords {
		if _, ok := cases[name]; k.compile != nil && !ok {
			t.Errorf("no case has %s", name)
		}
	}
}

// What is covered is accepted: by a schema that is covered, each document that the connector makes.
func TestWhatIsCoveredIsAccepted(t *testing.T) {
	v, err := Compile(Document([]string{"x"}, true), []string{"/_meta/webhookId"}, []string{"x"})
	if err != nil || !v.Covered() {
		t.Fatal(v, err)
	}
	doc := `{"_meta":{"webhookId":"1","receivedAt":"2026-11-21T00:00:00Z","reqPath":"/{x}","pathParams":{"x":"1"},"headers":{"a":"b"},"event":{"topic":"t","attempt":1}},"id":5}`
	if found := validate(t, v, []byte(doc)); len(found) > 0 {
		t.Error(found)
	}
}

// The runtime replaces the id that a sender puts under _meta.
func TestTheUUIDIsTheRuntimes(t *testing.T) {
	v := compiled(t, `{"properties":{"_meta":{"properties":{"uuid":{"type":"string","pattern":"^DocUUID"}},"maxProperties":3,"required":["uuid"],"dependentSchemas":{"uuid":{"required":["webhookId"]}},"additionalProperties":{"const":"1"}},"uuid":{"type":"null"}}}`)
	for _, doc := range []string{`{"_meta":{"webhookId":"1"}}`, `{"_meta":{"webhookId":"1","uuid":5}}`, `{"_meta":{"webhookId":"1","\u0075uid":[1],"other":"1"},"uuid":null}`} {
		if found := validate(t, v, []byte(doc)); len(found) > 0 {
			t.Errorf("%s: %v", doc, found)
		}
	}
	v = compiled(t, `{"properties":{"_meta":{"const":{"uuid":"`+uuidPlaceholder+`","webhookId":"1"}}}}`)
	if found := validate(t, v, []byte(`{"_meta":{"webhookId":"1","uuid":5}}`)); len(found) > 0 {
		t.Error(found)
	}
	v, err := Compile([]byte(`{}`), []string{"/_meta/uuid", "/uuid"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if found := validate(t, v, []byte(`{"_meta":{"webhookId":"1","uuid":{}},"uuid":1}`)); len(found) > 0 {
		t.Error(found)
	}
}
