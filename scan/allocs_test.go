// The race detector makes pools forget, and allocations many.

//go:build !race

package scan

import (
	"strings"
	"testing"
)

// Items of an array that an event's locations run into cost nothing each.
func TestItemsCostNoAllocations(t *testing.T) {
	cost := func(items int) float64 {
		body := []byte(`{"data":[` + strings.Repeat("0,", items) + `0]}`)
		w := WantAt("/data/item", "/data/2/id")
		return testing.AllocsPerRun(100, func() {
			s, err := Read(body, w, 2, free{})
			if err != nil {
				t.Fatal(err)
			}
			s.Release()
		})
	}
	if few, many := cost(1), cost(10_000); many > few {
		t.Errorf("%v allocations, and of one item %v", many, few)
	}
}
