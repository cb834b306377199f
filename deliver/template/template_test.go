package template

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"source-intercom-ingest/deliver/value"
)

// The required cases of the Mustache specification (github.com/mustache/spec, at 9cb20c3). One of a partial that is not
// there is given it empty: here it is refused when it is compiled.
func TestTheMustacheSpecificationIsKept(t *testing.T) {
	text, err := os.ReadFile("testdata/mustache.json")
	if err != nil {
		t.Fatal(err)
	}
	var suites map[string][]struct {
		Name, Template, Expected string
		Data                     json.RawMessage
		Partials                 map[string]string
	}
	if err := json.Unmarshal(text, &suites); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for suite, all := range suites {
		for _, c := range all {
			cases++
			t.Run(suite+"/"+c.Name, func(t *testing.T) {
				if c.Name == "Failed Lookup" {
					c.Partials = map[string]string{"text": ""}
				}
				got, err := renderWith(c.Partials, c.Template, string(c.Data), HTML)
				if err != nil || got != c.Expected {
					t.Errorf("%q, not %q; %v", got, c.Expected, err)
				}
			})
		}
	}
	if cases != 136 {
		t.Errorf("%d cases", cases)
	}
}

func renderWith(partials map[string]string, text, document string, place Place, variables ...Variable) (string, error) {
	set := NewSet(partials)
	if err := set.Check(); err != nil {
		return "", err
	}
	compiled, err := set.Compile(text, place)
	if err != nil {
		return "", err
	}
	v, err := value.Parse([]byte(document))
	if err != nil {
		return "", err
	}
	b, err := compiled.Append(nil, Data{v, variables})
	return string(b), err
}

const document = `{"s":"a\"b\\c\n<é>\u0007","n":215473900112233445,"e":1e15,"f":1.0,"d":12.50,"z":-0,"t":true,"null":null,
	"o":{"b":1,"a":[1,"x"]},"list":["q\"",2,null],"empty":"","at":1785542400,"ms":1785542400123,"iso":"2026-08-01T12:34:56.789+02:00","k":"a/b ?&=ü"}`

// A value is escaped for the place where its tag stands.
func TestAValueIsEscapedForItsPlace(t *testing.T) {
	for _, c := range []struct {
		place          Place
		template, want string
	}{
		{JSON, `{"s":"{{s}}"}`, `{"s":"a\"b\\c\n<é>\u0007"}`},
		{JSON, `{"s":{{s}}}`, `{"s":"a\"b\\c\n<é>\u0007"}`},
		{JSON, `[{{n}},{{e}},{{f}},{{d}},{{z}},{{t}},{{null}},{{gone}}]`, `[215473900112233445,1e15,1.0,12.50,-0,true,null,null]`},
		{JSON, `["{{n}}","{{e}}","{{f}}","{{t}}","{{null}}","{{gone}}"]`, `["215473900112233445","1e15","1.0","true","",""]`},
		{JSON, `{"o":{{o}},"t":"{{o}}"}`, `{"o":{"b":1,"a":[1,"x"]},"t":"{\"b\":1,\"a\":[1,\"x\"]}"}`},
		{JSON, `{"o":{{o.toJson}},"t":"{{o.toJson}}","l":{{list.1.toJson}}}`, `{"o":{"b":1,"a":[1,"x"]},"t":"{\"b\":1,\"a\":[1,\"x\"]}","l":2}`},
		{JSON, `["{{list.0}}",{{list.0}},{{list.7}}]`, `["q\"","q\"",null]`},
		{JSON, `[{{#list}}{{.}}{{^iter.isLast}},{{/iter.isLast}}{{/list}}]`, `["q\"",2,null]`},
		{JSON, `[{{#list}}"{{iter.index}}{{#iter.hasNext}}+{{/iter.hasNext}}"{{#iterHasNext}},{{/iterHasNext}}{{/list}}]`, `["1+","2+","3"]`},
		{JSON, `{"u":"{{k.encodeUrl}}","j":"{{s.escapeJson}}","b":{{k.encodeBase64}}}`, `{"u":"a%2Fb%20%3F%26%3D%C3%BC","j":"a\"b\\c\n<é>\u0007","b":"YS9iID8mPcO8"}`},
		{JSON, `{"j":"{{#escapeJson}}{"x":"{{k}}"}{{/escapeJson}}"}`, `{"j":"{\"x\":\"a/b ?&=ü\"}"}`},
		{JSON, `{"d":{{formatDate at pattern="yyyy-MM-dd'T'HH:mm:ssXXX" timezone="Europe/Berlin"}},"m":"{{formatDate ms pattern="EEE, d MMM yy h:mm a S"}}"}`, `{"d":"2026-08-01T02:00:00+02:00","m":"Sat, 1 Aug 26 12:00 AM 123"}`},
		{JSON, `{"c":{{o.castIntegers.toJson}},"d":{{f.castIntegers.toJson}}}`, `{"c":{"b":1,"a":[1,"x"]},"d":1}`},
		{JSON, `{"p":"{{>p}}","q":{{>p}}}`, `{"p":"a/b ?&=ü","q":"a/b ?&=ü"}`},
		{JSON, `{"p":"{{p}}","v":{{v.b}}}`, `{"p":"a/b ?&=ü","v":1}`},
		{JSON, `{"a":"\\{{k}}"}`, `{"a":"\\a/b ?&=ü"}`},
		{XML, `<a b="{{s}}">{{k}}</a>`, "<a b=\"a&quot;b\\c\n&lt;é&gt;\a\">a/b ?&amp;=ü</a>"},
		{Segment, `/x/{{k}}/y`, `/x/a%2Fb%20%3F%26%3D%C3%BC/y`},
		{Segment, `/{{{k}}}/{{k.encodeUrl}}`, `/a%2Fb%20%3F%26%3D%C3%BC/a%2Fb%20%3F%26%3D%C3%BC`},
		{Form, `a={{k}}&b={{n}}`, `a=a%2Fb+%3F%26%3D%C3%BC&b=215473900112233445`},
		{Text, `{{s}} {{o}} {{#empty}}x{{/empty}}{{^empty}}y{{/empty}}`, "a\"b\\c\n<é>\a {\"b\":1,\"a\":[1,\"x\"]} y"},
		{Text, `{{formatDate iso pattern="yyyy-MM-dd HH:mm a"}}|{{formatDate gone pattern="yyyy"}}|{{encodeBase64 k}}`, "2026-08-01 10:34 AM||YS9iID8mPcO8"},
		{Text, `{{=<% %>=}}<%k%> {{k}}`, "a/b ?&=ü {{k}}"},
	} {
		v, _ := value.Parse([]byte(document))
		got, err := renderWith(map[string]string{"p": "{{k}}"}, c.template, document, c.place, Variable{"v", v.Member("o")})
		if err != nil || got != c.want {
			t.Errorf("%s\n%s, not\n%s; %v", c.template, got, c.want, err)
		}
	}
}

// Digests and HMACs are those that openssl makes.
func TestDigestsAreThoseOfTheirAlgorithms(t *testing.T) {
	for template, want := range map[string]string{
		`{{hash s}}`:                   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		`{{s.hash}}`:                   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		`{{hash s algorithm="SHA-1"}}`: "a9993e364706816aba3e25717850c26c9cd0d89d",
		`{{hash s algorithm="md5"}}`:   "900150983cd24fb0d6963f7d28e17f72",
		`{{#hash}}a{{b}}c{{/hash}}`:    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		`{{hmac q key="Jefe"}}`:        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		`{{hash q key="Jefe"}}`:        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		`{{hash s encoding="base64"}}`: "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
	} {
		got, err := renderWith(nil, template, `{"s":"abc","b":"b","q":"what do ya want for nothing?"}`, Text)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v", template, got, err)
		}
	}
}

// What is wrong in a template is told when it is compiled, with its place and the cure.
func TestWhatIsWrongIsToldWithItsPlace(t *testing.T) {
	for _, c := range []struct {
		place          Place
		template, want string
	}{
		{Text, `ab{{#x}}`, `at byte 2: the section x is not closed; add {{/x}}`},
		{Text, `{{#x}}{{/y}}`, `at byte 6: {{/y}} stands where {{/x}} is expected`},
		{Text, `a{{/y}}`, `at byte 1: {{/y}} closes a section that is not open`},
		{Text, `é{{x`, `at byte 2: the tag has no end; close it with }}`},
		{Text, `{{}}`, `at byte 0: the tag names nothing`},
		{Text, `{{> gone}}`, `at byte 0: there is no template "gone"; add it under templates`},
		{Text, `{{> bad}}`, `template "bad", at byte 0: the section x is not closed`},
		{Text, `{{upper x}}`, `at byte 0: there is no function "upper"; there are encodeBase64, encodeUrl`},
		{Text, `{{formatDate x pattern="QQ"}}`, `at byte 0: formatDate: the pattern "QQ" has "QQ", which is not known`},
		{Text, `{{formatDate x}}`, `it has no pattern`},
		{Text, `{{formatDate x pattern="yyyy" timezone="Mars"}}`, `the timezone "Mars" is not known`},
		{Text, `{{hash x algorithm="crc"}}`, `the algorithm "crc" is not known`},
		{Text, `{{hmac x}}`, `it has no key`},
		{Text, `{{hash x size="1"}}`, `hash has no option "size"`},
		{Text, `{{hash x algorithm=md5}}`, `the option algorithm of hash is written algorithm="…"`},
		{Text, `{{<x}}{{/x}}`, `inheritance of templates`},
		{Text, `{{a..b}}`, `has a part without a name`},
		{Text, `{{=a=}}`, `delimiters are set as in`},
		{JSON, `{"a":"{{#x}}b"{{/x}}}`, `at byte 6: the section x closes a string of JSON that it did not open`},
		{JSON, `{"a":{{#x}}"b{{/x}}"}`, `at byte 5: the section x opens a string of JSON without closing it`},
		{JSON, `{"a":{{^x}}"b{{/x}}"}`, `at byte 5: the section x opens a string`},
		{JSON, `{"a":"{{x}}}`, `at byte 12: a string of JSON is not closed`},
		{JSON, `{"a":"\{{x}}"}`, `a backslash stands before the tag`},
		{JSON, `{"a":{{> quote}}}`, `template "quote", at byte 2: the template opens a string`},
		{JSON, `{"a":{{> again}}}`, `is used in itself with ever more indentation`},
	} {
		set := NewSet(map[string]string{"bad": "{{#x}}", "quote": `"a`, "again": "x\n  {{>again}}\n"})
		_, err := set.Compile(c.template, c.place)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, not %s", c.template, err, c.want)
		}
	}
}

// What a document lacks that its request needs is an error, not another request.
func TestAPartOfAPathIsNeverEmpty(t *testing.T) {
	for _, template := range []string{`/tags/{{gone}}`, `/tags/{{empty}}/x`, `/{{encodeUrl gone}}`, `/{{null}}`} {
		if got, err := renderWith(nil, template, document, Segment); err == nil {
			t.Errorf("%s became %s", template, got)
		}
	}
	if _, err := renderWith(nil, `{{formatDate s pattern="yyyy"}}`, document, Text); err == nil {
		t.Error("no time is taken")
	}
	if _, err := renderWith(map[string]string{"p": "{{#.}}{{>p}}{{/.}}"}, `{{>p}}`, `1`, Text); err == nil {
		t.Error("it goes on for ever")
	}
}

// No document makes invalid JSON of a template, and each value arrives as it is.
func TestNoDocumentMakesInvalidJSON(t *testing.T) {
	set := NewSet(nil)
	compiled, err := set.Compile(`{"in":"{{a}}","out":{{a}},"all":{{.}},"list":[{{#l}}{{.}}{{^iter.isLast}},{{/iter.isLast}}{{/l}}],"{{k}}":1,"b":"<{{b.c}}>"}`, JSON)
	if err != nil {
		t.Fatal(err)
	}
	anything := rapid.Custom(func(t *rapid.T) any { return anyValue(t, 3) })
	rapid.Check(t, func(t *rapid.T) {
		given := map[string]any{"a": anything.Draw(t, "a"), "l": rapid.SliceOf(anything).Draw(t, "l"), "k": rapid.String().Draw(t, "k"), "b": anything.Draw(t, "b")}
		text, err := json.Marshal(given)
		if err != nil {
			t.Fatal(err)
		}
		v, err := value.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := compiled.Append(nil, Data{Document: v})
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		if err := dec.Decode(&got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		var want map[string]any
		dec = json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if given["k"] == "out" || given["k"] == "all" || given["k"] == "in" || given["k"] == "list" || given["k"] == "b" {
			t.Skip()
		}
		if d := cmp.Diff(want["a"], got["out"]) + cmp.Diff(any(want), got["all"]) + cmp.Diff(want["l"], got["list"]); d != "" {
			t.Fatal(d)
		}
		if s, ok := want["a"].(string); ok && got["in"] != s {
			t.Fatalf("%q became %q", s, got["in"])
		}
	})
}

func anyValue(t *rapid.T, depth int) any {
	switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
	case kind == 0:
		return nil
	case kind == 1:
		return rapid.Bool().Draw(t, "bool")
	case kind == 2:
		return json.Number(rapid.SampledFrom([]string{"0", "-0", "1.0", "12.50", "1e15", "215473900112233445", "1E-400", "-7"}).Draw(t, "number"))
	case kind == 5 && depth > 0:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			list = append(list, anyValue(t, depth-1))
		}
		return list
	case kind == 6 && depth > 0:
		object := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			object[rapid.StringMatching(`[a-c"\\é]{0,2}`).Draw(t, "name")] = anyValue(t, depth-1)
		}
		return object
	}
	return rapid.String().Draw(t, "string")
}

// FuzzTemplates holds that a template that compiles for JSON, with tags as values or in strings only, makes JSON of any document,
// where it makes JSON of one.
func FuzzTemplates(f *testing.F) {
	f.Add(`{"a":"{{x}}","b":{{y}}}`, `{"x":"\"","y":[1]}`)
	f.Add(`[{{#l}}"{{.}}"{{^iter.isLast}},{{/iter.isLast}}{{/l}}]`, `{"l":["a",{}]}`)
	f.Add(`{{=<% %>=}}"<%x.escapeJson%>"`, `{"x":"\\"}`)
	f.Add("{{! c }}\n  {{#x}}\n1\n{{/x}}\n", `{"x":true}`)
	f.Fuzz(func(t *testing.T, template, document string) {
		compiled, err := NewSet(map[string]string{"p": "{{x}}"}).Compile(template, JSON)
		if err != nil {
			return
		}
		v, err := value.Parse([]byte(document))
		if err != nil {
			return
		}
		if compiled.Fixed() == nil {
			b, err := compiled.Append(nil, Data{Document: v})
			if err == nil && !compiled.loose && !json.Valid(b) {
				t.Errorf("%q with %q became %q", template, document, b)
			}
		}
	})
}

// A template of ten variables takes few microseconds and allocations.
func BenchmarkTemplate(b *testing.B) {
	compiled, err := NewSet(nil).Compile(`{"a":"{{s}}","b":{{n}},"c":"{{k}}","d":{{o.b}},"e":{{o}},"f":"{{iso}}","g":{{t}},"h":"{{ms}}","i":{{at}},"j":"{{list.0}}"}`, JSON)
	if err != nil {
		b.Fatal(err)
	}
	v, _ := value.Parse([]byte(document))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compiled.Append(make([]byte, 0, 1024), Data{Document: v}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestRenderingAllocatesNoMoreThanItsResult(t *testing.T) {
	compiled, err := NewSet(nil).Compile(`{"a":"{{s}}","b":{{n}},"c":"{{k}}","d":{{o.b}},"e":"{{iso}}","f":{{t}}}`, JSON)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := value.Parse([]byte(document))
	b := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { b, _ = compiled.Append(b[:0], Data{Document: v}) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
