package schemas

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

func TestFormatsMeanWhatTheRuntimeMeans(t *testing.T) {
	for format, c := range map[string]struct{ yes, no []string }{
		"date":          {[]string{"2026-11-21", "2024-02-29"}, []string{"2026-1-2", "2025-02-29", "2026-11-21T", ""}},
		"date-time":     {[]string{"2026-11-21T03:04:05Z", "2026-11-21t03:04:05.123z", "2026-11-21T03:04:05-00:00"}, []string{"2026-11-21T03:04Z", "2026-11-21 03:04:05Z", "2026-11-21T24:00:00Z", "2026-11-21T03:04:05", "2026-11-21T03:04:05,1Z"}},
		"datetime":      {[]string{"2026-11-21T03:04:05+23:59"}, []string{"2026-11-21T03:04:05+24:00"}},
		"time":          {[]string{"03:04:05Z", "03:04:05.5+01:00"}, []string{"03:04:05", "3:04:05Z"}},
		"email":         {[]string{"a@b.example", "a+b@localhost"}, []string{"a", "a@", "A <a@b.example>", "a@b@c d"}},
		"hostname":      {[]string{"a.example", "localhost", "a-b.c"}, []string{"-a", "a..b", "a_b", "", strings.Repeat("a", 64)}},
		"idn-hostname":  {nil, []string{"a.example"}},
		"idn-email":     {nil, []string{"a@b.example"}},
		"ipv4":          {[]string{"1.2.3.4"}, []string{"0.0.0.0", "1.2.3", "01.2.3.4", "256.1.1.1", "::1"}},
		"ipv6":          {[]string{"::1", "fe80::1"}, []string{"1.2.3.4", "fe80::1%eth0", ":"}},
		"macaddr":       {[]string{"aa:bb:cc:dd:ee:ff", "AABBCCDDEEFF", "aa-bb-cc-dd-ee-ff-"}, []string{"aa:bb:cc:dd:ee", "aa::bb:cc:dd:ee:ff"}},
		"macaddr8":      {[]string{"aa:bb:cc:dd:ee:ff:00:11"}, []string{"aa:bb:cc:dd:ee:ff"}},
		"uuid":          {[]string{"01A1fc24-6083-765b-a531-f9cfba424740"}, []string{"01a1fc246083765ba531f9cfba424740", "{01a1fc24-6083-765b-a531-f9cfba424740}"}},
		"duration":      {[]string{"P1Y2M3DT4H5M6S", "PT1S", "P2W"}, []string{"P", "PT", "P1.5D", "-P1D", "P1D2M", "1D", "P1W2D"}},
		"uri":           {[]string{"https://a.example/b?c=d#e", "mailto:a@b.example", "http://[::1]/"}, []string{"/a", "http://a b", "http://a/%zz", "http://a/ü", "http://a/#b#c", "http://a/[b]"}},
		"uri-reference": {[]string{"/a", "?q", ""}, []string{"a b", "\\"}},
		"iri":           {[]string{"http://a/ü"}, []string{"/ü", "http://a/ ü"}},
		"json-pointer":  {[]string{"", "/a~0b"}, []string{"a", "/~2"}},
		"regex":         {[]string{"^a+$"}, []string{"("}},
		"integer":       {[]string{"1234", "1234.00", "-5"}, []string{"1_000", " 5", "1.5", "5.", ""}},
		"uint64":        {[]string{"7"}, []string{"x"}},
		"number":        {[]string{"1.5", "-2e10", "NaN", "Infinity", "-Infinity"}, []string{"nan", "inf", "1,5", ""}},
		"sha256":        {[]string{"sha256:" + strings.Repeat("0a", 32)}, []string{strings.Repeat("0a", 32), "sha256:0a"}},
		"semver":        {[]string{"anything"}, nil},
		"unheard-of":    {[]string{"anything"}, nil},
	} {
		v, err := Compile([]byte(`{"properties":{"v":{"format":"`+format+`"}}}`), nil, nil)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		for _, s := range c.yes {
			if found := v.Validate(mustMarshal(object{"v": s})); len(found) > 0 {
				t.Errorf("%s refuses %q: %v", format, s, found)
			}
		}
		for _, s := range c.no {
			if found := v.Validate(mustMarshal(object{"v": s})); len(found) != 1 || found[0].Keyword != "format" || found[0].InstanceLocation != "/v" {
				t.Errorf("%s accepts %q: %v", format, s, found)
			}
		}
		if found := v.Validate([]byte(`{"v":5}`)); len(found) > 0 {
			t.Errorf("%s is asserted of a number: %v", format, found)
		}
	}
}

func TestOnlySchemasOfTheConnectorsOwnMembersAreCovered(t *testing.T) {
	for schema, want := range map[string]bool{
		``:                                    true,
		`true`:                                true,
		`{}`:                                  true,
		string(Document(nil, false)):          true,
		string(Document([]string{"x"}, true)): true,
		`false`:                               false,
		`{"type":"array"}`:                    false,
		`{"type":["object","null"],"required":["_meta"],"title":"t","x-other":[1],"reduce":{"strategy":"merge"}}`: true,
		`{"required":["id"]}`:                                     false,
		`{"properties":{"id":{"description":"free"}}}`:            true,
		`{"properties":{"id":{"type":"string"}}}`:                 false,
		`{"minProperties":2}`:                                     false,
		`{"additionalProperties":false}`:                          false,
		`{"additionalProperties":true}`:                           true,
		`{"properties":{"_meta":{"additionalProperties":false}}}`: false,
		`{"properties":{"_meta":{"additionalProperties":false,"properties":{"webhookId":true,"receivedAt":true,"reqPath":true,"headers":true,"pathParams":true,"query":true,"uuid":true,"event":{"properties":{"attempt":{"type":"number"}}}}}}}`: true,
		`{"properties":{"_meta":{"properties":{"event":{"required":["topic"]}}}}}`:                                                      false,
		`{"properties":{"_meta":{"required":["uuid","headers","webhookId","receivedAt","reqPath"]}}}`:                                   true,
		`{"properties":{"_meta":{"required":["query"]}}}`:                                                                               false,
		`{"properties":{"_meta":{"properties":{"webhookId":{"type":"string","format":"uuid"}}}}}`:                                       false,
		`{"properties":{"_meta":{"properties":{"receivedAt":{"type":"string","format":"date-time"}}}}}`:                                 true,
		`{"properties":{"_meta":{"properties":{"headers":{"required":["x-id"]}}}}}`:                                                     false,
		`{"properties":{"_meta":{"properties":{"pathParams":{"required":["x"]}}}}}`:                                                     true,
		`{"properties":{"_meta":{"properties":{"pathParams":{"required":["y"]}}}}}`:                                                     false,
		`{"$defs":{"flow://connector-schema":{"$id":"flow://connector-schema","required":["_meta"]}},"$ref":"flow://connector-schema"}`: true,
		`{"$defs":{"a":{"$id":"flow://a","allOf":[{"$ref":"flow://b"}]},"b":{"$id":"flow://b","required":["z"]}},"$ref":"flow://a"}`:    false,
		`{"$defs":{"a":{"$id":"flow://a","allOf":[{"$ref":"flow://a"}]}},"allOf":[true],"anyOf":[false,{"type":"object"}]}`:             true,
		`{"$ref":"#/$defs/a","$defs":{"a":true}}`:                                                                                       false, // not looked up, so not known
		`{"if":{"required":["a"]},"then":false}`:                                                                                        false,
	} {
		v, err := Compile([]byte(schema), []string{"/_meta/webhookId"}, []string{"x"})
		if err != nil || v.Covered() != want {
			t.Errorf("%s: covered %v, %v", schema, v.Covered(), err)
		}
	}
	if v, err := Compile([]byte(`true`), []string{"/id"}, nil); err != nil || v.Covered() {
		t.Errorf("a key of the sender's is covered, %v", err)
	}
}

func TestTuplesOfBothDraftsAreUnderstood(t *testing.T) {
	for _, schema := range []string{
		`{"properties":{"v":{"items":[{"type":"string"}],"additionalItems":false}}}`,
		`{"properties":{"v":{"prefixItems":[{"type":"string"}],"items":false}}}`,
		`{"$schema":"https://json-schema.org/draft/2019-09/schema","properties":{"v":{"items":[{"type":"string"}],"additionalItems":false}}}`,
	} {
		v, err := Compile([]byte(schema), nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", schema, err)
		}
		for doc, valid := range map[string]bool{`{"v":["a"]}`: true, `{"v":[1]}`: false, `{"v":["a","b"]}`: false} {
			if found := v.Validate([]byte(doc)); (len(found) == 0) != valid {
				t.Errorf("%s of %s: %v", doc, schema, found)
			}
		}
	}
}

func TestKeysNeedAScalarOrADefault(t *testing.T) {
	schema := `{"$defs":{"c":{"$id":"flow://c","properties":{"d":{"properties":{"e":{"default":"none"}}}}}},"$ref":"flow://c"}`
	v, err := Compile([]byte(schema), []string{"/a~1b/0", "/d/e"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for doc, valid := range map[string]bool{
		`{"a/b":["x"]}`: true, `{"a/b":[true],"d":{"e":7}}`: true, `{"a/b":[7.0]}`: true,
		`{"a/b":[7.5]}`: false, `{"a/b":[null]}`: false, `{"a/b":[]}`: false, `{}`: false, `{"a/b":["x"],"d":{"e":{}}}`: false,
	} {
		if found := v.Validate([]byte(doc)); (len(found) == 0) != valid {
			t.Errorf("%s: %v", doc, found)
		}
	}
}

func TestValidationIsLinearInTheBody(t *testing.T) {
	v, err := Compile([]byte(`{"properties":{"n":{"minimum":1,"multipleOf":0.01},"s":{"pattern":"^(a+)+$"}}}`), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	for _, doc := range []string{
		`{"n":1e-999999999}`, `{"n":0.` + strings.Repeat("1", 100_000) + `}`, `{"n":` + strings.Repeat("9", 300) + `}`,
		`{"s":"` + strings.Repeat("a", 100_000) + `b"}`,
	} {
		v.Validate([]byte(doc))
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestViolationsAreBounded(t *testing.T) {
	v, err := Compile([]byte(`{"properties":{"v":{"items":{"type":"string","minLength":3}}}}`), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := v.Validate([]byte(`{"v":[` + strings.Repeat("1,", 1000) + `"` + strings.Repeat("x", 1000) + `"]}`))
	if len(found) != MaxViolations || found[0].InstanceLocation != "/v/0" || found[0].Keyword != "type" {
		t.Errorf("%d violations: %v", len(found), found)
	}
}

func TestEverySampleIsValidAgainstItsDiscoveredSchema(t *testing.T) {
	files, err := filepath.Glob("../intercom/samples/*.json")
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	v, err := Compile(Document(nil, true), []string{"/_meta/webhookId"}, nil)
	if err != nil || !v.Covered() {
		t.Fatalf("covered %v, %v", v.Covered(), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc := strings.Replace(string(text), "{", `{"_meta":{"webhookId":"1","receivedAt":"2026-11-21T00:00:00Z","event":{"topic":"x","attempt":1}},`, 1)
		if found := v.Validate([]byte(doc)); len(found) > 0 {
			t.Errorf("%s: %v", file, found)
		}
	}
}

func TestUniqueItemsAreComparedByValueInLinearTime(t *testing.T) {
	v, err := Compile([]byte(`{"properties":{"v":{"uniqueItems":true},"uniqueItems":{"type":"string"}}}`), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for doc, unique := range map[string]bool{
		`{"v":[1,2,"1",true,null,{},[]]}`: true, `{"v":[1,1.0]}`: false, `{"v":[{"a":1,"b":[1e1]},{"b":[10],"a":1}]}`: false,
		`{"v":[["a","bc"],["ab","c"]]}`: true, `{"v":[1,{"":"1"}]}`: true, `{"v":["a","a"]}`: false, `{"v":"aa","uniqueItems":"x"}`: true,
	} {
		if found := v.Validate([]byte(doc)); (len(found) == 0) != unique || len(found) > 0 && found[0].Keyword != "uniqueItems" {
			t.Errorf("%s: %v", doc, found)
		}
	}
	// All splits of one text at 13 places into strings: a hash of the text alone is the same for each.
	var items []string
	for split := range 1 << 13 {
		item := `["a`
		for bit := range 13 {
			if split>>bit&1 == 1 {
				item += `","a`
			} else {
				item += `\u0004a`
			}
		}
		items = append(items, item+`"]`)
	}
	started := time.Now()
	if found := v.Validate([]byte(`{"v":[` + strings.Join(items, ",") + `]}`)); len(found) > 0 {
		t.Error(found)
	}
	if took := time.Since(started); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// What is decoded is what the standard library decodes, less the digits that a double has no use for.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`{"a":[1,-2.5e3,"x\u00e9\n",{},[],true,false,null]}`, ` [ 1 , { "a\\" : "\"" } ] `, `"\ud83d\ude00"`, `0`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !jsontext.Value(text).IsValid() {
			t.Skip()
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Skip()
		}
		if got := decode(text); !reflect.DeepEqual(got, bound(want)) {
			t.Fatalf("%s was decoded as %#v", text, got)
		}
	})
}

func bound(value any) any {
	switch v := value.(type) {
	case json.Number:
		return boundNumber(string(v))
	case []any:
		for i := range v {
			v[i] = bound(v[i])
		}
	case object:
		for name := range v {
			v[name] = bound(v[name])
		}
	}
	return value
}
