package scan

import (
	"strings"
	"testing"
)

// An index is a number as arrays count; any other name is that of a member alone.
func TestItemsAreFoundByTheirIndices(t *testing.T) {
	w := WantAt("/a/1", "/a/01", "/a/x")
	s, err := Read([]byte(`[{"a":["zero","one"]},{"a":{"1":"one","01":"other","x":"ex"}}]`), w, 3, free{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	for i, want := range []string{`"one",,`, `"one","other","ex"`} {
		var got []string
		for _, f := range s.Elements[i].Found {
			got = append(got, string(f.Of(s.lexer.text)))
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
