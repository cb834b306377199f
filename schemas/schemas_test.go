package schemas

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFormatsMeanWhatTheRuntimeMeans(t *testing.T) {
	tried := 0
	for format, c := range map[string]struct{ yes, no []string }{
		"date": {[]string{"2026-11-21", "2024-02-29", "0000-01-01"}, []string{"2026-1-2", "2025-02-29", "2026-11-21T", "2026-11-31", ""}},
		"date-time": {[]string{"2026-11-21T03:04:05Z", "2026-11-21t03:04:05.123z", "2026-11-21T03:04:05-00:00", "1998-12-31T23:59:60Z", "1998-12-31T15:59:60.123-08:00", "2015-07-01T00:59:60+01:00"},
			[]string{"2026-11-21T03:04Z", "2026-11-21 03:04:05Z", "2026-11-21T24:00:00Z", "2026-11-21T03:04:05", "2026-11-21T03:04:05,1Z", "1998-12-31T23:58:60Z", "1998-12-30T23:59:60Z", "1998-12-31T23:59:61Z", "1998-12-31T23:59:60.Z", "2026-11-21T03:04:05.Z"}},
		"datetime": {[]string{"2026-11-21T03:04:05+23:59"}, []string{"2026-11-21T03:04:05+24:00"}},
		"time":     {[]string{"03:04:05Z", "03:04:05z", "03:04:05.5+01:00", "23:59:59-00:10"}, []string{"03:04:05", "3:04:05Z", "23:59:60Z", "24:00:00Z", "03:04:05.Z"}},
		"email": {[]string{"a@b.example", "a+b@localhost", "~!x@b", `"joe bloggs"@b.example`, strings.Repeat("a", 65) + "@b"},
			[]string{"a", "a@", "@b", "A <a@b.example>", "a@b@c d", ".a@b", "a.@b", "a..b@c", "a@10.0.0.1", "a@[127.0.0.1]", "a@-b", strings.Repeat("a", 66) + "@b", strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 97)[:193] + "b"}},
		"hostname": {[]string{"a.example", "localhost", "a-b.c", "xn--80ak6aa92e.com", "1.a", "web.1a", "e5.e5"},
			[]string{"-a", "a-", "a..b", "a_b", "", ".", "a.", "10.0.0.1", "web.123", "123", "x.nan", "x.NaN", "x.inf", "x.Infinity", "x.1e5", "x.1e-5", strings.Repeat("a", 64), strings.Repeat("a.", 127)}},
		"idn-hostname": {nil, []string{"a.example", ""}},
		"idn-email":    {nil, []string{"a@b.example", ""}},
		"ipv4":         {[]string{"1.2.3.4", "255.255.255.255"}, []string{"0.0.0.0", "01.2.3.4", "1.2.3", "1.2.3.04", "256.1.1.1", "::1", ""}},
		"ipv6":         {[]string{"::1", "fe80::1", "::ffff:1.2.3.4"}, []string{"1.2.3.4", "fe80::1%eth0", ":", "12345::"}},
		"macaddr":      {[]string{"aa:bb:cc:dd:ee:ff", "AABBCCDDEEFF", "aa-bbcc:dd-ee-ff"}, []string{"aa:bb:cc:dd:ee", "aa::bb:cc:dd:ee:ff", "aa-bb-cc-dd-ee-ff-", "aa:bb:cc:dd:ee:ff:", "g0bbccddeeff"}},
		"macaddr8":     {[]string{"aa:bb:cc:dd:ee:ff:00:11", "aabbccddeeff0011"}, []string{"aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:ff:00:11:"}},
		"uuid":         {[]string{"01A1fc24-6083-765b-a531-f9cfba424740"}, []string{"01a1fc246083765ba531f9cfba424740", "{01a1fc24-6083-765b-a531-f9cfba424740}", "01a1fc24-6083-765b-a531f9cfba424740-0"}},
		"duration":     {[]string{"P1Y2M3DT4H5M6S", "PT1S", "P2W", "P1M", "PT4H6S"}, []string{"P", "PT", "P1YT", "P1.5D", "-P1D", "P1D2M", "1D", "P1W2D", "p1D", "P1H", "PT1D"}},
		"uri": {[]string{"https://a.example/b?c=d#e", "mailto:a@b.example", "http://[::1]/", "http://u:p@h:80/", "urn:a:b", "a:", "http://[v1.x]:1"},
			[]string{"/a", "http://a b", "http://a/%zz", "http://a/ü", "http://a/#b#c", "http://a/[b]", "http://u@v@h/", "http://[::1", "http://[1.2.3.4]/", "http://a:b/", "1a:b", "", "http://a/\\", "http://a/{b}"}},
		"uri-reference":         {[]string{"/a", "?q", "", "#f", "a/b:c", "//h/p", "%20"}, []string{"a b", "\\", "1:b", "#a#b", "ü", "%2"}},
		"iri":                   {[]string{"http://a/ü", "http://ü.example/?é#à", "http://a/\U00020000"}, []string{"/ü", "http://a/ ü", "http://a/\ue000", "http://a/?\ue000", "http://a/\U000f0000", "http://a/\uffff", "http://a/\u0080"}},
		"iri-reference":         {[]string{"ü", ""}, []string{"ü ü", "\ue000"}},
		"uri-template":          {[]string{"/users/{userid}", "{#var}", "{/var}", "{?var}", "{v:1000}", "{a,b*}", "{a%2f}", "", "ü", "{%2f}"}, []string{"/users/{userId}", "{a.b}", "it's", "a b", "{}", "{v:0}", "{v:10000}", "{", "}", "%2F", "%zz", "{a", "a^b"}},
		"json-pointer":          {[]string{"", "/", "/a~0b", "/a~1/b\n"}, []string{"a", "/~2", "/~", "#/a"}},
		"relative-json-pointer": {[]string{"0", "1/a", "0#", "10/~0"}, []string{"", "/a", "01", "-1/a", "1a", "0##", "0/~"}},
		"regex":                 {[]string{"^a+$", `\p{Script=Greek}`, `[\w--\d]`, "(?x) a # b", "x{1,2000}", `\u0041`, `\<a`, ""}, []string{"(", `\Q..\E`, "(?=a)", `(a)\1`, "*", "a{2,1}", "[b-a]", "(?<n>a)(?<n>b)", `\w{900}`, strings.Repeat("a", 70000)}},
		"integer":               {[]string{"1234", "1234.00", "-5", "1e5", "1E+2", "12.50e1", "100e-2", "0e-5", "1e9223372036854775807", "-0"}, []string{"1_000", " 5", "1.5", "5 ", "", "e5", "12.55e1", "1e-1", "1e9223372036854775808", "0e-9223372036854775807", "0x10", "NaN"}},
		"uint32":                {[]string{"7", "-7"}, []string{"x", "1.5"}},
		"uint64":                {[]string{"7.0"}, []string{"x"}},
		"number":                {[]string{"1.5", "-2e10", "NaN", "Infinity", "-Infinity", "1e9223372036854775807", "1e-5"}, []string{"nan", "inf", "+Infinity", "-NaN", "1,5", "", "1e9223372036854775808", "1.0e-9223372036854775808", "1_0", " 1"}},
		"sha256":                {[]string{"sha256:" + strings.Repeat("0a", 32), "sha256:" + strings.Repeat("0A", 32)}, []string{strings.Repeat("0a", 32), "sha256:0a", "SHA256:" + strings.Repeat("0a", 32)}},
	} {
		v, err := Compile([]byte(`{"properties":{"v":{"format":"`+format+`"}}}`), nil, nil)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		for _, s := range c.yes {
			if found := validate(t, v, mustMarshal(object{"v": s})); len(found) > 0 {
				t.Errorf("%s refuses %q: %v", format, s, found)
			}
		}
		for _, s := range c.no {
			if found := validate(t, v, mustMarshal(object{"v": s})); len(found) != 1 || found[0].Keyword != "format" || found[0].InstanceLocation != "/v" {
				t.Errorf("%s accepts %q: %v", format, s, found)
			}
		}
		if found := validate(t, v, []byte(`{"v":5}`)); len(found) > 0 {
			t.Errorf("%s is asserted of a number: %v", format, found)
		}
		tried++
	}
	if tried != len(formats) {
		t.Errorf("of %d formats, %d are tried", len(formats), tried)
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
		`{"$ref":"#/$defs/a","$defs":{"a":true}}`:                                                                                       true,
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
			if found := validate(t, v, []byte(doc)); (len(found) == 0) != valid {
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
		if found := validate(t, v, []byte(doc)); (len(found) == 0) != valid {
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
		validate(t, v, []byte(doc))
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
	found := validate(t, v, []byte(`{"v":[`+strings.Repeat("1,", 1000)+`"`+strings.Repeat("x", 1000)+`"]}`))
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
		if found := validate(t, v, []byte(doc)); len(found) > 0 {
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
		if found := validate(t, v, []byte(doc)); (len(found) == 0) != unique || len(found) > 0 && found[0].Keyword != "uniqueItems" {
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
	if found := validate(t, v, []byte(`{"v":[`+strings.Join(items, ",")+`]}`)); len(found) > 0 {
		t.Error(found)
	}
	if took := time.Since(started); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// validate validates a document without limits that matter.
func validate(t testing.TB, v *Validator, doc []byte) []Violation {
	t.Helper()
	found, err := v.Validate(t.Context(), doc, NewLimits(len(doc), nil))
	if err != nil {
		t.Fatalf("%.100s: %v", doc, err)
	}
	return found
}
