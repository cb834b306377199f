package scan

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// What is read is strict JSON on one line, with and without its _meta; what is refused for not being JSON is none to jsontext
// either.
func FuzzRead(f *testing.F) {
	for _, text := range []string{`{}`, `[{"a":1},{"_meta":{"x":[]},"b":2}]`, "{\"a\":\n1}\n{\"b\":2}", `{"a":1,"a":2,"_meta":{}}`, `{"\ud800":"\udc00"}`, "\ufeff{}", `[]`, `{"a":1e400}`,
		`{"_meta":1}`, `{"a":{"b":{"c":"\u0061"}},"d":[[],[{}]]}`, ``, `nul`, `{"a":"\x"}`, "{\"a\":\"\xff\"}"} {
		f.Add([]byte(text))
	}
	w := WantAt("/a", "/a/b/0", "/~1")
	f.Fuzz(func(t *testing.T, text []byte) {
		given := bytes.Clone(text)
		s, err := Read(text, w, 3, free{})
		if !bytes.Equal(text, given) {
			t.Fatal("the text was changed")
		}
		if wrong := new(Error); errors.As(err, &wrong) {
			if wrong.Offset < 0 || wrong.Offset > len(text) || wrong.NotJSON && jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true)) {
				t.Fatalf("%q is refused: %#v", text, wrong)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer s.Release()
		for _, e := range s.Elements {
			if doc := e.Of(s.Text()); !jsontext.Value(doc).IsValid() || doc[0] != '{' || bytes.IndexByte(doc, '\n') >= 0 {
				t.Fatalf("%q became %q", text, doc)
			}
			before, after := e.WithoutMeta()
			if doc := append(append([]byte("{"), before.Of(s.Text())...), append(after.Of(s.Text()), '}')...); !jsontext.Value(doc).IsValid() || bytes.Contains(doc, []byte(`"_meta":`)) && e.Meta.End > 0 && e.Others == 0 {
				t.Fatalf("%q is %q without its _meta", text, doc)
			}
			for _, found := range e.Found {
				if value := found.Of(s.Text()); len(value) > 0 && !jsontext.Value(value).IsValid() {
					t.Fatalf("%q was found in %q", value, text)
				}
			}
		}
	})
}
