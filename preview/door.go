package preview

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A door is where senders come in: so many at a time. When it is full, one more takes the place of the one that has
// kept us waiting longest: for a request, or for the end of one.
type door struct {
	net.Listener
	limit   int
	refused func(remote string, status int, reason string) // told of requests that never reach a handler

	mu      sync.Mutex // of what follows, also in its visitors
	left    sync.Cond  // a visitor has
	open    int
	waiting list.List // of visitors whose turn it is, the longest first
}

// newDoor lets so many in.
func newDoor(listener net.Listener, limit int, refused func(remote string, status int, reason string)) *door {
	d := &door{Listener: listener, limit: limit, refused: refused}
	d.left.L = &d.mu
	return d
}

// A visitor is a connection of a sender.
type visitor struct {
	net.Conn
	door    *door
	handled atomic.Bool // a handler has its request
	place   *list.Element
	gone    bool
}

// Accept returns the next visitor once there is room.
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.open >= d.limit {
		longest := d.waiting.Front()
		if longest == nil {
			d.left.Wait()
			continue
		}
		v := longest.Value.(*visitor)
		d.leave(v)
		_ = v.Close()
	}
	v := &visitor{Conn: conn, door: d}
	d.open++
	v.place = d.waiting.PushBack(v)
	return v, nil
}

// leave gives a visitor's place up, once.
func (d *door) leave(v *visitor) {
	if v.gone {
		return
	}
	v.gone = true
	d.open--
	v.served()
	d.left.Signal()
}

// served notes that it is not the visitor's turn.
func (v *visitor) served() {
	if v.place != nil {
		v.door.waiting.Remove(v.place)
		v.place = nil
	}
}

// arrived notes that a request has come whole: what is missing now is its answer.
func (v *visitor) arrived() {
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	v.served()
}

// changed is for [http.Server.ConnState].
func (d *door) changed(conn net.Conn, state http.ConnState) {
	v := conn.(*visitor)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch state {
	case http.StateIdle:
		v.handled.Store(false)
		v.served()
		if !v.gone {
			v.place = d.waiting.PushBack(v)
		}
	case http.StateClosed, http.StateHijacked:
		d.leave(v)
	}
}

type visitorKey struct{}

// withVisitor is for [http.Server.ConnContext].
func withVisitor(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, visitorKey{}, conn)
}

// visitorOf returns who sent a request, now that a handler has it; nil for preview itself.
func visitorOf(r *http.Request) *visitor {
	v, ok := r.Context().Value(visitorKey{}).(*visitor)
	if ok {
		v.handled.Store(true)
	}
	return v
}

// Write passes answers on. What is written while no handler has a request is net/http's answer to one that it can not
// read, which says too little and is seen by nobody: another takes its place.
func (v *visitor) Write(p []byte) (int, error) {
	if v.handled.Load() {
		return v.Conn.Write(p)
	}
	status, reason := unreadable(p)
	v.door.refused(v.RemoteAddr().String(), status, reason)
	body := refusalBody(reason)
	_ = v.SetWriteDeadline(time.Now().Add(lingerTime))
	_, err := fmt.Fprintf(v.Conn, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
	if err != nil {
		return 0, err
	}
	_ = v.CloseWrite()
	v.linger()
	return len(p), nil
}

// linger drops what still comes on a connection that is about to be closed, whatever it is: a close with bytes unread
// would take the answer away from the sender.
func (v *visitor) linger() {
	_ = v.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, v.Conn, lingerBytes)
}

// CloseWrite ends this side of the connection. net/http does so before it closes one whose sender still writes.
func (v *visitor) CloseWrite() error {
	if half, ok := v.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// A sender may take so long to read the answer and close its side: a few round trips. Meanwhile, so much is dropped.
const (
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

const unreadableRequest = "the request can not be read: "

// unreadable returns the status of an answer of net/http's own, and what is wrong with the request.
func unreadable(answer []byte) (status int, reason string) {
	line, _, _ := bytes.Cut(answer, []byte("\r\n"))
	words := strings.SplitN(string(line), " ", 3)
	status = http.StatusBadRequest
	if len(words) == 3 {
		if n, err := strconv.Atoi(words[1]); err == nil {
			status = n
		}
		_, reason, _ = strings.Cut(words[2], ": ")
	}
	switch {
	case reason != "":
		return status, unreadableRequest + reason
	case status == http.StatusRequestHeaderFieldsTooLarge:
		return status, fmt.Sprintf("the headers are larger than the %d bytes that are accepted", maxHeaderBytes)
	case status == http.StatusExpectationFailed:
		return status, "the header Expect names what can not be met; send 100-continue or none"
	case status == http.StatusNotImplemented:
		return status, "the transfer encoding is not known; send chunked or a Content-Length"
	}
	return status, unreadableRequest + "its first line or a header is malformed"
}
