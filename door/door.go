// Package door is where a server's senders come in: so many at a time, each with an answer that says why, also where
// net/http would answer by itself.
package door

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Door accepts connections, so many at a time. When it is full, one more takes the place of the one that has
// kept us waiting longest: for a request, or for the end of one.
type Door struct {
	net.Listener
	limit   int
	refused Refused

	mu      sync.Mutex // of what follows, also in its visitors
	room    sync.Cond  // there may be some: a visitor has left, or keeps us waiting
	open    int
	waiting list.List // of visitors whose turn it is, the longest first
}

// Refused is told of a request that never reaches a handler: who sent it, what is answered, and why.
type Refused func(remote string, status int, reason string)

// New lets so many in at a time, from a listener.
func New(listener net.Listener, limit int, refused Refused) *Door {
	d := &Door{Listener: listener, limit: limit, refused: refused}
	d.room.L = &d.mu
	return d
}

// A Visitor is a connection of a sender.
type Visitor struct {
	net.Conn
	door    *Door
	handled atomic.Bool // a handler has its request
	over    bool        // refused; the server's goroutine for the connection alone knows
	framing framing     // of what is read, by one goroutine at a time
	place   *list.Element
	gone    bool
}

// Accept returns the next [Visitor] once there is room.
func (d *Door) Accept() (net.Conn, error) {
	v, err := d.Admit()
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Admit returns the next visitor once there is room.
func (d *Door) Admit() (*Visitor, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.open >= d.limit {
		longest := d.waiting.Front()
		if longest == nil {
			d.room.Wait()
			continue
		}
		v := longest.Value.(*Visitor)
		d.leave(v)
		_ = v.Close()
	}
	v := &Visitor{Conn: conn, door: d}
	d.open++
	v.place = d.waiting.PushBack(v)
	return v, nil
}

// leave gives a visitor's place up, once.
func (d *Door) leave(v *Visitor) {
	if v.gone {
		return
	}
	v.gone = true
	d.open--
	v.served()
	d.room.Signal()
}

// served notes that it is not the visitor's turn.
func (v *Visitor) served() {
	if v.place != nil {
		v.door.waiting.Remove(v.place)
		v.place = nil
	}
}

// Arrived notes that a request has come whole: what is missing now is its answer.
func (v *Visitor) Arrived() {
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	v.served()
}

// Changed is for [http.Server.ConnState], where the server's connections are visitors.
func (d *Door) Changed(conn net.Conn, state http.ConnState) { conn.(*Visitor).Changed(state) }

// Changed notes what a server says of the visitor's connection.
func (v *Visitor) Changed(state http.ConnState) {
	d := v.door
	d.mu.Lock()
	defer d.mu.Unlock()
	switch state {
	case http.StateIdle:
		v.handled.Store(false)
		v.served()
		if !v.gone {
			v.place = d.waiting.PushBack(v)
			d.room.Signal()
		}
	case http.StateClosed, http.StateHijacked:
		d.leave(v)
	}
}

type key struct{}

// With is for [http.Server.ConnContext], where the server's connections are visitors.
func With(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, key{}, conn)
}

// Of returns who sent a request, now that a handler has it; nil for one that came through no door.
func Of(r *http.Request) *Visitor {
	v, ok := r.Context().Value(key{}).(*Visitor)
	if ok {
		v.Handle()
	}
	return v
}

// Handle notes that a handler has the visitor's request: what is written from now on is its answer.
func (v *Visitor) Handle() { v.handled.Store(true) }

// Handled tells that a handler has the visitor's request.
func (v *Visitor) Handled() bool { return v.handled.Load() }

// Read reads what a visitor that is not refused sends.
func (v *Visitor) Read(p []byte) (int, error) {
	if v.over {
		return 0, io.EOF
	}
	n, err := v.Conn.Read(p)
	v.framing.read(p[:n])
	return n, err
}

// Ambiguous tells that a body of the connection, which may be that of the request, can be taken to end elsewhere. Its
// answer must be the connection's last.
func (v *Visitor) Ambiguous(r *http.Request) bool {
	return v.framing.ambiguous.Load() || v.framing.coded.Load() && !r.ProtoAtLeast(1, 1)
}

// Write passes answers on. What is written while no handler has a request is net/http's answer to one that it can not
// read, which says too little and is seen by nobody: another takes its place.
func (v *Visitor) Write(p []byte) (int, error) {
	switch {
	case v.handled.Load():
		return v.Conn.Write(p)
	case v.over:
		return len(p), nil // it has its answer
	}
	if err := v.Refuse(Unreadable(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Refuse answers before a handler has the request, and ends this side of the connection, which is to be closed.
func (v *Visitor) Refuse(status int, reason string) error {
	v.over = true
	v.door.refused(v.RemoteAddr().String(), status, reason)
	code, later := Malformed, ""
	if status == http.StatusServiceUnavailable {
		code, later = "no_room", "Retry-After: 1\r\n"
	}
	body := Body(code, reason)
	_ = v.SetWriteDeadline(time.Now().Add(LingerTime))
	_, err := fmt.Fprintf(v.Conn, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), later, len(body), body)
	if err != nil {
		return err
	}
	_ = v.CloseWrite()
	v.Linger()
	return nil
}

// Linger drops what still comes on a connection that is about to be closed, whatever it is: a close with bytes unread
// would take the answer away from the sender.
func (v *Visitor) Linger() {
	_ = v.SetReadDeadline(time.Now().Add(LingerTime))
	_, _ = io.CopyN(io.Discard, v.Conn, lingerBytes)
}

// CloseWrite ends this side of the connection. net/http does so before it closes one whose sender still writes.
func (v *Visitor) CloseWrite() error {
	if half, ok := v.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// A sender may take so long to read the answer and close its side: a few round trips. Meanwhile, so much is dropped.
const (
	LingerTime  = time.Second
	lingerBytes = 1 << 20
)

// Descriptors returns how many files and connections this process may have open.
func Descriptors() int { return descriptors() }
