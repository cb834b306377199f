package capture

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
)

// A pipes listener accepts the connections that it is given.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return new(net.TCPAddr) }

func TestAConnectionBeyondTheLimitWaitsForAnotherToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		come := make(pipes, 2)
		one, oneEnd := net.Pipe()
		two, twoEnd := net.Pipe()
		come <- oneEnd
		come <- twoEnd
		server := new(http.Server)
		ended := make(chan error)
		listener := limit(come, server, 1)
		go func() { ended <- server.Serve(listener) }()
		synctest.Wait()
		if n := len(come); n != 1 {
			t.Errorf("%d connections wait, not the second alone", n)
		}
		one.Close()
		synctest.Wait()
		if n := len(come); n != 0 {
			t.Errorf("%d connections still wait", n)
		}
		two.Close()
		server.Close()
		<-ended
	})
}
