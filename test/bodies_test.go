package test

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// What senders can not change, and what it means: the documents without _meta, and whether one is mended.
var bodies = []struct {
	name, kind, encoding, body string
	documents                  []string
	mended                     bool
}{
	{"byte order mark", "application/json", "", "\xef\xbb\xbf {\"a\":1}", []string{`{"a":1}`}, false},
	{"byte order mark, array", "application/json", "", "\xef\xbb\xbf[{\"a\":1},{\"b\":2}]", []string{`{"a":1}`, `{"b":2}`}, false},
	{"byte order mark, several lines and a name twice", "application/json", "", "\xef\xbb\xbf{\n\"a\":1,\n\"a\":2}", []string{`{"a":2}`}, false},
	{"high half", "application/json", "", `{"a":"x\ud800y"}`, []string{`{"a":"x\ufffdy"}`}, true},
	{"low half", "application/json", "", `{"a":"\uDC00"}`, []string{`{"a":"\ufffd"}`}, true},
	{"halves in the wrong order", "application/json", "", `{"a":"\udc00\ud800"}`, []string{`{"a":"\ufffd\ufffd"}`}, true},
	{"a half before a pair", "application/json", "", `{"a":"\ud83d\ud83d\ude00"}`, []string{`{"a":"\ufffd\ud83d\ude00"}`}, true},
	{"a half before another escape", "application/json", "", `{"a":"\ud83d\u0041\n"}`, []string{`{"a":"\ufffdA\n"}`}, true},
	{"a half in a name", "application/json", "", `{"a\ud800":{"b\udfff":[1]}}`, []string{`{"a\ufffd":{"b\ufffd":[1]}}`}, true},
	{"names that become one", "application/json", "", `{"\ud800":1,"\udbff":2,"\ufffd":3}`, []string{`{"\ufffd":3}`}, true},
	{"a half in one's own _meta", "application/json", "", `{"_meta":{"x":"\ud800"},"a":1}`, []string{`{"a":1}`}, true},
	{"a pair", "application/json", "", `{"a":"\ud83d\ude00"}`, []string{`{"a":"\ud83d\ude00"}`}, false},
	{"none", "application/json", "none", `{"a":1}`, []string{`{"a":1}`}, false},
	{"utf-8", "application/json", "utf-8", `{"a":1}`, []string{`{"a":1}`}, false},
	{"identity", "application/json", "Identity", `{"a":1}`, []string{`{"a":1}`}, false},
	{"gzip that is none", "application/json", "gzip", ` {"a":1}`, []string{`{"a":1}`}, false},
	{"br that is none", "application/json", "br", `[{"a":1}]`, []string{`{"a":1}`}, false},
	{"many that are none", "application/json", "gzip, zstd, deflate, br, x", "\xef\xbb\xbf{\"a\":1}", []string{`{"a":1}`}, false},
	{"zstd over lines", "application/x-ndjson", "zstd", "{\"a\":1}\n{\"a\":2}\n", []string{`{"a":1}`, `{"a":2}`}, false},
	{"form with a payload", "application/x-www-form-urlencoded", "", `payload=%7B%22zen%22%3A%22a+b%22%7D`, []string{`{"zen":"a b"}`}, false},
	{"form with a payload that is an array", "application/x-www-form-urlencoded; charset=UTF-8", "", `x=1&payload=[{"a":1},{"b":2}]`, []string{`{"a":1}`, `{"b":2}`}, false},
	{"form with a payload that is text", "application/x-www-form-urlencoded", "", `payload=hello+there&a=`, []string{`{"payload":"hello there","a":""}`}, false},
	{"form with two payloads", "application/x-www-form-urlencoded", "", `payload={}&payload={}`, []string{`{"payload":["{}","{}"]}`}, false},
	{"form of Twilio", "Application/X-WWW-Form-Urlencoded", "", `MessageSid=SM1&MessageStatus=delivered&To=%2B15551234567&Media=a&Media=b`, []string{`{"MessageSid":"SM1","MessageStatus":"delivered","To":"+15551234567","Media":["a","b"]}`}, false},
	{"form with odd members", "application/x-www-form-urlencoded", "", `a&=b&&"q"=%22%0A%c3%bc`, []string{`{"a":"","":"b","\"q\"":"\"\nü"}`}, false},
	{"JSON that curl calls a form", "application/x-www-form-urlencoded", "", `{"a":"b&c=d"}`, []string{`{"a":"b&c=d"}`}, false},
	{"lines", "application/x-ndjson", "", "{\"a\":1}\n{\"a\":2}\r\n\n{\"a\":3}", []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}, false},
	{"lines, one alone", "application/jsonl", "", "{\"a\":1}\n", []string{`{"a":1}`}, false},
	{"lines that are called JSON", "application/json", "", "{\"a\":1}\n{\"a\":\"\\ud800\"}", []string{`{"a":1}`, `{"a":"\ufffd"}`}, true},
	{"values over several lines", "", "", "{\n\"a\":1\n}\n{\n\"a\":2\n}\n", []string{`{"a":1}`, `{"a":2}`}, false},
}

// keep acknowledges all, and returns what is captured for each request.
func (r *runtime) keep() <-chan []document {
	captured := make(chan []document, 100)
	go r.acknowledgeEach(func(documents []document) { captured <- documents })
	return captured
}

// answered posts a webhook, and returns its answer and its documents; none if it is answered otherwise than 200.
func answered(t *testing.T, url string, captured <-chan []document, body string, headers ...string) (string, []document) {
	t.Helper()
	status, answer, err := post(t.Context(), url, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK {
		return answer, nil
	}
	return answer, <-captured
}

// signSHA256 signs as GitHub does.
func signSHA256(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestBodiesThatMeanOneThing(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, openCapture)
		captured := r.keep()
		for _, c := range bodies {
			headers := []string{"Content-Type", c.kind}
			if c.encoding != "" {
				headers = append(headers, "Content-Encoding", c.encoding)
			}
			answer, documents := answered(t, url+"/in", captured, c.body, headers...)
			if len(documents) != len(c.documents) {
				t.Errorf("%s: answered %s with %d documents", c.name, answer, len(documents))
				continue
			}
			mended := false
			for i, d := range documents {
				var got, want map[string]any
				if err := json.Unmarshal(d.Doc, &got); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal([]byte(c.documents[i]), &want); err != nil {
					t.Fatal(err)
				}
				mended = mended || got["_meta"].(map[string]any)["mended"] == true
				delete(got, "_meta")
				if !reflect.DeepEqual(got, want) || bytes.Contains(d.Doc, []byte(`\ud800"`)) {
					t.Errorf("%s: document %d is %s", c.name, i, d.Doc)
				}
			}
			if mended != c.mended {
				t.Errorf("%s: mended is %v", c.name, mended)
			}
		}
	})
}

// What is refused, and where it says that it is wrong.
func TestBodiesThatMeanNothing(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, _ = w.Write([]byte("no JSON"))
	w.Close()
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, openCapture)
		go r.acknowledgeEach(func([]document) { t.Error("something is captured") })
		for _, c := range []struct{ kind, encoding, body, reason string }{
			{"application/json", "", "{\"a\":\"\xed\xa0\x80\"}", "not UTF-8"},
			{"application/json", "", "\xff\xfe{\x00}\x00", "not JSON"},
			{"application/json", "", "", "empty"},
			{"application/json", "", "\xef\xbb\xbf \n", "empty"},
			{"application/x-www-form-urlencoded", "", "", "empty"},
			{"application/json", "", `{"a":"\ud8"}`, "hexadecimal"},
			{"application/json", "", `{"a":1} {"b":2}`, "line of its own"},
			{"application/x-ndjson", "", "{\"a\":1}\n[1]", "an array where an object"},
			{"application/x-ndjson", "", "{\"a\":1}\nhello", "not JSON"},
			{"application/json", "", "{\"a\":1}\n{\"a\":", "ends early"},
			{"application/x-www-form-urlencoded", "", `a=%zz`, "hexadecimal"},
			{"application/x-www-form-urlencoded", "", `a=%ff`, "UTF-8"},
			{"application/x-www-form-urlencoded", "", `&&`, "without members"},
			{"application/x-www-form-urlencoded", "", `payload=[1]`, "a number where an object"},
			{"application/json", "gzip", "hello", "gzip"},
			{"application/json", "gzip", bomb.String(), "not JSON"},
			{"text/plain", "", "customers wrote this", "not JSON"},
		} {
			headers := []string{"Content-Type", c.kind}
			if c.encoding != "" {
				headers = append(headers, "Content-Encoding", c.encoding)
			}
			if status, answer, err := post(t.Context(), url+"/in", c.body, headers...); err != nil || status != http.StatusBadRequest || !strings.Contains(answer, c.reason) {
				t.Errorf("%s %q: answered %d %s, %v", c.kind, c.body, status, answer, err)
			}
		}
		if strings.Contains(r.logged(), "customers wrote") || strings.Contains(r.logged(), "hello") || strings.Contains(r.logged(), "'c' where") {
			t.Errorf("a body is logged: %s", r.logged())
		}
	})
}

// An empty body is captured where its binding says so: the event is in headers and query.
func TestAnEmptyBodyIsCapturedWhereAskedFor(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, `{"name":"acme/hooks","config":{"signatureConfig":{"provider":"github","secret":"s"}},"bindings":[
			{"resourceConfig":{"stream":"in","path":"/in","emptyBody":"capture"},"collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":true}},
			{"resourceConfig":{"stream":"no","path":"/no","emptyBody":"refuse"},"collection":{"name":"acme/no","key":["/_meta/webhookId"],"writeSchema":true}}]}`)
		captured := r.keep()
		for _, body := range []string{"", " \r\n"} {
			answer, documents := answered(t, url+"/in?state=exists", captured, body, "X-Hub-Signature-256", signSHA256("s", body), "X-Goog-Resource-Id", "r1")
			if len(documents) != 1 || !strings.HasSuffix(string(documents[0].Doc), `}}`) || !strings.Contains(string(documents[0].Doc), `"x-goog-resource-id":"r1"`) ||
				!strings.Contains(string(documents[0].Doc), `"query":{"state":"exists"}`) {
				t.Errorf("%q: answered %s with %v", body, answer, documents)
			}
		}
		if status, answer, err := post(t.Context(), url+"/no", "", "X-Hub-Signature-256", signSHA256("s", "")); err != nil || status != 400 || !strings.Contains(answer, "empty") {
			t.Errorf("answered %d %s, %v", status, answer, err)
		}
		for _, path := range []string{"/in", "/no"} {
			if status, answer, err := post(t.Context(), url+path, "", "X-Hub-Signature-256", "sha256=00"); err != nil || status != 401 {
				t.Errorf("answered %d %s, %v", status, answer, err)
			}
		}
	})
}

// What is authentic and refused for its content is kept where a binding takes it, with all that is needed to try it again.
func TestWhatIsRefusedForItsContentIsKeptWhereAskedFor(t *testing.T) {
	const capture = `{"name":"acme/hooks","config":{"requireAuthToken":"t"},"bindings":[
		{"resourceConfig":{"stream":"in","path":"/in/{x}","idFromHeader":"X-Id"},"collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":{"properties":{"n":{"type":"integer"}}}}},
		{"resourceConfig":{"stream":"#refused","refused":true},"collection":{"name":"acme/refused","key":["/_meta/webhookId"],"writeSchema":{"type":"object","required":["status","reason"]}}}]}`
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, capture)
		captured := r.keep()
		for _, c := range []struct {
			body, reason, text string
			headers            []string
			status             float64
			violations         int
		}{
			{"no JSON", "not JSON", "no JSON", []string{"X-Id", "1"}, 400, 0},
			{"[1]", "an object is expected", "[1]", []string{"X-Id", "2"}, 400, 0},
			{`{"n":"x"}`, "write schema", `{"n":"x"}`, []string{"X-Id", "3"}, 400, 1},
			{`[{},{"n":"x"}]`, "write schema", `[{},{"n":"x"}]`, []string{"X-Id", "4"}, 400, 1},
			{`{"n":1}`, "X-Id is required", `{"n":1}`, nil, 400, 0},
			{"", "empty", "", []string{"X-Id", "5"}, 400, 0},
			{"\xff\x00", "not JSON", "base64:/wA=", []string{"X-Id", "6"}, 400, 0},
			{"\x1f\x8b", "gzip", "base64:H4s=", []string{"X-Id", "7", "Content-Encoding", "gzip"}, 400, 0},
			{"x", "compress", "x", []string{"X-Id", "8", "Content-Encoding", "compress"}, 415, 0},
		} {
			answer, documents := answered(t, url+"/in/7?q=1", captured, c.body, append(c.headers, "Authorization", "Bearer t")...)
			var doc struct {
				Meta struct {
					WebhookID, ReqPath string
					PathParams, Query  map[string]string
				} `json:"_meta"`
				Status           float64
				Reason           string
				Violations       []map[string]any
				Body, BodyBase64 *string
			}
			if len(documents) != 1 || documents[0].Binding != 1 {
				t.Fatalf("%q: answered %s with %v", c.body, answer, documents)
			}
			if err := json.Unmarshal(documents[0].Doc, &doc); err != nil {
				t.Fatal(err)
			}
			text := ""
			if doc.BodyBase64 != nil {
				text = "base64:" + *doc.BodyBase64
			} else if doc.Body != nil {
				text = *doc.Body
			}
			if doc.Status != c.status || !strings.Contains(doc.Reason, c.reason) || text != c.text || len(doc.Violations) != c.violations ||
				doc.Meta.ReqPath != "/in/{x}" || doc.Meta.PathParams["x"] != "7" || doc.Meta.Query["q"] != "1" || c.headers != nil && doc.Meta.WebhookID != c.headers[1] {
				t.Errorf("%q: %s", c.body, documents[0].Doc)
			}
			var told struct {
				Published int
				Refused   string
			}
			if err := json.Unmarshal([]byte(answer), &told); err != nil || told.Published != 1 || !strings.Contains(told.Refused, c.reason) {
				t.Errorf("%q: answered %s, %v", c.body, answer, err)
			}
		}
		// Who is not authentic is refused as ever.
		if status, _, err := post(t.Context(), url+"/in/7", "no JSON", "Authorization", "Bearer other"); err != nil || status != 403 {
			t.Errorf("answered %d, %v", status, err)
		}
	})
}
