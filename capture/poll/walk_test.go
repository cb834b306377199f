package poll

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
	"source-intercom-ingest/spec"
)

// A walk never says that a second is read of which rows may follow, in whatever order they come; those that it passes
// are of its time.
func TestAWalkSaysNoMoreThanItKnows(t *testing.T) {
	r, _ := intercom.ResourceOf("tickets")
	p := &Poller{Config: Config{Registry: prometheus.NewRegistry()}}
	p.metrics = newMetrics(p)
	s := &searched{Poller: p, of: r, lens: newLens(pointers(spec.Polled{Resource: r})...)}
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Int64Range(0, 30), 1, 40).Draw(t, "times")
		descending, shuffled := rapid.Bool().Draw(t, "descending"), rapid.IntRange(0, 3).Draw(t, "order") == 0
		if !shuffled {
			slices.Sort(times)
			if descending {
				slices.Reverse(times)
			}
		}
		w := walking{walk: &walk{searched: s, from: 5, to: 25, descending: descending}, ordered: true, edge: 5, last: 25}
		if descending {
			w.edge, w.last = 25, 5
		}
		size := rapid.IntRange(1, 10).Draw(t, "size")
		for at := 0; at < len(times); at += size {
			var page api.Page
			for i, when := range times[at:min(len(times), at+size)] {
				text, _ := json.Marshal(map[string]any{"id": fmt.Sprint(at + i), "updated_at": when})
				page.Rows = append(page.Rows, text)
			}
			w.pages++
			rows, stop, err := w.rows(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.at < 5 || r.at >= 25 {
					t.Fatalf("a row of %d is passed", r.at)
				}
			}
			rest := times[min(len(times), at+size):]
			if !w.ordered {
				if stop {
					t.Fatal("it stops though what comes is in no order")
				}
				continue
			}
			if shuffled {
				continue // it can not know what comes
			}
			for _, when := range rest {
				if inside := when >= 5 && when < 25; inside && (stop || descending && when >= w.edge || !descending && when < w.edge) {
					t.Fatalf("all from %d on is said to be read (%v), and %d follows", w.edge, stop, when)
				}
			}
		}
	})
}
