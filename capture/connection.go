package capture

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// lookoutTime is how long a handler may work before its sender is watched for leaving, and up to twice as long. Most
// webhooks are committed sooner.
const lookoutTime = 20 * time.Millisecond

// A connection is a sender's, as net/http uses it: for each request that sets eight deadlines, of which hardly any ever
// passes, and reads a byte ahead while the handler works, to notice a sender that leaves. Together these are a twentieth
// of the work for a small webhook. Here deadlines are only noted while an earlier one is set, and that read begins later.
type connection struct {
	net.Conn
	reads, writes deadline
	lookout       lookout
}

func newConnection(c net.Conn) *connection {
	wrapped := &connection{Conn: c}
	wrapped.reads.set, wrapped.writes.set = c.SetReadDeadline, c.SetWriteDeadline
	wrapped.lookout.init()
	return wrapped
}

// Read reads like any connection, but for a single byte, with which it may take its time.
func (c *connection) Read(p []byte) (n int, err error) {
	if len(p) == 1 {
		c.lookout.wait()
	}
	for again := true; again; {
		if err := c.reads.begin(); err != nil {
			return 0, err
		}
		n, err = c.Conn.Read(p)
		again = c.reads.end(err)
	}
	return n, err
}

// Write writes all of p, unless it fails.
func (c *connection) Write(p []byte) (n int, err error) {
	for again := true; again; {
		if err := c.writes.begin(); err != nil {
			return n, err
		}
		var more int
		more, err = c.Conn.Write(p[n:])
		n += more
		again = c.writes.end(err)
	}
	return n, err
}

// SetReadDeadline ends a read at that time, and a lookout at once.
func (c *connection) SetReadDeadline(t time.Time) error {
	err := c.reads.want(t)
	c.lookout.allow(t.IsZero())
	return err
}

// SetWriteDeadline ends a write at that time.
func (c *connection) SetWriteDeadline(t time.Time) error { return c.writes.want(t) }

// SetDeadline is both.
func (c *connection) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// CloseWrite ends this side of the connection. net/http does so before it closes one whose sender still writes.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close ends a lookout too, and what is later than a deadline is then told that the connection is closed.
func (c *connection) Close() error {
	c.lookout.allow(false)
	return errors.Join(c.reads.want(time.Time{}), c.writes.want(time.Time{}), c.Conn.Close())
}

// A deadline of a connection's reads or writes is set on it only when it is sooner than the one that is set. One that
// passes too soon for that is set anew, and the read or write goes on.
type deadline struct {
	set func(time.Time) error // on the connection

	mu     sync.Mutex
	wanted time.Time // zero for none
	is     time.Time // on the connection; zero for none
	under  int       // reads or writes that are under way
}

// want notes a deadline, by which also what is under way must end.
func (d *deadline) want(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = t
	if d.under > 0 && d.sooner() {
		return d.renew()
	}
	return nil
}

// begin precedes a read or write. Its error is [os.ErrDeadlineExceeded] when it is too late for one.
func (d *deadline) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sooner() {
		if d.passed() {
			return os.ErrDeadlineExceeded
		}
		if err := d.renew(); err != nil {
			return err
		}
	}
	d.under++
	return nil
}

// end follows a read or write, and tells whether it goes on: it ended by a deadline that is not wanted.
func (d *deadline) end(err error) (again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.under--
	return err != nil && errors.Is(err, os.ErrDeadlineExceeded) && !d.passed() && d.renew() == nil
}

func (d *deadline) sooner() bool {
	return !d.wanted.IsZero() && (d.is.IsZero() || d.wanted.Before(d.is))
}

func (d *deadline) passed() bool { return !d.wanted.IsZero() && !time.Now().Before(d.wanted) }

func (d *deadline) renew() error {
	d.is = d.wanted
	return d.set(d.wanted)
}

// A lookout is the time before a sender is watched: one to two periods of a timer that goes on while requests come, since
// one that is set for each request would be more work.
type lookout struct {
	mu      sync.Mutex
	ended   sync.Cond
	allowed bool // no deadline says that a read should end
	going   bool
	count   uint64 // of lookouts
	ticked  uint64 // the count at the last tick
	ticks   bool   // there is a next one
	timer   *time.Timer
}

func (l *lookout) init() {
	l.allowed, l.ended.L = true, &l.mu
	l.timer = time.AfterFunc(time.Hour, l.tick)
	l.timer.Stop()
}

// wait returns after the lookout, or when there is to be none.
func (l *lookout) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	l.going = l.allowed
	if l.going && !l.ticks {
		l.ticks = true
		l.timer.Reset(lookoutTime)
	}
	for l.going {
		l.ended.Wait()
	}
}

// allow ends the lookout where there is to be none.
func (l *lookout) allow(allowed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.allowed = allowed; !allowed {
		l.end()
	}
}

// tick ends a lookout that was there at the last tick.
func (l *lookout) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ticked == l.count {
		l.end()
	}
	if l.ticks = l.ticked != l.count; l.ticks {
		l.ticked = l.count
		l.timer.Reset(lookoutTime)
	}
}

func (l *lookout) end() {
	if l.going {
		l.going = false
		l.ended.Signal()
	}
}
