package preview

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"source-intercom-ingest/door"
)

// Limits of a sender's time. The connector has its own, which are shorter, and answers by them; these end what it does
// not.
const (
	bodyPause  = 15 * time.Second // without a byte
	bodyTime   = 6 * time.Minute  // for the whole body
	answerTime = time.Minute      // to read the answer: 1 MiB of a page at 18 KiB a second
)

// A sender that is refused may write its whole body before it reads the answer, and would see a broken connection
// instead. So much is read and dropped, for so long.
const (
	drainBytes = 64 << 20
	drainTime  = 5 * time.Second
)

// maxKept is how much of a body is kept for people to see and to send again.
const maxKept = 64 << 10

// A passage is a request's body on its way to the connector, and the answer on its way back. It keeps the beginning of
// both. The proxy may still read the body when it has answered: from then on, nothing is kept.
//
// The request that net/http has keeps its own body, so that it knows whether that has ended.
type passage struct {
	http.ResponseWriter
	body    io.ReadCloser
	control *http.ResponseController
	arrived func() // told when the body is whole
	until   time.Time
	whole   atomic.Bool
	failed  atomic.Pointer[error] // why the body can not be read
	turn    chan struct{}         // held by who reads the body
	passing atomic.Bool           // the connector's answer
	over    chan struct{}         // closed when the answer is written

	mu       sync.Mutex
	answered bool
	kept     []byte
	size     int64 // of what was read

	status int // of the answer; the handler's alone, as is said
	said   []byte
}

// newPassage begins one. Arrived is called once, at the latest when the body is read to its end.
func newPassage(w http.ResponseWriter, r *http.Request, arrived func()) *passage {
	p := &passage{ResponseWriter: w, body: r.Body, control: http.NewResponseController(w), arrived: arrived,
		until: time.Now().Add(bodyTime), turn: make(chan struct{}, 1), over: make(chan struct{})}
	if r.ContentLength > 0 {
		p.kept = make([]byte, 0, min(r.ContentLength, maxKept))
	}
	if r.Body == nil || r.Body == http.NoBody {
		p.whole.Store(true)
		arrived()
	}
	return p
}

type passageKey struct{}

// request returns what is passed on. A sender that only ended its side of the connection waits for the answer, so that
// its end does not cancel what it sent.
func (p *passage) request(r *http.Request) *http.Request {
	r = r.WithContext(context.WithValue(context.WithoutCancel(r.Context()), passageKey{}, p))
	if !p.whole.Load() {
		r.Body = sent{p}
	}
	return r
}

// passageOf returns that of a request which is passed on.
func passageOf(r *http.Request) *passage { return r.Context().Value(passageKey{}).(*passage) }

// Sent is a passage's body.
type sent struct{ *passage }

var errAnswered = errors.New("the request has been answered")

// Read gives the sender time for the next bytes.
func (s sent) Read(b []byte) (int, error) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if !s.wait(time.Now()) {
		return 0, errAnswered
	}
	n, err := s.body.Read(b)
	if !s.keep(b[:n]) {
		return 0, errAnswered
	}
	switch {
	case err == io.EOF:
		_ = s.control.SetReadDeadline(time.Time{})
		s.whole.Store(true)
		s.arrived()
	case err != nil:
		s.failed.Store(&err)
		if s.passing.Load() {
			<-s.over // the proxy would end its connection to the connector, from which it still reads the answer
		}
	}
	return n, err
}

// Close is the proxy's. The body is net/http's to close, which would wait for its end here.
func (s sent) Close() error { return nil }

// wait sets the deadline of a read; not any more when there is an answer.
func (p *passage) wait(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answered {
		return false
	}
	by := now.Add(bodyPause)
	if by.After(p.until) {
		by = p.until
	}
	_ = p.control.SetReadDeadline(by)
	return true
}

// keep notes what was read; not any more when there is an answer.
func (p *passage) keep(b []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answered {
		return false
	}
	p.kept = append(p.kept, b[:min(len(b), maxKept-len(p.kept))]...)
	p.size += int64(len(b))
	return true
}

// end stops the keeping. What was kept does not change any more.
func (p *passage) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = true
	close(p.over)
}

// drain drops what the sender of an answered request still sends, so that it reads the answer. One that has stalled, or
// that expects to be told to go on, sends nothing.
func (p *passage) drain(r *http.Request, v *door.Visitor) {
	if p.whole.Load() {
		return
	}
	_ = p.control.Flush()
	patience := drainTime
	if p.failed.Load() != nil || r.Header.Get("Expect") != "" && p.size == 0 {
		patience = 0
	}
	_ = p.control.SetReadDeadline(time.Now().Add(patience)) // also of what the proxy still reads
	p.turn <- struct{}{}
	if patience > 0 {
		_, _ = io.CopyN(io.Discard, p.body, drainBytes)
	}
	if v != nil {
		v.Linger()
	}
}

// WriteHeader begins the answer. One that comes before the end of the body ends the connection: what follows on it is
// no request.
func (p *passage) WriteHeader(status int) {
	if status >= http.StatusOK { // others are only informational
		p.status = status
		_ = p.control.SetWriteDeadline(time.Now().Add(answerTime))
		if !p.whole.Load() {
			p.Header().Set("Connection", "close")
		}
	}
	p.ResponseWriter.WriteHeader(status)
}

// Write keeps the beginning of answers that say why a request was refused, also where a document keeps it.
func (p *passage) Write(b []byte) (int, error) {
	if p.status >= http.StatusBadRequest || p.Header().Get("Content-Type") == "application/json" && bytes.Contains(b, []byte(`"refused":`)) {
		p.said = append(p.said, b[:min(len(b), maxAnswer-len(p.said))]...)
	}
	return p.ResponseWriter.Write(b)
}

// maxAnswer is how much of a refusal is kept: its reason, and the locations that it names.
const maxAnswer = 64 << 10

// Unwrap lets the proxy flush.
func (p *passage) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// fault says what is wrong with the body of a request that could not be passed on; status 0 if that is not the reason.
func (p *passage) fault() (status int, reason string) {
	failed := p.failed.Load()
	switch {
	case failed == nil:
		return 0, ""
	case errors.Is(*failed, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout, "the body comes too slowly"
	case errors.Is(*failed, io.ErrUnexpectedEOF):
		return http.StatusBadRequest, "the body ended before it was whole"
	}
	return http.StatusBadRequest, "the body can not be read: " + (*failed).Error()
}
