package webhook

import (
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/door"
	"source-intercom-ingest/spec"
)

// silent returns a log that nobody reads.
func silent() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// play lets one sender talk to a handler, with the limits of connections, until it returns.
func play(handler http.HandlerFunc, sender func(net.Conn)) {
	come, p := make(pipes, 1), newPipe()
	come <- p.near
	server, ended := newHTTPServer(handler, silent()), make(chan error)
	go func() {
		ended <- server.Serve(entrance{door.New(come, 1, func(string, int, string) {}), commit.NewBudgetOf(math.MaxInt64)})
	}()
	sender(p.far)
	p.far.Close()
	server.Close()
	<-ended
}

// guarded plays what a sender writes against a handler that refuses all without reading, and returns the answer, and
// after how long the connection ended.
func guarded(t *testing.T, write func(w io.Writer)) (answer string, took time.Duration) {
	synctest.Test(t, func(*testing.T) {
		play(func(w http.ResponseWriter, r *http.Request) {
			writeJSON(w, http.StatusNotFound, map[string]string{"error": r.URL.Path})
		}, func(far net.Conn) {
			began, written := time.Now(), make(chan struct{})
			go func() { defer close(written); write(far) }()
			all, _ := io.ReadAll(far)
			answer, took = string(all), time.Since(began)
			far.Close()
			<-written
		})
	})
	return answer, took
}

// A body that does not end holds its connection for as long as refused senders have to read their answer, whatever asks for
// it: it is neither waited for nor read as a request.
func TestAnUnfinishedBodyEndsItsConnection(t *testing.T) {
	const bound = drainTime + 2*door.LingerTime
	for name, head := range map[string]string{
		"GET":           "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
		"HEAD":          "HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
		"POST":          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
		"chunks":        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
		"expects":       "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
		"expects, goes": "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n{",
		"HTTP/1.0":      "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 10\r\n\r\n{",
	} {
		answer, took := guarded(t, func(w io.Writer) { _, _ = io.WriteString(w, head) })
		if !strings.HasPrefix(answer, "HTTP/1") || !strings.Contains(answer, " 404 ") || !strings.Contains(answer, "Connection: close") || took > bound {
			t.Errorf("%s: %q after %v", name, answer, took)
		}
	}
}

// One that comes byte by byte has no more time.
func TestATricklingBodyEndsItsConnection(t *testing.T) {
	_, took := guarded(t, func(w io.Writer) {
		_, err := io.WriteString(w, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
		for ; err == nil; time.Sleep(100 * time.Millisecond) { // of the fake clock
			_, err = io.WriteString(w, "x")
		}
	})
	if took > drainTime+2*door.LingerTime {
		t.Errorf("the connection ended after %v", took)
	}
}

// A body that comes whole after its answer does not make its sender wait.
func TestABodyThatComesAfterItsAnswerEndsAtOnce(t *testing.T) {
	answer, took := guarded(t, func(w io.Writer) {
		_, _ = io.WriteString(w, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	})
	if !strings.Contains(answer, " 404 ") || took != 0 {
		t.Errorf("%q after %v", answer, took)
	}
}

// A connection whose header does not come, or which says nothing between requests, ends.
func TestASilentConnectionEnds(t *testing.T) {
	if answer, took := guarded(t, func(w io.Writer) { _, _ = io.WriteString(w, "GET / HTTP/1.1\r\nHo") }); took > headerTimeout+door.LingerTime {
		t.Errorf("without the end of a header: %q after %v", answer, took)
	}
	if _, took := guarded(t, func(w io.Writer) { _, _ = io.WriteString(w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") }); took != idleTimeout {
		t.Errorf("without a further request: after %v", took)
	}
}

// An answer that is not read ends its connection, too.
func TestAnAnswerThatIsNotReadEndsItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handled := make(chan time.Duration, 1)
		play(func(w http.ResponseWriter, r *http.Request) {
			began := time.Now()
			_, _ = w.Write(make([]byte, 1<<20))
			handled <- time.Since(began)
		}, func(far net.Conn) {
			_, _ = io.WriteString(far, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			if took := <-handled; took != answerTime {
				t.Errorf("it was given up after %v", took)
			}
		})
	})
}

// So does what comes before an answer: the leave to send a body.
func TestALeaveThatIsNotReadEndsItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handled := make(chan time.Duration, 1)
		play(func(w http.ResponseWriter, r *http.Request) {
			began := time.Now()
			patient := newPatientReader(w, r, began, unbounded(), spec.Sources{})
			_, _ = io.Copy(io.Discard, &patient)
			handled <- time.Since(began)
		}, func(far net.Conn) {
			_, _ = io.WriteString(far, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
			time.Sleep(answerTime + time.Second)
			far.Close()
			if took := <-handled; took != answerTime {
				t.Errorf("it was given up after %v", took)
			}
		})
	})
}

// A header that is larger than is accepted is refused when so much has come.
func TestAHeaderOfTooManyBytesIsRefused(t *testing.T) {
	answer, _ := guarded(t, func(w io.Writer) {
		_, _ = io.WriteString(w, "GET / HTTP/1.1\r\nHost: x\r\nA: "+strings.Repeat("a", door.MaxHeaderBytes+4<<10))
	})
	if !strings.HasPrefix(answer, "HTTP/1.1 431 ") || !strings.Contains(answer, "65536 bytes") {
		t.Errorf("%q", answer)
	}
}

// Large headers are held of the budget: one for which there is no room hears so, and what it held is returned.
func TestALargeHeaderIsHeldOfTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := commit.NewBudgetOf(2 * headerBytes)
		come, held, answer := make(pipes, 2), make(chan int64, 1), make(chan struct{})
		server := newHTTPServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			held <- b.Held()
			<-answer
		}), silent())
		var refused []string
		in := entrance{door.New(come, 2, func(_ string, _ int, reason string) { refused = append(refused, reason) }), b}
		ended := make(chan error)
		go func() { ended <- server.Serve(in) }()
		large := "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 2*smallHeader) + "\r\n\r\n"
		first, second := newPipe(), newPipe()
		come <- first.near
		_, _ = io.WriteString(first.far, large)
		if n := <-held; n != headerBytes {
			t.Errorf("%d bytes are held", n)
		}
		come <- second.near
		go func() { _, _ = io.WriteString(second.far, large) }()
		if answer, err := io.ReadAll(second.far); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 503 ") || len(refused) != 1 {
			t.Errorf("%q, %v, %q", answer, err, refused)
		}
		close(answer)
		first.far.Close()
		second.far.Close()
		server.Close()
		<-ended
		synctest.Wait()
		if n := b.Held(); n != 0 {
			t.Errorf("%d bytes are still held", n)
		}
	})
}

// A body whose end can be taken to be elsewhere is the last of its connection.
func TestAnAmbiguousBodyIsTheLastOfItsConnection(t *testing.T) {
	const next = "GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for head, last := range map[string]bool{
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":   true,
		"POST / HTTP/1.1\r\nHost: x\r\nTRANSFER-encoding: chunked\r\ncontent-LENGTH: 4\n\r\n0\r\n\r\n":     true,
		"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n":                  true,
		"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\nTransfer-Encoding: x\r\n\r\n{}": true,
		"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}":                         false,
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n": false,
	} {
		for _, piece := range []int{1, 7, len(head)} {
			synctest.Test(t, func(t *testing.T) {
				var paths []string
				play(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					paths = append(paths, r.URL.Path)
				}, func(far net.Conn) {
					go func() {
						for left := []byte(head + next); len(left) > 0; {
							n, err := far.Write(left[:min(piece, len(left))])
							if left = left[n:]; err != nil {
								return
							}
						}
					}()
					_, _ = io.ReadAll(far)
				})
				if slices.Contains(paths, "/next") == last {
					t.Errorf("after %q in pieces of %d, the handler saw %q", head, piece, paths)
				}
			})
		}
	}
}
