// Package receiver takes deliveries as a destination does, with faults, and remembers what came.
package receiver

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// A Request is one that came.
type Request struct {
	At     time.Time
	Method string
	Target string // path and query as they were sent
	Header http.Header
	Body   string
	Status int // of its answer
}

// A Receiver is an [http.Handler]. Answer, which is not changed while it serves, chooses the status, headers and body for the n-th request
// from 0; without it all are answered 200.
type Receiver struct {
	Answer func(n int, r *Request, to http.Header) (status int, body string)

	mu       sync.Mutex
	requests []*Request
	news     chan struct{}
}

// ServeHTTP takes a request.
func (v *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // of who was killed while it wrote
	}
	got := &Request{At: time.Now(), Method: r.Method, Target: r.URL.RequestURI(), Header: r.Header, Body: string(body), Status: http.StatusOK}
	v.mu.Lock()
	n := len(v.requests)
	v.requests = append(v.requests, got)
	text := ""
	if v.Answer != nil {
		got.Status, text = v.Answer(n, got, w.Header())
	}
	if v.news != nil {
		close(v.news)
		v.news = nil
	}
	v.mu.Unlock()
	w.WriteHeader(got.Status)
	_, _ = io.WriteString(w, text)
}

// Requests are all that came.
func (v *Receiver) Requests() []*Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]*Request(nil), v.requests...)
}

// Wait returns true once the requests that came are as is wants them, and false when that takes too long.
func (v *Receiver) Wait(patience time.Duration, is func([]*Request) bool) bool {
	late := time.After(patience)
	for {
		v.mu.Lock()
		if v.news == nil {
			v.news = make(chan struct{})
		}
		news, done := v.news, is(v.requests)
		v.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-news:
		case <-late:
			return false
		}
	}
}
