package capture

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// How long a sender may take for a body. A stalled one holds memory that others need.
const (
	leastRate = 1 << 10          // bytes a second, that of a modem
	rateGrace = 10 * time.Second // before the rate counts, for slow starts and retransmissions
	bodyTime  = 5 * time.Minute  // in all; 64 MiB at 224 KiB a second
)

// A patientReader reads a request's body until its sender is too slow. Most bodies come with their headers: for these a
// timer is less work than the connection's deadlines.
type patientReader struct {
	in      io.Reader
	started time.Time
	read    int64
	checked int64       // of read, when the timer was set
	timer   *time.Timer // calls expire

	mu      sync.Mutex
	control http.ResponseWriter // whose deadline ends a read; nil once the body is read
	expired bool
}

// patientReaders are used again, with their timers.
var patientReaders = sync.Pool{New: func() any {
	p := new(patientReader)
	p.timer = time.AfterFunc(time.Hour, p.expire)
	p.timer.Stop()
	return p
}}

// newPatientReader starts the clock. Its done must be called once the body is read.
func newPatientReader(w http.ResponseWriter, r *http.Request, now time.Time) *patientReader {
	p := patientReaders.Get().(*patientReader)
	p.in, p.control, p.started, p.read = r.Body, w, now, 0
	p.extend(rateGrace)
	return p
}

// extend gives the sender so much time from now on.
func (p *patientReader) extend(patience time.Duration) {
	p.timer.Reset(patience)
	p.checked = p.read
}

// expire ends the read that waits for the sender.
func (p *patientReader) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.control != nil {
		p.expired = true
		_ = http.NewResponseController(p.control).SetReadDeadline(time.Unix(1, 0)) // a connection that is gone tells so when it is read
	}
}

// Read returns [os.ErrDeadlineExceeded] once the sender is too slow.
func (p *patientReader) Read(b []byte) (int, error) {
	if p.read-p.checked >= 8*leastRate { // a timer for each read would be work for nothing
		until := p.started.Add(min(rateGrace+time.Duration(p.read/leastRate)*time.Second, bodyTime))
		p.extend(time.Until(until))
	}
	n, err := p.in.Read(b)
	p.read += int64(n)
	return n, err
}

// done stops the clock: what the connection does while a request waits for its commit is another matter.
func (p *patientReader) done() {
	if p.timer.Stop() {
		p.in, p.control = nil, nil
		patientReaders.Put(p)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.expired {
		_ = http.NewResponseController(p.control).SetReadDeadline(time.Time{})
	}
	p.control = nil // for an expire that comes yet
}
