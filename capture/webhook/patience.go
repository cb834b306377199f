package webhook

import (
	"io"
	"net/http"
	"net/netip"
	"time"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/spec"
)

// How long a sender may take for a body. A stalled one holds memory that others need.
const (
	leastRate = 1 << 10          // bytes a second, that of a modem
	rateGrace = 10 * time.Second // before the rate counts, for slow starts and retransmissions
	bodyTime  = 5 * time.Minute  // in all; 64 MiB at 224 KiB a second
)

// A patientReader reads a request's body until its sender is too slow.
type patientReader struct {
	in      io.Reader
	control *http.ResponseController // whose deadline ends a read
	started time.Time
	read    int64
	counted int64 // of read, in the deadline
	held    *commit.Reservation
	from    func() netip.Addr
}

// newPatientReader starts the clock. Its done must be called once the body is read.
func newPatientReader(w http.ResponseWriter, r *http.Request, now time.Time, held *commit.Reservation, sources spec.Sources) patientReader {
	p := patientReader{in: r.Body, control: http.NewResponseController(w), started: now, held: held, from: func() netip.Addr {
		from, _ := sources.Client(r) // those that are not known are one crowd
		return from
	}}
	p.extend()
	return p
}

// extend gives the sender the time that what it has sent may take. A connection that is gone tells so when it is read.
func (p *patientReader) extend() {
	p.counted = p.read
	patience := min(rateGrace+time.Duration(p.read/leastRate)*time.Second, bodyTime)
	_ = p.control.SetReadDeadline(p.started.Add(patience))
	if p.held.GivenUp() { // before or after the deadline was set
		_ = p.control.SetReadDeadline(time.Unix(1, 0))
	}
}

// Read returns [os.ErrDeadlineExceeded] once the sender is too slow.
func (p *patientReader) Read(b []byte) (int, error) {
	if p.read-p.counted >= 8*leastRate { // a deadline for each read would be work for nothing
		p.extend()
	}
	n, err := p.in.Read(b)
	p.read += int64(n)
	if err == nil { // most bodies come at once
		p.note(n)
	}
	return n, err
}

// note lets those who need memory see a body that is larger than the least buffer.
func (p *patientReader) note(n int) {
	if !p.held.Begun() {
		control := p.control
		p.held.Begin(p.from(), p.started, func() { _ = control.SetReadDeadline(time.Unix(1, 0)) })
		n = int(p.read)
	}
	p.held.Came(n)
}

// done stops the clock of a body that is whole: what the connection does while a request waits for its commit is another
// matter.
func (p *patientReader) done() {
	p.held.ReadUp()
	_ = p.control.SetReadDeadline(time.Time{})
}
