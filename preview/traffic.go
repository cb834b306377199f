package preview

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// So many requests are kept of each kind, those that were accepted and those that were refused, unless they are larger
// than so many bytes together: a few hundred webhooks of common size, or a few hundred of the largest that are kept whole.
const (
	maxExchanges = 500
	maxHistory   = 16 << 20
)

// Traffic is what has passed the front lately: the last requests of each kind, and numbers of the last quarter of an
// hour. Refusals have a list of their own, so that a flood of accepted webhooks does not sweep away the one that
// somebody looks for.
type traffic struct {
	mu       sync.Mutex
	next     int64 // the next id
	accepted history
	refused  history
	timeline timeline
}

// newTraffic continues with the refusals of earlier runs.
func newTraffic(refused []*exchange) *traffic {
	t := &traffic{next: 1}
	for _, x := range refused {
		t.refused.add(x)
		t.next = x.ID + 1
	}
	return t
}

// add notes an exchange, unless somebody only looked at a page.
func (t *traffic) add(x *exchange) {
	if x.Method == http.MethodGet && x.accepted() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	x.ID = t.next
	t.next++
	t.timeline.add(x.At, x.Status, x.took)
	if x.accepted() {
		t.accepted.add(x)
	} else {
		t.refused.add(x)
	}
}

// numbers returns the timeline up to now, and the counts since preview began.
func (t *traffic) numbers(now time.Time) (points []point, accepted, refused int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.timeline.points(now), t.timeline.totals.accepted, t.timeline.totals.refused
}

// A history is a list of exchanges, the oldest first, that forgets the oldest.
type history struct {
	list  []*exchange
	bytes int
}

func (h *history) add(x *exchange) {
	h.list = append(h.list, x)
	h.bytes += x.size()
	for len(h.list) > maxExchanges || len(h.list) > 1 && h.bytes > maxHistory {
		h.bytes -= h.list[0].size()
		h.list[0] = nil
		h.list = h.list[1:]
	}
}

// since returns the exchanges after an id, the oldest first.
func (t *traffic) since(id int64) []*exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next-1 == id {
		return nil
	}
	all := append(t.accepted.after(id), t.refused.after(id)...)
	slices.SortFunc(all, func(a, b *exchange) int { return int(a.ID - b.ID) })
	return all
}

// refusedSince returns the refusals after an id.
func (t *traffic) refusedSince(id int64) []*exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused.after(id)
}

// after returns the exchanges whose ids are larger.
func (h *history) after(id int64) []*exchange {
	i, _ := slices.BinarySearchFunc(h.list, id+1, func(x *exchange, id int64) int { return int(x.ID - id) })
	return slices.Clone(h.list[i:])
}

// find returns an exchange; nil if it is forgotten.
func (t *traffic) find(id int64) *exchange {
	for _, x := range t.since(id - 1) {
		if x.ID == id {
			return x
		}
	}
	return nil
}
