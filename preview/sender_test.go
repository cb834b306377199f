package preview

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"source-intercom-ingest/curl"
	"source-intercom-ingest/intercom"
)

// A document without its _meta is what its sender sent, byte for byte.
func TestADocumentWithoutItsMeta(t *testing.T) {
	for document, want := range map[string]string{
		`{"_meta":{"a":[1,{"_meta":2}]}, "a<b" : 1.50,"c":"\u00e9" }`: `{ "a<b" : 1.50,"c":"\u00e9" }`,
		`{"_meta":{}}`:                   `{}`,
		`{"_meta":{} , "a":1}`:           `{ "a":1}`,
		`{"a":{"_meta":1},"_meta":{}}`:   `{"a":{"_meta":1}}`,
		`{"a":1,"_meta":{},"b":2}`:       `{"a":1,"b":2}`,
		`{"\u005fmeta":{},"b":2}`:        `{"b":2}`,
		`{"_meta":{},"a":1,"a":2}`:       `{"a":1,"a":2}`,
		`{"_meta":{},"a":"` + "\n" + `"`: "",
	} {
		got, err := withoutMeta([]byte(document))
		if want != "" && (err != nil || string(got) != want) {
			t.Errorf("%s becomes %s, %v", document, got, err)
		}
	}
}

func FuzzADocumentWithoutItsMeta(f *testing.F) {
	f.Add([]byte(`"a":1`))
	f.Add([]byte(`"a":{"_meta":[]},"b":"\ud800"`))
	f.Fuzz(func(t *testing.T, members []byte) {
		sent := append(append([]byte("{"), members...), '}')
		var values map[string]json.RawMessage
		if json.Unmarshal(sent, &values) != nil || len(values) == 0 || strings.Contains(string(members), "meta") || strings.Contains(string(members), `\u`) {
			return
		}
		got, err := withoutMeta(append(append([]byte(`{"_meta":{"webhookId":"1"},`), members...), '}'))
		if err != nil || string(got) != string(sent) {
			t.Errorf("%q becomes %q, %v", sent, got, err)
		}
	})
}

// A document tells the request that it was made from: its path, query, headers and sender.
func TestTheOriginOfADocument(t *testing.T) {
	s := sender{base: "http://localhost:1", paths: []hookPath{{Path: "/v/{id}/{*rest}", IDFromHeader: "X-Id"}}}
	d, err := s.origin("", []byte(`{"_meta":{"webhookId":"7","reqPath":"/v/{id}/{*rest}","pathParams":{"id":"a/b c","rest":"d/e f"},"query":{"x":"1&2"},
		"headers":{"host":"h.example.com","x-forwarded-for":"203.0.113.7, 192.0.2.1","x-a":"b","content-length":"9","content-encoding":"gzip"}},"n":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if d.target != "/v/a%2Fb%20c/d/e%20f?x=1%262" || d.host != "h.example.com" || d.remote != "192.0.2.1:0" || string(d.body) != `{"n":1}` {
		t.Errorf("%+v", d)
	}
	want := http.Header{"X-A": {"b"}, "X-Id": {"7"}, "X-Forwarded-For": {"203.0.113.7"}, "Content-Type": {"application/json"}}
	if len(d.header) != len(want) {
		t.Errorf("headers are %v", d.header)
	}
	for name := range want {
		if d.header.Get(name) != want.Get(name) {
			t.Errorf("%s is %q", name, d.header.Get(name))
		}
	}
}

// What is sent again is signed anew, comes from its sender, and says what of it could not be sent.
func TestAKeptRequestIsSentAgain(t *testing.T) {
	var got *http.Request
	var body string
	connector := func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r, string(text)
	}
	onStage(t, 10, connector, func(t *testing.T, s *stage) {
		sender := sender{base: "http://localhost:1", front: s.front}
		sender.config.RequireAuthToken = "t0ken"
		sender.config.SignatureConfig.Provider, sender.config.SignatureConfig.ClientSecret = "intercom", "s3cret"
		x := &exchange{Method: "PUT", Path: "/a%2Fb//c", query: "?q=%zz;", host: "h.example.com", Remote: "203.0.113.7:5", body: []byte("\x00{}"),
			header: http.Header{"Authorization": {removed}, "X-Hub-Signature": {removed}, "X-Key": {removed}, "X-A": {"1", "2"}, "Expect": {"100-continue"}}}
		result, err := sender.post(t.Context(), sender.again(x))
		if err != nil || result.Status != 200 || !strings.Contains(result.Note, "X-Key") || strings.Contains(result.Note, "Authorization") {
			t.Fatalf("%+v, %v", result, err)
		}
		if got.Method != "PUT" || got.RequestURI != "/a%2Fb//c?q=%zz;" || got.Host != "h.example.com" || body != "\x00{}" {
			t.Errorf("sent is %s %s to %s: %q", got.Method, got.RequestURI, got.Host, body)
		}
		want := map[string]string{"Authorization": "Bearer t0ken", "X-Hub-Signature": intercom.Sign(x.body, "s3cret"), "X-A": "1|2",
			"X-Forwarded-For": "203.0.113.7", "Content-Length": "3"}
		for name, values := range got.Header {
			if strings.Join(values, "|") != want[name] {
				t.Errorf("%s is %q", name, values)
			}
		}
		if kept := s.traffic.since(0); len(kept) != 1 || kept[0].Status != 200 || kept[0].Remote != x.Remote {
			t.Errorf("noted is %v", kept)
		}
	})
}

// The command line names variables where secrets were, and there is none for what is not kept whole.
func TestTheCommandLine(t *testing.T) {
	s := sender{base: "http://localhost:1"}
	x := &exchange{Method: "POST", Path: "/in", host: "localhost:1", body: []byte("{}\n"), header: http.Header{"X-Api-Key": {"k"}, "Accept": {"*/*"}, "X-A": {"hidden!"}}}
	c := s.command(x, newSecrets("hidden"))
	if !strings.Contains(c.Curl, `"$HEADER_X_API_KEY"`) || !strings.Contains(c.Curl, `"$HEADER_X_A"`) || !strings.Contains(c.Curl, "base64 -d | curl -g") ||
		strings.Contains(c.Curl, "hidden") || strings.Contains(c.Curl, "Host") || c.CurlNote != "" || !curl.IsText(c.Curl) {
		t.Errorf("%+v", c)
	}
	x.body = []byte("hidden")
	if c := s.command(x, newSecrets("hidden")); c.CurlNote == "" || strings.Contains(c.Curl, "hidden") {
		t.Errorf("%+v", c)
	}
	for name, x := range map[string]*exchange{
		"cut": {Method: "POST", Cut: true}, "partial": {Method: "POST", Partial: true}, "unreadable": {},
	} {
		if c := s.command(x, secrets{}); c.Curl != "" || c.CurlNote == "" {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
