package scan

import (
	"slices"
	"testing"
)

// What is split is what a second reading would find, whatever the text.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		`{"l":[{"id":"1","x":{"id":2,"y":["]","}"]}},{"id":3,"s":"a\\"},{ "id" : null , "q":"\"" }]}`, `{"l":[]}`, `{"l":[1]}`, `{"l":[{"_meta":{},"id":1}]}`,
		`{"l":[{}, {"i\u0064":"é"}]}`, "{\"l\":[\n{\"id\":1.5e3}\n]}",
	} {
		f.Add([]byte(seed))
	}
	outer, inner := WantAt("/l"), WantAt("/id", "/x")
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Read(text, outer, 1, free{})
		if err != nil || len(s.Elements) != 1 || s.Elements[0].Found[0].kind != '[' {
			return
		}
		list := s.Elements[0].Found[0].Span
		got, ok := Split(s.Text(), list, []string{"id", "x"})
		again, err := Read(slices.Clone(list.Of(s.Text())), inner, 2, free{})
		if err != nil {
			if ok {
				t.Fatalf("%s is split, and %v", text, err)
			}
			return
		}
		meta := slices.ContainsFunc(again.Elements, func(e Element) bool { return e.Meta.End > 0 })
		if ok == meta {
			t.Fatalf("%s: split %v, with _meta %v", text, ok, meta)
		}
		if !ok {
			return
		}
		if len(got) != len(again.Elements) {
			t.Fatalf("%s: %d elements, not %d", text, len(got), len(again.Elements))
		}
		for i, e := range got {
			want := again.Elements[i]
			if string(e.Of(s.Text())) != string(want.Of(again.Text())) || e.Others != want.Others {
				t.Errorf("%s: element %d is %s", text, i, e.Of(s.Text()))
			}
			for slot := range e.Found {
				if string(e.Found[slot].Of(s.Text())) != string(want.Found[slot].Of(again.Text())) || e.Found[slot].kind != want.Found[slot].kind {
					t.Errorf("%s: value %d of element %d is %s", text, slot, i, e.Found[slot].Of(s.Text()))
				}
			}
		}
	})
}

// Whatever the document, no member of it is null any longer, and all else is as it was.
func TestNullsAreLeftOutAtEveryDepth(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":null,"b":[null,{"c":null,"d":1}],"e":{"f":null},"n":"null"}`: `{"b":[null,{"d":1}],"e":{},"n":"null"}`,
		`{ "a" : 1.50 , "b" : null }`:                                      `{"a":1.50}`,
		`{"q\"":null,"s":"\\\"null","t":true}`:                             `{"s":"\\\"null","t":true}`,
		`{}`:                                                               `{}`, `[]`: `[]`, `null`: `null`,
	} {
		if got := string(AppendWithoutNulls(nil, []byte(text))); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

// A member is cut out with its comma, wherever it is.
func TestAMemberIsCutOut(t *testing.T) {
	for text, want := range map[string]string{
		`{"x":1,"m":[2],"y":3}`:   `{"x":1,"y":3}`,
		`{"m":[2],"y":3}`:         `{"y":3}`,
		`{"x":1 , "m" : [2] }`:    `{"x":1  }`,
		`{"m":[2]}`:               `{}`,
		`{ "m" : [2] , "y" : 3 }`: `{  "y" : 3 }`,
	} {
		s, err := Read([]byte(text), WantAt("/m"), 1, free{})
		if err != nil {
			t.Fatal(err)
		}
		cut, ok := Member(s.Text(), s.Elements[0].Found[0].Span, "m")
		if got := string(AppendEdited(nil, s.Text(), Span{0, len(s.Text())}, []Edit{{Span: cut}})); !ok || got != want {
			t.Errorf("%s became %q, want %q", text, got, want)
		}
	}
}
