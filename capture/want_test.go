package capture

import (
	"strings"
	"testing"
)

// An index is a number as arrays count; any other name is that of a member alone.
func TestItemsAreFoundByTheirIndices(t *testing.T) {
	w := wantAt("/a/1", "/a/01", "/a/x")
	s, err := scan([]byte(`[{"a":["zero","one"]},{"a":{"1":"one","01":"other","x":"ex"}}]`), w, 3, unbounded())
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	for i, want := range []string{`"one",,`, `"one","other","ex"`} {
		var got []string
		for _, f := range s.elements[i].found {
			got = append(got, string(f.of(s.lexer.text)))
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
