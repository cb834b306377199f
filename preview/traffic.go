package preview

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"source-intercom-ingest/intercom"
)

// maxExchanges is how many requests are kept of each kind, those that were accepted and those that were refused.
const maxExchanges = 500

// An exchange is a request and its answer. It does not change once it is in the traffic.
type exchange struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Status int       `json:"status"` // 0 for a sender that left
	Size   int64     `json:"size"`   // bytes of the body as sent
	Cut    bool      `json:"cut"`    // the body is longer than what is kept of it

	took        time.Duration // from its headers to the end of its answer
	query       string        // as it was sent
	host        string
	header      http.Header // with secrets, unless it was read from the store
	body        []byte      // at most maxKept, as it was sent
	answer      []byte      // of refusals, at most maxKept
	after, upTo int64       // sequences of the store: its documents are behind the first, up to the second
}

// accepted tells that the webhook is durable, or that its sender learned what it asked.
func (x *exchange) accepted() bool { return x.Status >= 200 && x.Status < 400 }

// reason is what the connector said.
func (x *exchange) reason() string {
	var answer struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(x.answer, &answer)
	return answer.Error
}

// A line is what is shown of an exchange in a list.
type line struct {
	*exchange
	Milliseconds float64 `json:"ms"`
	Topic        string  `json:"topic,omitempty"`
	Object       string  `json:"object,omitempty"`
	Error        string  `json:"error,omitempty"`
}

// line summarizes an exchange. It decodes the body, so it is for those that somebody looks at.
func (x *exchange) line(s secrets) line {
	event := intercom.EventOf(x.body)
	shown := *x
	shown.Path = s.text(x.Path)
	l := line{exchange: &shown, Milliseconds: float64(x.took.Microseconds()) / 1000, Topic: s.text(event.Topic), Error: s.text(x.reason())}
	if event.ObjectType != "" {
		l.Object = s.text(event.ObjectType + " " + event.ObjectID)
	}
	return l
}

// Traffic is what has passed the front lately: the last maxExchanges of each kind, and numbers of the last quarter of
// an hour. Refusals have a list of their own, so that a flood of accepted webhooks does not sweep away the one that
// somebody looks for.
type traffic struct {
	mu       sync.Mutex
	next     int64       // the next id
	accepted []*exchange // the oldest first; at most twice as many as are kept
	refused  []*exchange
	timeline timeline
}

// newTraffic continues with the refusals of earlier runs.
func newTraffic(refused []*exchange) *traffic {
	t := &traffic{next: 1, refused: refused}
	if n := len(refused); n > 0 {
		t.next = refused[n-1].ID + 1
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
		t.accepted = push(t.accepted, x)
	} else {
		t.refused = push(t.refused, x)
	}
}

// numbers returns the timeline up to now, and the counts since preview began.
func (t *traffic) numbers(now time.Time) (points []point, accepted, refused int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.timeline.points(now), t.timeline.totals.accepted, t.timeline.totals.refused
}

// push appends to a list that forgets its oldest half when it is twice as long as it need be.
func push(list []*exchange, x *exchange) []*exchange {
	if len(list) == 2*maxExchanges {
		n := copy(list, list[maxExchanges:])
		clear(list[n:])
		list = list[:n]
	}
	return append(list, x)
}

// since returns the exchanges after an id, the oldest first.
func (t *traffic) since(id int64) []*exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next-1 == id {
		return nil
	}
	all := append(after(t.accepted, id), after(t.refused, id)...)
	slices.SortFunc(all, func(a, b *exchange) int { return int(a.ID - b.ID) })
	return all
}

// refusedSince returns the refusals after an id.
func (t *traffic) refusedSince(id int64) []*exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return after(t.refused, id)
}

// after returns the latest of a list whose ids are larger.
func after(list []*exchange, id int64) []*exchange {
	list = list[max(0, len(list)-maxExchanges):]
	i, _ := slices.BinarySearchFunc(list, id+1, func(x *exchange, id int64) int { return int(x.ID - id) })
	return slices.Clone(list[i:])
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
