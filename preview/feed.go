package preview

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// How often pages hear of new requests, and of everything else.
const (
	requestsInterval = 200 * time.Millisecond
	statsInterval    = time.Second
)

const (
	// maxLines is how many requests a page is told of at a time: nobody reads more. Of more, the latest.
	maxLines = 50
	// maxTabs is how many pages may listen. One that comes beyond is told to come back.
	maxTabs = 256
	// maxBehind is how many messages a page may be behind; one that does not read is let go, and connects again.
	maxBehind = 16
	// tabTime is how long a page may take to read one.
	tabTime = 10 * time.Second
)

// A feed tells all pages what happens. What they are told is made once for all of them.
type feed struct {
	lines func(after int64) (text []byte, last int64) // of requests after one, and the last one's id; nothing if there are none
	stats func() []byte

	mu   sync.Mutex
	tabs map[chan []byte]bool
	seen int64 // the last request that they were told of
}

// run tells what happens until stop is closed.
func (f *feed) run(stop <-chan struct{}) {
	requests, numbers := time.NewTicker(requestsInterval), time.NewTicker(statsInterval)
	defer requests.Stop()
	defer numbers.Stop()
	for {
		select {
		case <-requests.C:
			f.tell(f.news)
		case <-numbers.C:
			f.tell(f.stats)
		case <-stop:
			return
		}
	}
}

// tell sends what make returns, if anybody listens.
func (f *feed) tell(make func() []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.tabs) == 0 {
		return
	}
	text := make()
	if text == nil {
		return
	}
	for tab := range f.tabs {
		select {
		case tab <- text:
		default:
			f.drop(tab)
		}
	}
}

// news are the requests since the last ones.
func (f *feed) news() []byte {
	text, last := f.lines(f.seen)
	if text != nil {
		f.seen = last
	}
	return text
}

// join adds a page, and returns what it needs to hear first; nil if there are too many.
func (f *feed) join() (tab chan []byte, first []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.tabs) >= maxTabs {
		return nil, nil
	}
	if f.tabs == nil {
		f.tabs = map[chan []byte]bool{}
	}
	first, last := f.lines(0)
	if len(f.tabs) == 0 {
		f.seen = last // else it hears some twice, by their ids
	}
	tab = make(chan []byte, maxBehind)
	f.tabs[tab] = true
	return tab, append(first, f.stats()...)
}

// leave removes a page.
func (f *feed) leave(tab chan []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(tab)
}

func (f *feed) drop(tab chan []byte) {
	if f.tabs[tab] {
		delete(f.tabs, tab)
		close(tab)
	}
}

// message is an event of a stream.
func message(event string, data any) []byte {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // structs of texts and numbers
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, text)
}

// events streams what happens: first what the page needs once, then requests as they are answered, and numbers.
func (c *console) events(w http.ResponseWriter, r *http.Request) {
	tab, first := c.feed.join()
	if tab == nil {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many pages listen", http.StatusServiceUnavailable)
		return
	}
	defer c.feed.leave(tab)
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	send := func(text []byte) bool {
		_ = control.SetWriteDeadline(time.Now().Add(tabTime))
		_, err := w.Write(text)
		return err == nil && control.Flush() == nil
	}
	for ok := send(message("about", c.about())) && send(first); ok; {
		select {
		case text, more := <-tab:
			ok = more && send(text)
		case <-r.Context().Done():
			return
		}
	}
}

// lines are the requests after one, as an event. The first time, these are all that are kept.
func (c *console) lines(after int64) (text []byte, last int64) {
	news := c.traffic.since(after)
	if len(news) == 0 {
		return nil, after
	}
	if after > 0 {
		news = news[max(0, len(news)-maxLines):]
	}
	lines := make([]line, len(news))
	for i, x := range news {
		lines[i] = x.line(c.hide)
	}
	return message("requests", lines), news[len(news)-1].ID
}
