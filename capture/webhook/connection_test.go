package webhook

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/door"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// An only listener has one connection.
type only struct {
	net.Listener
	conn net.Conn
}

func (o only) Accept() (net.Conn, error) { return o.conn, nil }

// connected returns a connection of ours over another.
func connected(t testing.TB, near net.Conn) *connection {
	t.Helper()
	v, err := door.New(only{conn: near}, 1, func(string, int, string) {}).Admit()
	if err != nil {
		t.Fatal(err)
	}
	v.Handle()
	return newConnection(v, commit.NewBudgetOf(math.MaxInt64))
}

// A deadlineChange happens at a time since the start. The deadline is so much later, or in the past, or none.
type deadlineChange struct {
	At    time.Duration
	Later time.Duration // none if it is 0
}

// An attempt to read or write begins at a time, and has ended at another.
type attempt struct {
	Begun, Ended time.Duration
	N            int
	TooLate      bool
}

// Reads and writes end when those of any other connection do, whatever deadlines are set before and meanwhile.
func TestAConnectionKeepsItsDeadlines(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var changes []deadlineChange
		at := time.Duration(0)
		for range rapid.IntRange(1, 8).Draw(rt, "changes") {
			at += time.Duration(rapid.IntRange(1, 20).Draw(rt, "pause")) * 10 * time.Millisecond
			later := time.Duration(rapid.SampledFrom([]int{0, -55, 5, 25, 95, 345}).Draw(rt, "later")) * time.Millisecond
			changes = append(changes, deadlineChange{at, later})
		}
		arrives := time.Duration(rapid.IntRange(0, 80).Draw(rt, "arrives"))*10*time.Millisecond + 7*time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			for name, play := range map[string]func(net.Conn, net.Conn, []deadlineChange, time.Duration) []attempt{"reads": playReads, "writes": playWrites} {
				near, far := net.Pipe()
				want := play(near, far, changes, arrives)
				near, far = net.Pipe()
				if diff := cmp.Diff(want, play(connected(t, near), far, changes, arrives)); diff != "" {
					t.Errorf("%s with %v, %v: -plain +ours\n%s", name, changes, arrives, diff)
				}
			}
		})
	})
}

func playReads(near, far net.Conn, changes []deadlineChange, arrives time.Duration) []attempt {
	return playDeadlines(near, far, changes, near.SetReadDeadline, func() (int, error) { return near.Read(make([]byte, 2)) },
		func() { time.Sleep(arrives); _, _ = far.Write([]byte("hi")) })
}

func playWrites(near, far net.Conn, changes []deadlineChange, arrives time.Duration) []attempt {
	return playDeadlines(near, far, changes, near.SetWriteDeadline, func() (int, error) { return near.Write([]byte("hello")) },
		func() { time.Sleep(arrives); _, _ = io.ReadFull(far, make([]byte, 3)) })
}

// playDeadlines tries something again and again until the other side is done, and a second longer.
func playDeadlines(near, far net.Conn, changes []deadlineChange, set func(time.Time) error, try func() (int, error), other func()) (attempts []attempt) {
	start := time.Now()
	var others sync.WaitGroup
	others.Go(other)
	others.Go(func() {
		for _, c := range changes {
			time.Sleep(time.Until(start.Add(c.At)))
			if c.Later == 0 {
				_ = set(time.Time{})
			} else {
				_ = set(time.Now().Add(c.Later))
			}
		}
		time.Sleep(time.Until(start.Add(3 * time.Second)))
		near.Close()
		far.Close()
	})
	for range 200 { // twice as many as there is time for
		begun := time.Since(start)
		n, err := try()
		attempts = append(attempts, attempt{begun, time.Since(start), n, errors.Is(err, os.ErrDeadlineExceeded)})
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		time.Sleep(31013 * time.Microsecond) // at no time of another
	}
	others.Wait()
	return attempts
}

func TestASenderThatLeavesIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		ctx, stop := watching(withConnection(t.Context(), connected(t, near)))
		defer stop()
		synctest.Wait()
		if ctx.Err() != nil {
			t.Error("the context ended before its sender left")
		}
		far.Close()
		synctest.Wait()
		if ctx.Err() == nil {
			t.Error("the sender left, and the context did not end")
		}
	})
}

// A sender may write its next request before the last is answered.
func TestWhatIsSentWhileASenderIsWatchedIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := connected(t, near)
		for _, next := range []string{"p", "pipelined", "again"} {
			left := func() { t.Error("the sender did not leave") }
			c.watch(left)() // for nothing
			stop := c.watch(left)
			written := make(chan error, 1)
			go func() { _, err := io.WriteString(far, next); written <- err }()
			synctest.Wait()
			stop()
			got := make([]byte, len(next)+1)
			n, err := io.ReadAtLeast(c, got, len(next))
			if err = errors.Join(err, <-written); err != nil || string(got[:n]) != next {
				t.Errorf("read %q, %v; %q was sent", got[:n], err, next)
			}
		}
	})
}

// net/http reads ahead, while a handler works, by a read of a single byte, and reads by more otherwise. That is what
// tells these reads apart; a release of Go that reads otherwise fails here.
func TestTheLibraryReadsAheadByOneByte(t *testing.T) {
	near, far := net.Pipe()
	spy := &readSizes{Conn: near, sizes: make(chan int, 100)}
	handling, answer := make(chan struct{}), make(chan struct{})
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(handling)
		<-answer
	})}
	t.Cleanup(func() { server.Close() })
	go func() { _ = server.Serve(&once{conn: spy, done: t.Context().Done()}) }()
	_, err := io.WriteString(far, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	if err != nil {
		t.Fatal(err)
	}
	<-handling
	if first, ahead := <-spy.sizes, <-spy.sizes; first < 1024 || ahead != 1 {
		t.Errorf("net/http reads a header by %d bytes, and ahead by %d", first, ahead)
	}
	close(answer)
}

// So it does before the handler of a request without a body, when it has dropped the deadline that each header has.
func TestTheLibraryReadsAheadWithoutADeadline(t *testing.T) {
	near, far := net.Pipe()
	spy := &readSizes{Conn: near, sizes: make(chan int, 100)}
	handling, answer := make(chan struct{}), make(chan struct{})
	server := newHTTPServer(nil, silent())
	server.ConnContext, server.ConnState = nil, nil
	server.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(handling); <-answer })
	t.Cleanup(func() { server.Close() })
	go func() { _ = server.Serve(&once{conn: spy, done: t.Context().Done()}) }()
	if _, err := io.WriteString(far, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-handling
	<-spy.sizes
	if ahead := <-spy.sizes; ahead != 1 || !spy.unbounded.Load() || !spy.bounded.Load() {
		t.Errorf("net/http reads ahead by %d bytes; a header has a deadline: %v, and what follows none: %v", ahead, spy.bounded.Load(), spy.unbounded.Load())
	}
	close(answer)
}

// A readSizes tells how much is asked for by each read.
type readSizes struct {
	net.Conn
	sizes     chan int
	set       atomic.Bool // a deadline
	bounded   atomic.Bool // a larger read had one
	unbounded atomic.Bool // a read of one byte had none
}

func (c *readSizes) SetReadDeadline(at time.Time) error {
	c.set.Store(!at.IsZero())
	return c.Conn.SetReadDeadline(at)
}

func (c *readSizes) Read(p []byte) (int, error) {
	switch set := c.set.Load(); {
	case len(p) > 1 && set:
		c.bounded.Store(true)
	case len(p) == 1 && !set:
		c.unbounded.Store(true)
	}
	c.sizes <- len(p)
	return c.Conn.Read(p)
}

// A once listener accepts one connection, and then nothing until it is done.
type once struct {
	conn net.Conn
	done <-chan struct{}
}

func (o *once) Accept() (net.Conn, error) {
	if conn := o.conn; conn != nil {
		o.conn = nil
		return conn, nil
	}
	<-o.done
	return nil, net.ErrClosed
}

func (o *once) Close() error   { return nil }
func (o *once) Addr() net.Addr { return &net.TCPAddr{} }

// Requests that come one behind the other, in pieces, are answered as bare net/http answers them, however often their
// senders are watched meanwhile.
func TestPipelinedRequestsAreReadAsByTheLibrary(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range len(r.URL.Path) % 4 {
			_, stop := watching(r.Context())
			runtime.Gosched()
			stop()
		}
		body, err := io.ReadAll(r.Body)
		for range len(body) % 4 {
			_, stop := watching(r.Context())
			runtime.Gosched()
			stop()
		}
		_, _ = fmt.Fprintf(w, "%s %s %q %v", r.Method, r.URL.Path, body, err)
	})
	bare := served(t, func(l net.Listener) error { return (&http.Server{Handler: handler}).Serve(l) })
	ours := served(t, func(l net.Listener) error {
		return newHTTPServer(handler, silent()).Serve(entrance{door.New(l, 100, func(string, int, string) {}), commit.NewBudgetOf(math.MaxInt64)})
	})
	rapid.Check(t, func(rt *rapid.T) {
		var text strings.Builder
		for i := range rapid.IntRange(1, 30).Draw(rt, "requests") {
			path := strings.Repeat("p", rapid.IntRange(0, 5).Draw(rt, "path"))
			body := strings.Repeat("b", rapid.IntRange(0, 9000).Draw(rt, "body"))
			switch rapid.IntRange(0, 2).Draw(rt, "kind") {
			case 0:
				fmt.Fprintf(&text, "GET /%s%d HTTP/1.1\r\nHost: x\r\n\r\n", path, i)
			case 1:
				fmt.Fprintf(&text, "POST /%s%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, i, len(body), body)
			case 2:
				fmt.Fprintf(&text, "POST /%s%d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%sb\r\n0\r\n\r\n", path, i, len(body)+1, body)
			}
		}
		text.WriteString("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		pieces := rapid.SliceOfN(rapid.IntRange(1, 5000), 1, 20).Draw(rt, "pieces")
		want, got := played(t, bare, text.String(), pieces), played(t, ours, text.String(), pieces)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// served returns the address of a server that runs until the test's end.
func served(t *testing.T, serve func(net.Listener) error) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = serve(listener) }()
	t.Cleanup(func() { listener.Close(); <-ended })
	return listener.Addr().String()
}

// played returns what is answered to a text that is sent in pieces, without dates.
func played(t *testing.T, address, text string, pieces []int) string {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		for i := 0; len(text) > 0; i++ {
			n := min(len(text), pieces[i%len(pieces)])
			_, _ = io.WriteString(conn, text[:n])
			text = text[n:]
		}
	}()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%v after %q", err, all)
	}
	return dates.ReplaceAllString(string(all), "")
}

var dates = regexp.MustCompile(`Date: .*\r\n`)

// A connection declines what net/http would read ahead, and reads all else.
func TestAConnectionDoesNotReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := connected(t, near)
		go func() { _, _ = io.WriteString(far, "hi") }()
		synctest.Wait()
		one := make([]byte, 1)
		for _, deadline := range []time.Time{{}, time.Now().Add(time.Second), time.Unix(1, 0)} { // as while a body is read, and after a handler
			_ = c.SetReadDeadline(deadline)
			if n, err := c.Read(one); n != 0 || err != nil {
				t.Errorf("a byte was read ahead: %d, %v", n, err)
			}
		}
		c.Changed(http.StateIdle)
		_ = c.SetReadDeadline(time.Time{}) // as before the handler of a request without a body
		if n, err := c.Read(one); n != 0 || err != nil {
			t.Errorf("a byte was read ahead before the handler: %d, %v", n, err)
		}
		_ = c.SetReadDeadline(time.Now().Add(headerTimeout))
		for _, want := range "hi" { // the last byte that a header may have
			if n, err := c.Read(one); n != 1 || rune(one[0]) != want || err != nil {
				t.Errorf("read %q, %v where %q was sent", one[:n], err, want)
			}
		}
	})
}
