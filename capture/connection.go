package capture

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// A connection is a sender's, as net/http uses it: for each request that sets eight deadlines, of which hardly any ever
// passes, and reads a byte ahead while the handler works, to notice a sender that leaves. Together these are nearly
// a tenth of the work for a small webhook. Here deadlines are only noted while an earlier one is set, and nothing is read ahead
// until a webhook waits so long that it is watched.
type connection struct {
	net.Conn
	reads, writes deadline
	ahead         []byte  // read by a watch
	next          [1]byte // the array of ahead
}

func newConnection(c net.Conn) *connection {
	wrapped := &connection{Conn: c}
	wrapped.reads.set, wrapped.writes.set = c.SetReadDeadline, c.SetWriteDeadline
	return wrapped
}

// Read reads like any connection, but for a single byte without a deadline: that, net/http asks for only to read ahead.
func (c *connection) Read(p []byte) (int, error) {
	if len(p) == 1 && c.reads.none() {
		return 0, nil
	}
	if len(c.ahead) > 0 {
		n := copy(p, c.ahead)
		c.ahead = nil
		return n, nil
	}
	return c.read(p)
}

func (c *connection) read(p []byte) (n int, err error) {
	for again := true; again; {
		if err := c.reads.begin(); err != nil {
			return 0, err
		}
		n, err = c.Conn.Read(p)
		again = c.reads.end(err)
	}
	return n, err
}

// watch calls left when the sender ends its side of the connection, unless it has sent more before. Nothing else may read
// until stop has returned.
func (c *connection) watch(left func()) (stop func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n, err := c.read(c.next[:])
		if c.ahead = c.next[:n]; err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			left()
		}
	}()
	return func() {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // a connection that is gone tells so when it is read
		<-ended
		_ = c.SetReadDeadline(time.Time{})
	}
}

type connectionKey struct{}

// withConnection lets the contexts of a connection's requests know it; it is for [http.Server.ConnContext].
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// watching returns a context that ends with the one of a request, or when its sender leaves. What is returned with it
// must be called before the handler of the request ends.
func watching(ctx context.Context) (context.Context, func()) {
	c, ok := ctx.Value(connectionKey{}).(*connection)
	ctx, cancel := context.WithCancel(ctx)
	if !ok {
		return ctx, cancel
	}
	stop := c.watch(cancel)
	return ctx, func() { stop(); cancel() }
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

// SetReadDeadline ends a read at that time.
func (c *connection) SetReadDeadline(t time.Time) error { return c.reads.want(t) }

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

// Close forgets the deadlines, so that what comes after one is told that the connection is closed.
func (c *connection) Close() error {
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
	return errors.Is(err, os.ErrDeadlineExceeded) && !d.passed() && d.renew() == nil
}

// none tells that no deadline is wanted.
func (d *deadline) none() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wanted.IsZero()
}

func (d *deadline) sooner() bool {
	return !d.wanted.IsZero() && (d.is.IsZero() || d.wanted.Before(d.is))
}

func (d *deadline) passed() bool { return !d.wanted.IsZero() && !time.Now().Before(d.wanted) }

func (d *deadline) renew() error {
	d.is = d.wanted
	return d.set(d.wanted)
}
