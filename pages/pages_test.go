package pages

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"source-intercom-ingest/curl"
	"source-intercom-ingest/intercom"
	"source-intercom-ingest/schemas"
	"source-intercom-ingest/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSite makes one of a configuration and hooks, each with one collection.
func newSite(t *testing.T, config string, collections map[string]Collection) Site {
	t.Helper()
	parsed, err := spec.ParseEndpoint([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	s := Site{Config: parsed, Version: "v1", Refuse: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(405) }}
	for path, c := range collections {
		p, err := spec.ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		s.Hooks = append(s.Hooks, Hook{p, []Collection{c}})
	}
	return s
}

// get returns what the site answers.
func (s Site) get(path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	s.Pages()[path].ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

// schemaFiles are write schemas of every kind that a collection may have.
func schemaFiles(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/schemas.json")
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]json.RawMessage
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for name, schema := range files {
		all[name] = string(schema)
	}
	return all
}

// References of a write schema lead to the same schemas in the document, whatever they are written like.
func TestWriteSchemasPassThroughWithTheirReferences(t *testing.T) {
	for name, schema := range schemaFiles(t) {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, `{}`, map[string]Collection{"/in": {Name: "acmeCo/a b/in", WriteSchema: []byte(schema)}})
			var document object
			if err := json.Unmarshal(s.openAPI(false), &document); err != nil {
				t.Fatal(err)
			}
			var walk func(v any)
			walk = func(v any) {
				switch v := v.(type) {
				case object:
					if ref, ok := v["$ref"].(string); ok && resolve(document, ref) == nil {
						t.Errorf("%q leads nowhere", ref)
					}
					for _, sub := range v {
						walk(sub)
					}
				case []any:
					for _, sub := range v {
						walk(sub)
					}
				}
			}
			walk(document)
			schema := document["components"].(object)["schemas"].(object)["in"].(object)
			if delete(schema, "$defs"); strings.Contains(s.text(schema), `"_meta"`) {
				t.Errorf("senders are asked for _meta: %s", s.text(schema))
			}
		})
	}
}

func (Site) text(v any) string { text, _ := json.Marshal(v); return string(text) }

// What a schema says is kept as it is, but for names that are resolved and for _meta.
func TestASchemaIsKept(t *testing.T) {
	const written = `{"$id":"flow://acmeCo/x","$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
		"required":["_meta","id"],"x-infer-schema":true,
		"properties":{"_meta":{"type":"object"},"id":{"type":["string","null"]},"$ref":{"const":{"$ref":"data"}},
			"n":{"minimum":12345678901234567890.5},"next":{"$ref":"flow://acmeCo/x"},"tag":{"$ref":"#tag"}},
		"if":{"properties":{"id":{"const":"a"}}},"then":{"required":["n"]},
		"$defs":{"tag":{"$anchor":"tag","type":"string"}}}`
	const want = `{"type":"object","required":["id"],"x-infer-schema":true,
		"properties":{"id":{"type":["string","null"]},"$ref":{"const":{"$ref":"data"}},
			"n":{"minimum":12345678901234567890.5},"next":{"$ref":"#"},"tag":{"$ref":"#/$defs/tag"}},
		"if":{"properties":{"id":{"const":"a"}}},"then":{"required":["n"]},
		"$defs":{"tag":{"type":"string"}}}`
	if diff := cmp.Diff(decode([]byte(want)), dropMeta(local(decode([]byte(written))))); diff != "" {
		t.Error(diff)
	}
}

// The body of the page's curl line is one that the collection takes.
func TestTheExampleIsAccepted(t *testing.T) {
	body := regexp.MustCompile(`-d '(.*)' http`)
	for name, schema := range schemaFiles(t) {
		t.Run(name, func(t *testing.T) {
			c := Collection{Name: "in", WriteSchema: []byte(schema), Key: []string{"/id", "/nested/key"}}
			s := newSite(t, `{}`, map[string]Collection{"/in": c})
			line := s.curl(s.Hooks[0], s.Hooks[0].body(s.Config), "http://localhost")
			found := body.FindStringSubmatch(line)
			if found == nil {
				t.Fatal(line)
			}
			v, err := schemas.Compile(c.WriteSchema, c.Key, nil)
			if err != nil {
				t.Fatal(err)
			}
			document := `{"_meta":{"webhookId":"1","receivedAt":"2026-01-02T03:04:05Z"},` + strings.ReplaceAll(found[1], `'"'"'`, `'`)[1:]
			if wrong, err := v.Validate(t.Context(), []byte(document), schemas.NewLimits(len(document), nil)); len(wrong) > 0 || err != nil {
				t.Errorf("%s: %v, %v", document, wrong, err)
			}
		})
	}
}

// A schema that requires itself, which no document fulfils, costs the page little all the same.
func TestExamplesEnd(t *testing.T) {
	for _, schema := range []string{
		`{"required":["a","b"],"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}}}`,
		`{"allOf":[{"$ref":"#"},{"$ref":"#"}],"required":["_meta"]}`,
	} {
		s := newSite(t, `{}`, map[string]Collection{"/in": {Name: "in", WriteSchema: []byte(schema)}})
		if answer := s.get("/"); answer.Code != 200 || answer.Body.Len() > 1<<20 {
			t.Errorf("%s: %d, %d bytes", schema, answer.Code, answer.Body.Len())
		}
		if answer := s.get("/api-doc/openapi.json"); answer.Code != 200 || answer.Body.Len() > 1<<20 {
			t.Errorf("%s: %d, %d bytes", schema, answer.Code, answer.Body.Len())
		}
	}
}

// A page lets the browser do only what it needs, and names no collection: the port is public.
func TestPagesAreSafe(t *testing.T) {
	s := newSite(t, `{"requireAuthToken":"s3cret","signatureConfig":{"provider":"intercom","clientSecret":"cl1ent"}}`,
		map[string]Collection{"/in": {Name: "acmeCo/hidden"}})
	for _, path := range []string{"/", "/swagger-ui/", "/swagger-ui/start.js", "/api-doc/openapi.json"} {
		answer := s.get(path)
		header := answer.Header()
		if answer.Code != 200 || header.Get("Content-Security-Policy") == "" || header.Get("X-Content-Type-Options") != "nosniff" ||
			header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %d %v", path, answer.Code, header)
		}
		if text := answer.Body.String(); strings.Contains(text, "s3cret") || strings.Contains(text, "cl1ent") || strings.Contains(text, "acmeCo") {
			t.Errorf("%s tells too much", path)
		}
	}
}

// A terminal that the curl line is pasted into has nothing to obey, whatever a schema or a configuration holds.
func TestTheCurlLineIsPrintable(t *testing.T) {
	value := "\x1b[2J \r\n\t \x7f \u009b31m \u202e\u2069 \u2028 \U000e0041 ü日"
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []string{`{}`, `{"requireAuthToken":"s3cret","signatureConfig":{"provider":"intercom","clientSecret":"cl1ent"}}`} {
		c := Collection{Name: "in", WriteSchema: []byte(`{"required":["a"],"properties":{"a":{"const":` + string(text) + `}}}`), Key: []string{"/id\u202e\u0007"}}
		s := newSite(t, config, map[string]Collection{"/in/\u202e": c})
		line := s.curl(s.Hooks[0], s.Hooks[0].body(s.Config), "http://localhost")
		if !curl.IsText(line) {
			t.Errorf("%q", line)
		}
		found := regexp.MustCompile(`'(\{.*\})'`).FindStringSubmatch(line)
		var body map[string]any
		if found == nil || json.Unmarshal([]byte(found[1]), &body) != nil || body["a"] != value {
			t.Errorf("%s says %q", line, body)
		}
	}
}

// The address in the curl line is the one under which the browser came.
func TestTheAddressIsTheBrowsers(t *testing.T) {
	for host, want := range map[string]string{
		"localhost:8080": "http://localhost:8080", "localhost": "http://localhost", "192.0.2.1": "http://192.0.2.1", "[::1]": "http://[::1]",
		"35b92e86-8080.example.dp.estuary-data.com": "https://35b92e86-8080.example.dp.estuary-data.com",
		"evil'; rm -rf": "http://localhost:8080",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if r.Host = host; baseOf(r) != want {
			t.Errorf("%s: %s, want %s", host, baseOf(r), want)
		}
	}
}

// Whatever topic a binding is for, its example is a whole notification of it, signed as a browser sends it.
func TestEveryTopicHasASignedExample(t *testing.T) {
	for _, topic := range intercom.Topics {
		s := newSite(t, `{"signatureConfig":{"provider":"intercom","clientSecret":"cl1ent"}}`,
			map[string]Collection{"/in": {Name: "in", Topics: []string{topic.Name}, IDFromBody: "/extra/id", Key: []string{"/data/key"},
				WriteSchema: []byte(`{"required":["more"],"properties":{"more":{"type":"integer"}}}`)}})
		example := s.Hooks[0].example(s.Config).(object)
		data, _ := example["data"].(object)
		if example["topic"] != topic.Name || example["app_id"] == nil || data["item"] == nil || data["key"] != "1" || example["more"] != 1 {
			t.Errorf("%s: %s", topic.Name, s.text(example))
		}
		if got, want := s.signature(example), intercom.Sign(encode(example), "cl1ent"); got != want {
			t.Errorf("%s: signed %q", topic.Name, got)
		}
	}
}

// An example that the collection would not take is made for its schema instead.
func TestAnExampleFitsItsSchema(t *testing.T) {
	s := newSite(t, `{"signatureConfig":{"provider":"intercom","clientSecret":"cl1ent"}}`,
		map[string]Collection{"/in": {Name: "in", WriteSchema: []byte(`{"required":["data"],"properties":{"data":{"type":"string","const":"x"}}}`)}})
	if example := s.Hooks[0].example(s.Config).(object); example["data"] != "x" || example["topic"] != usual || len(example) != 3 {
		t.Errorf("%s", s.text(example))
	}
}
