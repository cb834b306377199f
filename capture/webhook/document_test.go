package webhook

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/scan"
	"source-intercom-ingest/schemas"
	"source-intercom-ingest/spec"
)

// hookFor returns a hook for a path whose collection accepts everything.
func hookFor(t testing.TB, codec, path string) *hook {
	t.Helper()
	c, err := protocol.CodecByName(codec)
	if err != nil {
		t.Fatal(err)
	}
	template, err := spec.ParsePath(path)
	if err != nil {
		t.Fatal(err)
	}
	validator, err := schemas.Compile(nil, nil, template.Params())
	if err != nil {
		t.Fatal(err)
	}
	return &hook{Server: &Server{codec: protocol.FramesOf(c), metrics: newMetrics("")}, path: template, params: template.Params(), rest: &Binding{path: template, validator: validator}}
}

// unbounded returns a reservation for which there is always room.
func unbounded() *commit.Reservation { return commit.NewBudgetOf(math.MaxInt64).Reserve() }

// decode reads JSON keeping the text of numbers.
func decode(t *testing.T, text []byte) (value any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return value
}

// decodeAll reads one JSON value behind the other.
func decodeAll(t *testing.T, text []byte) (values []any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	for {
		var value any
		switch err := dec.Decode(&value); err {
		case nil:
			values = append(values, value)
		case io.EOF:
			return values
		default:
			t.Fatalf("%q: %v", text, err)
		}
	}
}

// A document parses as strictly as the runtime does, and is the sender's value with _meta put in: every number keeps
// its text, of duplicate names the last wins, and there is no newline.
func FuzzScanAndSplice(f *testing.F) {
	for _, body := range []string{
		`{"hello":"world"}`, `[{"a":1},{}]`, `[]`, ` { "a" : [ 1.0 , -1E+7 ] } `, "{\n\"a\":\r\n 1\n,\t\"b\":{\n}}\n",
		`{"_meta":{"x":1,"webhookId":2},"a":1}`, `{"a":1,"_meta":{"x":1}}`, `{"a":1 , "_meta" : {} , "b":2}`, `{"_meta":{}}`,
		`{"a":1,"a":2,"a":3}`, `{"a":{"b":1,"\u0062":{"c":1,"c":2}},"a":{"b":1,"b":2}}`, `{"_meta":1,"_meta":{"y":1,"y":2}}`,
		`{"n":123456789012345678901234567890.000e-5}`, `{"\u005fmeta":{"k":1}}`, `{"":""}`, `{"s":"\ud83d\ude00 \u0000 \n"}`,
		`{"a":1e400}`, `{"a":"\ud800"}`, `{"a":1}x`, `1`, `null`, ``, "\ufeff{}", "{}\n{\"a\":1}\n\n{}\n", "{} {}", `{"\ud800":1,"\udbff":"\udc00\ud800\ud800"}`, `[{"_meta":{}},{"_meta":[]}]`,
		`{"a":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`,
	} {
		f.Add([]byte(body))
	}
	proto, line := hookFor(f, "proto", "/in"), hookFor(f, "json", "/in")
	request := httptest.NewRequest(http.MethodPost, "/in?q=1", nil)
	now := time.Now()
	f.Fuzz(func(t *testing.T, body []byte) {
		made, err := proto.assemble(request, bytes.Clone(body), now, unbounded())
		onLines, errOnLines := line.assemble(request, bytes.Clone(body), now, unbounded())
		if (err == nil) != (errOnLines == nil) {
			t.Fatalf("proto: %v, json: %v", err, errOnLines)
		}
		if err != nil {
			r := refusalOf(err)
			if r.status != http.StatusBadRequest || r.Offset == nil || *r.Offset > int64(len(body)) {
				t.Fatalf("refused with %#v", err)
			}
			if r.Code == "not_json" && jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
				t.Fatalf("%q is refused: %v", body, r)
			}
			return
		}
		if lines := bytes.Count(onLines.frames, []byte("\n")); len(made.documents) > 0 && lines != len(made.documents)+1 {
			t.Fatalf("%d lines for %d documents", lines, len(made.documents))
		}
		sent := decodeAll(t, bytes.TrimPrefix(body, scan.ByteOrderMark))
		if array, ok := sent[0].([]any); ok {
			sent = array
		}
		if len(made.documents) != len(sent) {
			t.Fatalf("%d documents of %d", len(made.documents), len(sent))
		}
		for i, at := range made.documents {
			doc := at.Of(made.frames)
			if !jsontext.Value(doc).IsValid() {
				t.Fatalf("not strict: %q", doc)
			}
			got, want := decode(t, doc).(map[string]any), sent[i].(map[string]any)
			meta := got["_meta"].(map[string]any)
			theirs, _ := want["_meta"].(map[string]any)
			for _, name := range []string{"webhookId", "receivedAt", "reqPath", "headers", "query"} {
				if meta[name] == nil {
					t.Fatalf("_meta lacks %s: %q", name, doc)
				}
				delete(meta, name)
				delete(theirs, name)
			}
			if at.foreign && meta["mended"] == true && theirs["mended"] != true { // encoding/json mends by itself
				delete(meta, "mended")
				delete(theirs, "mended")
			}
			want["_meta"] = meta
			if len(theirs)+len(meta) > 0 {
				want["_meta"] = theirs
			}
			if !reflect.DeepEqual(want, got) {
				t.Fatalf("%q became %q", body, doc)
			}
		}
	})
}

func TestWhatTheConnectorWritesIsUTF8(t *testing.T) {
	h := hookFor(t, "json", "/in/{p}")
	r := httptest.NewRequest(http.MethodPost, "/in/x?a%ff=%fe&b=1&b=%zz&&c", nil)
	r.Header.Set("X-Latin", "caf\xe9")
	r.SetPathValue("p", "\xff")
	made, err := h.assemble(r, []byte(`{}`), time.Now(), unbounded())
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Meta struct {
			PathParams, Query, Headers map[string]string
		} `json:"_meta"`
	}
	text := made.documents[0].Of(made.frames)
	if err := json.Unmarshal(text, &doc); err != nil || !jsontext.Value(text).IsValid() {
		t.Fatalf("%q: %v", text, err)
	}
	if diff := cmp.Diff(map[string]string{"a\ufffd": "\ufffd", "b": "1, %zz", "c": ""}, doc.Meta.Query); diff != "" {
		t.Error(diff)
	}
	if doc.Meta.PathParams["p"] != "\ufffd" || doc.Meta.Headers["x-latin"] != "caf\ufffd" {
		t.Errorf("%q", text)
	}
}

func TestAnArrayMayNotGrowBeyondTheBound(t *testing.T) {
	h := hookFor(t, "json", "/in")
	body := []byte("[" + strings.Repeat("{},", 1<<20) + "{}]")
	_, err := h.assemble(httptest.NewRequest(http.MethodPost, "/in", nil), body, time.Now(), unbounded())
	if r := refusalOf(err); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("answered %d %s", r.status, r.Message)
	}
}
