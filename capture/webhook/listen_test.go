package webhook

import (
	"io"
	"math"
	"net"
	"net/http"
	"testing"
	"testing/synctest"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/door"
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

// A connection whose request is whole keeps its place until it is answered; any other gives it to one that comes when all
// are taken.
func TestAConnectionBeyondTheLimitTakesTheLongestWaitersPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		come, answer := make(pipes, 3), make(chan struct{})
		working, stalled, next := make(chan struct{}), newPipe(), newPipe()
		whole := newPipe()
		server := newHTTPServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(working)
			<-answer
		}), silent())
		ended := make(chan error)
		in := entrance{door.New(come, 2, func(string, int, string) {}), commit.NewBudgetOf(math.MaxInt64)}
		go func() { ended <- server.Serve(in) }()
		come <- whole.near
		if _, err := io.WriteString(whole.far, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-working
		come <- stalled.near
		if _, err := io.WriteString(stalled.far, "GET / HTTP/1.1\r\nHost:"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		come <- next.near
		if _, err := stalled.far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("what stalls keeps its place: %v", err)
		}
		go func() { _, _ = io.ReadAll(whole.far) }()
		close(answer)
		synctest.Wait()
		if _, err := io.WriteString(next.far, "G"); err != nil {
			t.Errorf("what comes has no place: %v", err)
		}
		server.Close()
		whole.far.Close()
		next.far.Close()
		<-ended
	})
}

// A pipe is a connection's two ends.
type pipe struct{ near, far net.Conn }

func newPipe() pipe {
	near, far := net.Pipe()
	return pipe{near, far}
}

func TestTheNumberOfConnectionsFollowsFromMemoryAndDescriptors(t *testing.T) {
	for total, want := range map[int64]int{24 << 20: 1024, 1 << 10: 1, 1 << 40: min(maxConnections, door.Descriptors()-otherDescriptors)} {
		if got := connections(commit.NewBudgetOf(total)); got != min(want, door.Descriptors()-otherDescriptors) {
			t.Errorf("a budget of %d bytes has %d connections, not %d", total, got, want)
		}
	}
}
