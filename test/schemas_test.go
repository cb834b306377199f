package test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// judged are values of a member v, by its schema: those that the runtime accepts, and those that would fail its task.
var judged = []struct {
	schema  string
	yes, no []string
}{
	// What differs from a validator that follows one draft.
	{`{"$schema":"http://json-schema.org/draft-07/schema#","prefixItems":[{"type":"string"}],"dependentRequired":{"a":["b"]}}`, []string{`["a"]`, `{"a":1,"b":2}`}, []string{`[1]`, `{"a":1}`}},
	{`{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/$defs/text","maxLength":2}`, []string{`"ab"`}, []string{`"abc"`, `1`}},
	{`{"type":"string","nullable":true}`, []string{`"a"`, `null`}, []string{`1`}},
	{`{"items":[{"type":"string"}],"additionalItems":{"type":"integer"}}`, []string{`["a",1]`}, []string{`[1]`, `["a","b"]`}},
	{`{"additionalItems":{"type":"integer"}}`, []string{`[1]`}, []string{`["a"]`}},
	{`{"properties":{"default":{"items":[{"type":"string"}]},"$recursiveRef":{"items":[{"type":"string"}]}}}`, []string{`{"default":["a"]}`}, []string{`{"default":[1]}`, `{"$recursiveRef":[1]}`}},
	{`{"$ref":"#C##FLOW_TEST_1"}`, []string{`"a"`}, []string{`1`}},
	{`{"$ref":"flow://bundled"}`, []string{`["a"]`}, []string{`[1]`, `["a",2]`}},
	{`{"required":["a","a"],"type":["object","object"],"allOf":[]}`, []string{`{"a":1}`}, []string{`{}`, `[]`}},
	{`{"const":{"uniqueItems":true,"items":[1]}}`, []string{`{"items":[1.0],"uniqueItems":true}`}, []string{`{"prefixItems":[1]}`}},
	{`{"multipleOf":0.01}`, []string{`4`, `0.5`}, []string{`19.99`}},
	{`{"const":18446744073709551616}`, []string{`18446744073709551617`}, []string{`18446744073709555712`}},
	{`{"enum":[1]}`, []string{`1.0`, `0.99999999999999999999`}, []string{`0.9999`}},
	{`{"uniqueItems":true}`, []string{`[1,2,"1"]`}, []string{`[18446744073709551616,18446744073709551617]`, `[1,1.0]`}},
	{`{"minimum":3,"exclusiveMaximum":9}`, []string{`3`, `8.9`}, []string{`1e-999999999`, `9.0`, `8.9999999999999999999`}},
	{`{"type":"integer"}`, []string{`3.0`, `1e2`, `123456789012345678901234567890`}, []string{`3.5`, `1e-1`}},
	{`{"pattern":"^\\d\\w\\s$"}`, []string{`"1é "`, `"१本\u3000"`}, []string{`"a1 "`}},
	{`{"pattern":"\\bcafé\\b"}`, []string{`"un café"`}, []string{`"caféé"`}},
	{`{"pattern":"^\\u0041\\p{Script=Greek}[\\w--\\d]$"}`, []string{`"Aαb"`}, []string{`"Aα1"`, `"Aab"`}},
	{`{"pattern":"(?x) ^ x{1,2000} $ # many"}`, []string{`"xx"`}, []string{`""`, `"x x"`}},
	{`{"items":{"$ref":"#/$defs/deep"}}`, nil, []string{`[1]`}},

	// Formats.
	{`{"format":"date"}`, []string{`"2024-02-29"`, `5`}, []string{`"2025-02-29"`, `"2026-1-2"`}},
	{`{"format":"date-time"}`, []string{`"2026-11-21t03:04:05.678-00:00"`}, []string{`"2026-11-21 03:04:05Z"`}},
	{`{"format":"datetime"}`, []string{`"2026-11-21T03:04:05Z"`}, []string{`"2026-11-21T03:04:05"`}},
	{`{"format":"time"}`, []string{`"03:04:05.5z"`}, []string{`"03:04:05"`}},
	{`{"format":"email"}`, []string{`"a@b.example"`}, []string{`"a@10.0.0.1"`, `"` + strings.Repeat("a", 66) + `@b"`}},
	{`{"format":"hostname"}`, []string{`"a.example"`}, []string{`"10.0.0.1"`, `"web.123"`, `"x.nan"`, `"x.inf"`}},
	{`{"format":"idn-hostname"}`, nil, []string{`"a.example"`}},
	{`{"format":"idn-email"}`, nil, []string{`"a@b.example"`}},
	{`{"format":"ipv4"}`, []string{`"10.0.0.1"`}, []string{`"0.0.0.0"`}},
	{`{"format":"ipv6"}`, []string{`"::1"`}, []string{`"10.0.0.1"`}},
	{`{"format":"macaddr"}`, []string{`"aa:bb-ccddeeff"`}, []string{`"aa:bb:cc:dd:ee:ff:"`}},
	{`{"format":"macaddr8"}`, []string{`"aabbccddeeff0011"`}, []string{`"aabbccddeeff"`}},
	{`{"format":"uuid"}`, []string{`"01A1fc24-6083-765b-a531-f9cfba424740"`}, []string{`"01a1fc246083765ba531f9cfba424740"`}},
	{`{"format":"duration"}`, []string{`"P2W"`, `"P1DT2H"`}, []string{`"P1.5D"`, `"-P1D"`, `"P1H"`}},
	{`{"format":"uri"}`, []string{`"https://a@b/c"`}, []string{`"/c"`, `"https://a@b@c/"`, `"http://a/ü"`}},
	{`{"format":"uri-reference"}`, []string{`"/c"`}, []string{`"a b"`}},
	{`{"format":"iri"}`, []string{`"http://a/ü"`}, []string{`"http://a/\ue000"`}},
	{`{"format":"iri-reference"}`, []string{`"ü"`}, []string{`"\ue000"`}},
	{`{"format":"json-pointer"}`, []string{`"/a~0"`}, []string{`"a"`}},
	{`{"format":"relative-json-pointer"}`, []string{`"1/a"`}, []string{`"/a"`}},
	{`{"format":"uri-template"}`, []string{`"{#var}"`, `"{v:1000}"`}, []string{`"/users/{userId}"`, `"it's"`, `"{}"`}},
	{`{"format":"regex"}`, []string{`"[\\w--\\d]"`}, []string{`"\\Qa\\E"`, `"(?=a)"`}},
	{`{"format":"integer"}`, []string{`"1234.00"`, `"1e5"`}, []string{`"1_000"`, `"1.5"`, `"1e9223372036854775808"`}},
	{`{"format":"uint32"}`, []string{`"7"`}, []string{`" 7"`}},
	{`{"format":"uint64"}`, []string{`"7"`}, []string{`"x"`}},
	{`{"format":"number"}`, []string{`"-Infinity"`, `"1.5"`}, []string{`"nan"`, `"1e9223372036854775808"`}},
	{`{"format":"sha256"}`, []string{`"sha256:` + strings.Repeat("0a", 32) + `"`}, []string{`"` + strings.Repeat("0a", 32) + `"`}},

	// Parsing, whatever the schema.
	{`true`, []string{`1e308`, `123456789012345678901234567890`, `0.` + strings.Repeat("1", 1000), strings.Repeat("[", 97) + strings.Repeat("]", 97), `{"a":1,"a":2}`, `"\u0000"`},
		[]string{`1e400`, `-1e999`, strings.Repeat("[", 127) + strings.Repeat("]", 127), "\"\xff\"", "\"\xed\xa0\x80\"", "\"\n\"", `01`, `NaN`}},
}

// deepSchema is more schemas than may hold for one value.
func deepSchema() string {
	return `{"anyOf":[` + strings.Repeat(`{"type":"null"},`, 600) + `true]}`
}

// A value is answered 200 if the runtime accepts it and 400 if it would fail the task, by each rule of its own.
func TestValuesAreJudgedAsTheRuntimeJudges(t *testing.T) {
	const defs = `"$defs":{"text":{"type":"string"},"anchored":{"$anchor":"C##FLOW_TEST_1","type":"string"},"bundled":{"$id":"flow://bundled",
		"$schema":"https://json-schema.org/draft/2019-09/schema","items":[{"type":"string"}],"additionalItems":false},"deep":%s}`
	both(t, func(t *testing.T, codec string) {
		var bindings []string
		for i, c := range judged {
			bindings = append(bindings, fmt.Sprintf(`{"resourceConfig":{"stream":"s%d","path":"/%[1]d"},"collection":{"name":"acme/c%[1]d","key":["/_meta/webhookId"],"writeSchema":{"properties":{"v":%s},`+defs+`}}}`,
				i, c.schema, deepSchema()))
		}
		r, url := openSession(t, codec, `{"name":"acme/hooks","config":{},"bindings":[`+strings.Join(bindings, ",")+`]}`)
		go func() { _ = r.acknowledgeAll(newOracleOfAnything(newOracle()), func() int { return 1 }) }()
		for i, c := range judged {
			for want, values := range map[int][]string{http.StatusOK: c.yes, http.StatusBadRequest: c.no} {
				for _, value := range values {
					status, text, err := post(t.Context(), fmt.Sprintf("%s/%d", url, i), `{"v":`+value+`}`)
					if err != nil || status != want {
						t.Errorf("%.100s of %.200s: answered %d, not %d: %s, %v", value, c.schema, status, want, text, err)
					}
				}
			}
		}
	})
}

// A refusal names up to 20 violations, innermost; neither it nor the log quotes what the sender wrote.
func TestViolationsSayWhereAndWhat(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, `{"name":"acme/hooks","config":{},"bindings":[{"resourceConfig":{"stream":"in","path":"/in"},"collection":{"name":"acme/in","key":["/_meta/webhookId","/id"],"writeSchema":
			{"properties":{"n":{"maximum":5},"s":{"pattern":"^a","maxLength":3,"format":"date"},"e":{"enum":["x"]},"c":{"const":1},"o":{"anyOf":[{"type":"string"},{"properties":{"kind":{"const":"k"}}}]},"p":{"additionalProperties":false},"l":{"items":{"type":"string"}}},"required":["must"]}}}]}`)
		go func() { _ = r.acknowledgeAll(newOracleOfAnything(newOracle()), func() int { return 1 }) }()
		status, text, err := post(t.Context(), url+"/in", `{"n":770077,"s":"secretive","e":"secretive","c":"secretive","o":{"kind":"secretive"},"p":{"q":"secretive"}}`)
		if err != nil || status != http.StatusBadRequest {
			t.Fatal(status, text, err)
		}
		var answer struct {
			Violations []struct{ InstanceLocation, Keyword, Error string }
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, v := range answer.Violations {
			found[v.Keyword+" "+v.InstanceLocation] = true
			if v.Error == "" {
				t.Error("a violation without a reason:", text)
			}
		}
		for _, want := range []string{"maximum /n", "pattern /s", "maxLength /s", "format /s", "enum /e", "const /c", "type /o", "const /o/kind", "additionalProperties /p/q", "required ", "key /id"} {
			if !found[want] {
				t.Errorf("nothing of %s: %s", want, text)
			}
		}
		logged, err := r.waitLog(func(fields map[string]any) bool { return fields["msg"] == "refused a request" })
		if err != nil {
			t.Fatal(err)
		}
		for _, told := range []string{text, fmt.Sprint(logged)} {
			if strings.Contains(told, "secretive") || strings.Contains(told, "770077") {
				t.Errorf("the sender is quoted: %s", told)
			}
		}
		_, text, err = post(t.Context(), url+"/in", `{"id":1,"must":1,"l":[`+strings.Repeat("1,", 1000)+`1]}`)
		if n := strings.Count(text, `"keyword":"type"`); err != nil || n != 20 {
			t.Errorf("%d violations are told, %v", n, err)
		}
	})
}

// costly is a schema of items of which each takes some hundred steps: of its alternatives, arrays of two meet one.
func costly() string {
	var alternatives []string
	for i := range 300 {
		alternatives = append(alternatives, fmt.Sprintf(`{"type":"array","minItems":%d}`, i+2))
	}
	return `{"items":{"anyOf":[` + strings.Join(alternatives, ",") + `]}}`
}

// What an attacker sends is answered at once, whatever the schema.
func TestValidationIsNoWeapon(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, `{"name":"acme/hooks","config":{},"bindings":[
			{"resourceConfig":{"stream":"a","path":"/a"},"collection":{"name":"acme/a","key":["/_meta/webhookId"],"writeSchema":{"properties":{"v":{"type":"array","items":{"type":"string"}}}}}},
			{"resourceConfig":{"stream":"b","path":"/b"},"collection":{"name":"acme/b","key":["/_meta/webhookId"],"writeSchema":{"properties":{"v":{"$ref":"#/$defs/r"}},"$defs":{"r":{"oneOf":[{"items":{"$ref":"#/$defs/r"}},{"items":{"$ref":"#/$defs/r"},"minItems":2},{"type":"string"}]}}}}},
			{"resourceConfig":{"stream":"c","path":"/c"},"collection":{"name":"acme/c","key":["/_meta/webhookId"],"writeSchema":{"properties":{"v":`+costly()+`}}}},
			{"resourceConfig":{"stream":"d","path":"/d"},"collection":{"name":"acme/d","key":["/_meta/webhookId"],"writeSchema":{"properties":{"w":{"type":"string"},"v":`+costly()+`}}}}]}`)
		go func() { _ = r.acknowledgeAll(newOracleOfAnything(newOracle()), func() int { return 1 }) }()
		numbers := `{"v":[` + strings.Repeat("1,", 8<<20) + `1]}`
		for _, c := range []struct {
			path, body string
			status     int
			says       string
		}{
			{"/a", numbers, http.StatusBadRequest, `"instanceLocation":"/v/19"`},
			{"/b", `{"v":` + strings.Repeat("[", 97) + strings.Repeat("]", 97) + `}`, http.StatusBadRequest, `violations`},
			{"/c", `{"v":[` + strings.Repeat("[[],[]],", 1<<20) + `[[],[]]]}`, http.StatusServiceUnavailable, `takes more steps than a request may`},
			{"/d", `{"w":1,"v":[` + strings.Repeat("[[],[]],", 1<<20) + `[[],[]]]}`, http.StatusBadRequest, `"instanceLocation":"/w"`},
		} {
			started := time.Now()
			status, text, err := post(t.Context(), url+c.path, c.body)
			if took := time.Since(started); err != nil || status != c.status || !strings.Contains(text, c.says) || took > 15*time.Second {
				t.Errorf("%s is answered %d %.300s after %v, %v", c.path, status, text, took, err)
			}
		}
		if resp, err := http.Get(url + "/healthz"); err != nil || resp.StatusCode != http.StatusOK {
			t.Error("it is not well any more:", err)
		} else {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
}

// Nothing goes on for a sender that has left.
func TestValidationEndsWhenTheSenderHasLeft(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, `{"name":"acme/hooks","config":{},"bindings":[{"resourceConfig":{"stream":"in","path":"/in"},"collection":
			{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":{"properties":{"v":`+costly()+`}}}}]}`)
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		body := `{"v":[` + strings.Repeat("[[],[]],", 4<<20) + `[[],[]]]}`
		if _, err := fmt.Fprintf(conn, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		line, err := r.waitLog(func(fields map[string]any) bool { return fields["msg"] == "refused a request" })
		if err != nil || !strings.Contains(fmt.Sprint(line["reason"]), "left") {
			t.Error(line, err)
		}
	})
}
