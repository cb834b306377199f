package poll

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/scan"
	"source-intercom-ingest/schemas"
	"source-intercom-ingest/spec"
)

// bindingOf makes the binding of a resource, with the schema that discovery offers.
func bindingOf(t testing.TB, name string, filterNulls bool) *Binding {
	t.Helper()
	r, ok := intercom.ResourceOf(name)
	if !ok {
		t.Fatal(name)
	}
	b, err := newBinding(0, spec.ResourceConfig{Resource: name, Polled: &spec.Polled{Resource: r, FilterNulls: filterNulls}},
		&protocol.CollectionSpec{Name: "acme/" + name, Key: r.Key, WriteSchemaJson: schemas.Object(r.Key, r.Timed())})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var someMeta = meta{op: "u", source: "poll", behind: `","fetchedAt":"2026-11-25T10:00:00.000Z"`, updatedAt: 1788221700, workspace: `"qz7w41xk"`}

// Whatever the API writes, what is made of it is one object without duplicate names, with _meta in front and an id that is a
// string.
func FuzzADocumentIsOneObject(f *testing.F) {
	for _, seed := range []string{`{"id":7,"conversation_parts":{"conversation_parts":[]},"a":null}`, `{"conversation_parts":1,"id":"x"}`,
		`{"id":"x","_meta":{"op":"d"},"b":[null,{"c":null}]}`, `{"conversation_id":1,"id":"y","conversation_updated_at":null}`, `{"id":null}`, `{"id":"1","id":2}`} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	conversations := map[bool]*Binding{false: bindingOf(f, "conversations", false), true: bindingOf(f, "conversations", true)}
	parts := map[bool]*Binding{false: bindingOf(f, "conversation_parts", false), true: bindingOf(f, "conversation_parts", true)}
	f.Fuzz(func(t *testing.T, given []byte, filterNulls bool) {
		for _, b := range []*Binding{conversations[filterNulls], parts[filterNulls]} {
			o, err := b.lens.read(bytes.Clone(given))
			if err != nil {
				continue
			}
			var edits []scan.Edit
			var front []member
			if b.Name == "conversations" {
				edits = o.without(nil, "conversation_parts")
			} else {
				front = []member{text("conversation_id", "c"), {"conversation_updated_at", []byte("5")}}
			}
			doc, err := b.appendDocument(nil, someMeta, o, edits, front...)
			o.Release()
			if err != nil {
				continue
			}
			if !strings.HasPrefix(string(doc), `{"_meta":{"op":"u",`) {
				t.Fatalf("%s became %s", given, doc)
			}
			d := jsontext.NewDecoder(bytes.NewReader(doc)) // refuses duplicate names
			if _, err := d.ReadValue(); err != nil {
				t.Fatalf("%s became %s: %v", given, doc, err)
			}
			if _, err := d.ReadToken(); err != io.EOF {
				t.Fatalf("%s became %s, and more", given, doc)
			}
			var members map[string]any
			if err := json.Unmarshal(doc, &members); err != nil {
				t.Fatal(err)
			}
			if _, ok := members["id"].(string); !ok || b.Name == "conversations" && members["conversation_parts"] != nil || front != nil && members["conversation_id"] != "c" {
				t.Fatalf("%s became %s", given, doc)
			}
			if filterNulls && hasNull(members) {
				t.Fatalf("%s became %s", given, doc)
			}
		}
	})
}

// hasNull tells that a member is null, at any depth.
func hasNull(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, m := range v {
			if m == nil || hasNull(m) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if hasNull(item) {
				return true
			}
		}
	}
	return false
}

// The schemas that discovery offers are known to accept what is made, so that no document needs to be looked at.
func TestDiscoveredSchemasCoverTheDocuments(t *testing.T) {
	for _, r := range intercom.Resources {
		if r.Way == intercom.Custom {
			continue
		}
		if b := bindingOf(t, r.Name, false); !b.validator.Covered() {
			t.Errorf("documents of %s are looked at", r.Name)
		}
	}
}

// What a schema refuses is left out, and what it takes although it is not known to is not.
func TestWhatTheSchemaRefusesIsTold(t *testing.T) {
	r, _ := intercom.ResourceOf("tags")
	b, err := newBinding(0, spec.ResourceConfig{Polled: &spec.Polled{Resource: r}}, &protocol.CollectionSpec{Name: "acme/tags", Key: r.Key,
		WriteSchemaJson: []byte(`{"type":"object","properties":{"name":{"maxLength":3}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	for name, refused := range map[string]bool{"abc": false, "abcd": true} {
		o, err := b.lens.read([]byte(`{"id":1,"name":"` + name + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := b.appendDocument(nil, someMeta, o, nil)
		if err == nil {
			err = b.check(t.Context(), doc, o.times())
		}
		if (err != nil) != refused {
			t.Errorf("%s: %v", name, err)
		}
		o.Release()
	}
}
