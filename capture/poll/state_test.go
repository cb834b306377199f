package poll

import (
	"maps"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// apply is a JSON merge patch (RFC 7396).
func apply(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	of, ok := target.(map[string]any)
	if !ok {
		of = map[string]any{}
	}
	of = maps.Clone(of)
	for name, value := range changes {
		if value == nil {
			delete(of, name)
		} else {
			of[name] = apply(of[name], value)
		}
	}
	return of
}

// A patch makes the runtime's state what ours is, and there is none where nothing has changed.
func TestAPatchMakesOneStateOfAnother(t *testing.T) {
	second := rapid.Int64Range(0, 1<<40)
	states := rapid.Custom(func(t *rapid.T) state {
		s := state{V: stateVersion}
		if rapid.Bool().Draw(t, "inc") {
			s.Inc = &increment{WM: second.Draw(t, "wm")}
		}
		if rapid.Bool().Draw(t, "backfill") {
			s.Backfill = &backfill{Cutoff: second.Draw(t, "cutoff"), Ranges: [][3]int64{}, Done: second.Draw(t, "done")}
			for range rapid.IntRange(0, 3).Draw(t, "ranges") {
				s.Backfill.Ranges = append(s.Backfill.Ranges, [3]int64{second.Draw(t, "from"), second.Draw(t, "to"), second.Draw(t, "at")})
			}
		}
		if rapid.Bool().Draw(t, "snap") {
			s.Snap = &snapshot{At: second.Draw(t, "at"), Of: rapid.MapOf(rapid.SampledFrom([]string{"a", "b\nc", "d"}), rapid.SampledFrom([]string{"1", "2"})).Draw(t, "of")}
		}
		if rapid.Bool().Draw(t, "holes") {
			s.Holes = []span{{second.Draw(t, "hole"), 7}}
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		from, to := states.Draw(t, "from").values(), states.Draw(t, "to").values()
		change, differs := patch(from, to)
		if differs == reflect.DeepEqual(from, to) {
			t.Fatalf("%v to %v differ: %v", from, to, differs)
		}
		if differs {
			if got := apply(from, change); !reflect.DeepEqual(got, to) {
				t.Fatalf("%v and %v make %v, not %v", from, change, got, to)
			}
		}
	})
}

// Whatever order versions come in, what is emitted of an object never gets older.
func TestVersionsNeverGetOlder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var k known
		now, last := time.Unix(1788221700, 0), int64(-1)
		gone := false
		for range rapid.IntRange(1, 40).Draw(t, "versions") {
			v := version{at: rapid.Int64Range(0, 5).Draw(t, "at"), gone: rapid.IntRange(0, 9).Draw(t, "gone") == 0}
			if rapid.Bool().Draw(t, "row") {
				v.row = rapid.Uint64Range(1, 3).Draw(t, "digest")
			} else {
				v.whole = rapid.Uint64Range(1, 3).Draw(t, "digest")
			}
			before, ok := k.of("x")
			remembered, news := v.news(before, ok)
			k.note("x", remembered, now)
			if news && (v.at < last || v.at == last && gone) {
				t.Fatalf("a version of %d is emitted after one of %d, gone %v", v.at, last, gone)
			}
			if news {
				last, gone = v.at, v.gone
			}
		}
	})
}

// A state of a version that is not known is an error with a cure, and one that is no state too.
func TestAStateThatIsNotOursIsAnError(t *testing.T) {
	for _, text := range []string{`{"v":2}`, `7`, `{"inc":7}`} {
		if _, err := readState([]byte(text)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
	if s, err := readState([]byte(`{"v":1,"inc":{"wm":5},"novel":true}`)); err != nil || s.Inc.WM != 5 {
		t.Errorf("%v, %v", s, err)
	}
}
