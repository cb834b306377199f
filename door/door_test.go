package door

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A comers listener accepts the connections that it is given.
type comers chan net.Conn

func (c comers) Accept() (net.Conn, error) {
	if conn, ok := <-c; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (c comers) Close() error   { close(c); return nil }
func (c comers) Addr() net.Addr { return new(net.TCPAddr) }

// come lets one more visitor in, and returns it with its own end of the connection.
func come(t *testing.T, d *Door, to comers) (*Visitor, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	go func() { to <- near }()
	v, err := d.Admit()
	if err != nil {
		t.Fatal(err)
	}
	return v, far
}

// gone tells that the other side has ended a connection.
func gone(far net.Conn) bool {
	_ = far.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := far.Read(make([]byte, 1))
	return err == io.EOF
}

// Whoever comes to a full door takes the place of the one that has kept it waiting longest, and waits where all are served.
func TestAFullDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := make(comers)
		d := New(to, 2, func(string, int, string) {})
		first, firstFar := come(t, d, to)
		second, secondFar := come(t, d, to)
		first.Arrived()
		third, thirdFar := come(t, d, to)
		if gone(firstFar) || !gone(secondFar) {
			t.Error("the place is not that of the one whose request is awaited")
		}
		second.Changed(http.StateClosed) // its place was given up already
		third.Arrived()
		waited := make(chan time.Duration)
		began := time.Now()
		go func() {
			v, fourthFar := come(t, d, to)
			waited <- time.Since(began)
			v.Close()
			fourthFar.Close()
		}()
		time.Sleep(time.Minute)
		first.Changed(http.StateIdle) // answered, and its next request is awaited
		if took := <-waited; took != time.Minute {
			t.Errorf("one that comes while all are served waits for %v", took)
		}
		if !gone(firstFar) || gone(thirdFar) {
			t.Error("the place is not that of the one that has been answered")
		}
		for _, conn := range []net.Conn{first, firstFar, third, thirdFar, secondFar} {
			conn.Close()
		}
	})
}

// What no handler has is answered with a reason, noted with who sent it, and read no further.
func TestARefusedVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := make(comers)
		var noted []string
		d := New(to, 1, func(remote string, status int, reason string) {
			noted = append(noted, remote, http.StatusText(status), reason)
		})
		v, far := come(t, d, to)
		answer := make(chan string)
		go func() {
			buffer := make([]byte, 1<<10)
			n, _ := io.ReadAtLeast(far, buffer, 150)
			answer <- string(buffer[:n])
		}()
		began := time.Now()
		if _, err := v.Write([]byte("HTTP/1.1 501 Not Implemented\r\n\r\n")); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != LingerTime {
			t.Errorf("a sender that says nothing holds its connection for %v", took)
		}
		text := <-answer
		if !strings.HasPrefix(text, "HTTP/1.1 501 ") || !strings.Contains(text, "Connection: close") || !strings.Contains(text, `{"error":"the transfer encoding`) {
			t.Errorf("%q", text)
		}
		if len(noted) != 3 || noted[0] != "pipe" {
			t.Errorf("noted %q", noted)
		}
		if n, err := v.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("what follows is read: %d, %v", n, err)
		}
		if _, err := v.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); err != nil || len(noted) != 3 {
			t.Errorf("it is answered twice: %q, %v", noted, err)
		}
		v.Close()
		far.Close()
	})
}

// A sender that goes on writing is dropped after so many bytes.
func TestLingeringIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := make(comers)
		v, far := come(t, New(to, 1, func(string, int, string) {}), to)
		written := make(chan int)
		go func() {
			total := 0
			for n, err := 0, error(nil); err == nil; total += n {
				n, err = far.Write(make([]byte, 1<<10))
			}
			written <- total
		}()
		v.Linger()
		v.Close()
		if n := <-written; n < lingerBytes || n > lingerBytes+1<<16 {
			t.Errorf("%d bytes were dropped", n)
		}
	})
}
