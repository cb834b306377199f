package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/door"
)

// A connection is a sender's, as net/http uses it: for each request that sets eight deadlines, of which hardly any ever
// passes, and reads a byte ahead while the handler works, to notice a sender that leaves. Together these are nearly
// a tenth of the work for a small webhook. Here deadlines are only noted while an earlier one is set, and nothing is read ahead
// until a webhook waits so long that it is watched.
type connection struct {
	*door.Visitor
	reads, writes deadline
	ahead         []byte  // read by a watch
	next          [1]byte // the array of ahead
	header        header
}

func newConnection(v *door.Visitor, b *commit.Budget) *connection {
	c := &connection{Visitor: v}
	c.reads.set, c.writes.set = v.SetReadDeadline, v.SetWriteDeadline
	c.header.held = b.Reserve()
	return c
}

// Read reads like any connection, but for a single byte while a handler has the request, or is about to: that, net/http
// asks for only to read ahead. Bodies are read through its buffer, which is larger, and so are headers, which always have
// a deadline: a read without one is no longer of a header, though the handler may not have begun.
func (c *connection) Read(p []byte) (int, error) {
	handled := c.Handled()
	if len(p) == 1 && (handled || c.reads.none()) {
		return 0, nil
	}
	if handled {
		return c.readAny(p)
	}
	n, err := c.readAny(p)
	if n > 0 && !c.header.read(n) {
		_ = c.Refuse(http.StatusServiceUnavailable, "there is no room for a request with a large header; send it again")
		return 0, io.EOF
	}
	return n, err
}

// readAny returns what a watch has read, before all else.
func (c *connection) readAny(p []byte) (int, error) {
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
		n, err = c.Visitor.Read(p)
		again = c.reads.end(err)
	}
	return n, err
}

// watch calls left when the sender ends its side of the connection, unless it has sent more before. Nothing else may read
// until stop has returned.
func (c *connection) watch(left func()) (stop func()) {
	if len(c.ahead) > 0 { // an earlier watch has seen it send more
		return func() {}
	}
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

// connectionOf returns the connection of a request; nil where it is of another kind.
func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

// watching returns a context that ends with the one of a request, or when its sender leaves. What is returned with it
// must be called before the handler of the request ends.
func watching(ctx context.Context) (context.Context, func()) {
	c := connectionOf(ctx)
	ctx, cancel := context.WithCancel(ctx)
	if c == nil {
		return ctx, cancel
	}
	stop := c.watch(cancel)
	return ctx, func() { stop(); cancel() }
}

// A requester is the sender of a request, who waits for its commit.
type requester http.Request

func (r *requester) Watched() (context.Context, func()) {
	return watching((*http.Request)(r).Context())
}

// Write writes all of p, unless it fails.
func (c *connection) Write(p []byte) (n int, err error) {
	for again := true; again; {
		if err := c.writes.begin(); err != nil {
			return n, err
		}
		var more int
		more, err = c.Visitor.Write(p[n:])
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

// Close forgets the deadlines, so that what comes after one is told that the connection is closed.
func (c *connection) Close() error {
	return errors.Join(c.reads.want(time.Time{}), c.writes.want(time.Time{}), c.Visitor.Close())
}

// changed is for [http.Server.ConnState].
func changed(conn net.Conn, state http.ConnState) {
	c := conn.(*connection)
	if state == http.StateIdle || state == http.StateClosed {
		c.header.release()
	}
	c.Changed(state)
}
