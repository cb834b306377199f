package preview

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-intercom-ingest/door"

	"github.com/sirupsen/logrus"
)

// A pipes listener accepts the connections that are dialed.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return new(net.TCPAddr) }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p <- theirs
	return ours, nil
}

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// A stage is a front before a connector, on a clock of its own.
type stage struct {
	*front
	outside pipes
	reached atomic.Int64 // requests that the connector got
}

// onStage runs a test with a front before a server that stands for a connector.
func onStage(t *testing.T, visitors int, connector http.HandlerFunc, test func(t *testing.T, s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		inside := make(pipes)
		s := &stage{outside: make(pipes), front: &front{log: quiet(), intercom: true, traffic: newTraffic(nil), last: func() int64 { return 0 }}}
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.reached.Add(1)
			connector(w, r)
		})}
		go func() { _ = server.Serve(inside) }()
		s.serve(s.outside, visitors, inside.dial)
		target := "connector:1"
		s.target.Store(&target)
		test(t, s)
		s.close()
		_ = server.Close()
		time.Sleep(time.Minute) // senders notice
	})
}

// sender connects, and writes what a sender does.
func (s *stage) sender(t *testing.T, parts ...string) net.Conn {
	t.Helper()
	conn, err := s.outside.dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for i, part := range parts {
			if i > 0 {
				time.Sleep(time.Second)
			}
			if _, err := io.WriteString(conn, part); err != nil {
				return
			}
		}
	}()
	return conn
}

// answers reads all answers up to the end of a connection, which must come.
func answers(t *testing.T, conn net.Conn) (statuses []int, took time.Duration) {
	t.Helper()
	began := time.Now()
	_ = conn.SetReadDeadline(began.Add(time.Hour))
	in := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(in, nil)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) {
			return statuses, time.Since(began)
		}
		if err != nil {
			t.Errorf("after %v: %v", statuses, err)
			return statuses, time.Since(began)
		}
		if resp.StatusCode != http.StatusContinue {
			statuses = append(statuses, resp.StatusCode)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
	}
}

// reads is a connector that wants the whole body; refuses answers before it.
func reads(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }

func refuses(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Length", "2")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, "{}")
	_ = control.Flush()
}

// Every sender that stalls hears why, in bounded time, and its connection ends.
func TestEveryStalledRequestIsAnswered(t *testing.T) {
	const post = "POST /in HTTP/1.1\r\nHost: x\r\n"
	for name, parts := range map[string][]string{
		"announced, absent":        {post + "Content-Length: 10\r\n\r\n"},
		"partly sent":              {post + "Content-Length: 10\r\n\r\n{\"a\""},
		"chunked, absent":          {post + "Transfer-Encoding: chunked\r\n\r\n"},
		"a chunk without its end":  {post + "Transfer-Encoding: chunked\r\n\r\n5\r\n{}"},
		"no last chunk":            {post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"},
		"no end of trailers":       {post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"},
		"a size without its end":   {post + "Transfer-Encoding: chunked\r\n\r\n2"},
		"HEAD with a body":         {"HEAD /in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"},
		"GET with a body":          {"GET /in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"},
		"expects, then is silent":  {post + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"},
		"expects, chunked, silent": {post + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"},
		"drips":                    append([]string{post + "Content-Length: 1000\r\n\r\n"}, strings.Split(strings.Repeat("x", 999), "")...),
	} {
		for kind, connector := range map[string]http.HandlerFunc{"read": reads, "refused": refuses} {
			t.Run(name+" and "+kind, func(t *testing.T) {
				onStage(t, 10, connector, func(t *testing.T, s *stage) {
					statuses, took := answers(t, s.sender(t, parts...))
					want := http.StatusNotFound
					if kind == "read" {
						want = http.StatusRequestTimeout
					}
					if kind == "read" && name == "no end of trailers" {
						want = http.StatusBadRequest // as net/http sees it
					}
					if len(statuses) != 1 || statuses[0] != want || took > bodyTime+time.Minute || kind == "refused" && took > time.Minute {
						t.Errorf("answered %v after %v", statuses, took)
					}
				})
			})
		}
	}
}

// A refusal comes at once, however slowly the body does.
func TestARefusalDoesNotWaitForTheBody(t *testing.T) {
	onStage(t, 10, refuses, func(t *testing.T, s *stage) {
		for _, head := range []string{"Content-Length: 9", "Transfer-Encoding: chunked", "Content-Length: 9\r\nExpect: 100-continue"} {
			began := time.Now()
			resp, err := http.ReadResponse(bufio.NewReader(s.sender(t, "POST / HTTP/1.1\r\nHost: x\r\n"+head+"\r\n\r\n")), nil)
			if err != nil || resp.StatusCode != http.StatusNotFound || !resp.Close || time.Since(began) > 0 {
				t.Errorf("%s: %v, %v after %v", head, resp, err, time.Since(began))
			}
		}
	})
}

// malformed are chunkings that no receiver may guess the meaning of.
var malformed = []string{
	"zz\r\n", "-1\r\n{}\r\n", "+2\r\n{}\r\n", "0x2\r\n{}\r\n", " 2\r\n{}\r\n", "\r\n", "\n", "2\r\n{}zz\r\n", "2\r\n{}\n", "2\r\n{}", "1\r\n{}\r\n",
	"fffffffffffffffff\r\n", "8000000000000000\r\n", "7fffffffffffffff\r\n{}\r\n", "2\r\n{}\r\nzz\r\n", "2\r\n{}\r\n0\r\nbad trailer\r\n\r\n",
	"2;" + "x=" + strings.Repeat("y", 5000) + "\r\n{}\r\n", "2\x00\r\n{}\r\n", "2\r{}\r\n", "2 2\r\n{}\r\n", "g\r\n", "2\t\r\n{}\r\n!\r\n", "2,2\r\n{}\r\n",
	"{}", "\x00\r\n", "2\r\n{}\r\n0\r\n: x\r\n\r\n", "2\r\n{}\r\n0\r\n" + strings.Repeat("T: x\r\n", 10_000),
}

// No byte of a refused request is read as a request, whatever is wrong with it and whoever refuses it.
func TestNoRefusedByteIsARequest(t *testing.T) {
	const smuggled = "POST /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n{\"smug\":12}"
	const post = "POST /in HTTP/1.1\r\nHost: x\r\n"
	bodies := map[string]string{}
	for _, chunks := range malformed {
		bodies[fmt.Sprintf("%.20q", chunks)] = post + "Transfer-Encoding: chunked\r\n\r\n" + chunks + smuggled
	}
	for _, head := range []string{"Content-Length: 500", "Transfer-Encoding: chunked, gzip", "Content-Length: 2\r\nContent-Length: 3", "Content-Length: -1",
		"Content-Length: 2x", "Transfer-Encoding: gzip", "Expect: 200-ok\r\nContent-Length: 2", "Expect: 100-continue\r\nContent-Length: 500", "Bad Name: x", ": x"} {
		bodies[head] = post + head + "\r\n\r\n" + smuggled
	}
	for name, text := range bodies {
		for kind, connector := range map[string]http.HandlerFunc{"read": reads, "refused": refuses} {
			t.Run(name+" and "+kind, func(t *testing.T) {
				onStage(t, 10, connector, func(t *testing.T, s *stage) {
					statuses, _ := answers(t, s.sender(t, text))
					if len(statuses) != 1 {
						t.Fatalf("answered %v", statuses)
					}
					if statuses[0] < 400 || statuses[0] >= 500 && statuses[0] != http.StatusNotImplemented || s.reached.Load() > 1 {
						t.Errorf("answered %v, and %d reached the connector", statuses, s.reached.Load())
					}
					if kept := s.traffic.refusedSince(0); len(kept) != 1 || kept[0].Status != statuses[0] {
						t.Errorf("noted %v", kept)
					}
				})
			})
		}
	}
}

// Requests that were written before the first was answered are answered in order.
func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	var next atomic.Int64
	connector := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if n := fmt.Sprint(next.Add(1)); string(body) != n {
			w.WriteHeader(http.StatusBadRequest)
		}
	}
	onStage(t, 10, connector, func(t *testing.T, s *stage) {
		var text strings.Builder
		const requests = 300
		for n := 1; n <= requests; n++ {
			body := fmt.Sprint(n)
			if n%3 == 0 {
				fmt.Fprintf(&text, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
			} else {
				fmt.Fprintf(&text, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			}
		}
		conn := s.sender(t, text.String())
		in := bufio.NewReader(conn)
		for n := range requests {
			resp, err := http.ReadResponse(in, nil)
			if err != nil || resp.StatusCode != http.StatusOK || resp.Close {
				t.Fatalf("%d is answered %v, %v", n+1, resp, err)
			}
		}
		conn.Close()
	})
}

// A sender that asks whether to go on is told so by the connector, and its connection goes on as well.
func TestExpectationsAreMet(t *testing.T) {
	onStage(t, 10, reads, func(t *testing.T, s *stage) {
		conn := s.sender(t, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", "{}",
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
		in := bufio.NewReader(conn)
		for i, want := range []int{100, 200, 200} {
			resp, err := http.ReadResponse(in, nil)
			if err != nil || resp.StatusCode != want || resp.Close {
				t.Fatalf("%d is %v, %v", i, resp, err)
			}
		}
		conn.Close()
	})
}

// What net/http refuses by itself is answered as all is, noted with who sent it, and ends the connection.
func TestWhatIsNoRequestIsNoted(t *testing.T) {
	for text, want := range map[string]struct {
		status int
		reason string
	}{
		"POST / HTTP/1.1\r\n\r\n":                                                       {400, "missing required Host header"},
		"POST / HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n":                                  {400, "invalid header name"},
		"POST /a b HTTP/1.1\r\nHost: x\r\n\r\n":                                         {400, "malformed"},
		"POST /%zz HTTP/1.1\r\nHost: x\r\n\r\n":                                         {400, "malformed"},
		"POST / HTTP/3.0\r\nHost: x\r\n\r\n":                                            {505, "unsupported protocol version"},
		"POST / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 70_000) + "\r\n\r\n":  {431, "larger than"},
		"POST / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n":                          {417, "Expect"},
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n":                 {501, "transfer encoding"},
		"POST / HTTP/1.1\r\nHost: x\r\n\r\nPOST / HTTP/1.1\r\n\r\n":                     {400, "missing required Host header"}, // the second
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx": {400, "malformed"},
	} {
		onStage(t, 10, reads, func(t *testing.T, s *stage) {
			conn := s.sender(t, text)
			in := bufio.NewReader(conn)
			resp, err := http.ReadResponse(in, nil)
			if err == nil && resp.StatusCode == http.StatusOK {
				resp, err = http.ReadResponse(in, nil)
			}
			if err != nil {
				t.Fatalf("%.60q: %v", text, err)
			}
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != want.status || !strings.Contains(string(body), want.reason) || !strings.HasPrefix(string(body), `{"error":"`) || !resp.Close {
				t.Errorf("%.60q is answered %d %s", text, resp.StatusCode, body)
			}
			kept := s.traffic.refusedSince(0)
			if len(kept) != 1 || kept[0].Status != want.status || !strings.Contains(kept[0].reason(), want.reason) || kept[0].Remote == "" {
				t.Errorf("%.60q is noted as %v", text, kept)
			}
			conn.Close()
		})
	}
}

// When all places are taken, the sender that has kept the front waiting longest makes room; who waits for an answer does not.
func TestTheSenderThatStallsLongestMakesRoom(t *testing.T) {
	connector := func(w http.ResponseWriter, r *http.Request) {
		if reads(w, r); r.URL.Path == "/slow" {
			time.Sleep(5 * time.Second)
		}
	}
	onStage(t, 3, connector, func(t *testing.T, s *stage) {
		slow := s.sender(t, "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
		time.Sleep(time.Millisecond)
		stalled := s.sender(t, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
		time.Sleep(time.Millisecond)
		silent := s.sender(t)
		time.Sleep(time.Millisecond)
		last := s.sender(t, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
		if statuses, took := answers(t, last); len(statuses) != 1 || statuses[0] != 200 || took > 0 {
			t.Errorf("one more is answered %v after %v", statuses, took)
		}
		if statuses, took := answers(t, stalled); took > 0 {
			t.Errorf("the one that stalls longest is answered %v after %v", statuses, took)
		}
		if _, err := silent.Write([]byte("P")); err != nil {
			t.Errorf("another that stalls is gone: %v", err)
		}
		if resp, err := http.ReadResponse(bufio.NewReader(slow), nil); err != nil || resp.StatusCode != 200 {
			t.Errorf("one that waits for its answer hears %v, %v", resp, err)
		}
		slow.Close()
		silent.Close()
	})
}

// A sender that does not read its answer holds its place no longer than an answer may take.
func TestASenderThatReadsNothingIsLeft(t *testing.T) {
	page := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(1<<20))
		_, _ = w.Write(make([]byte, 1<<20))
	}
	onStage(t, 10, page, func(t *testing.T, s *stage) {
		conn := s.sender(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		time.Sleep(answerTime + time.Second)
		if n, err := io.Copy(io.Discard, conn); n > 8<<10 || err != nil {
			t.Errorf("%d bytes were still sent, %v", n, err)
		}
	})
}

// Nobody holds a place by silence, before the first request, within its headers or between two.
func TestSilentSendersAreLeft(t *testing.T) {
	for text, most := range map[string]time.Duration{
		"": headerTimeout, "POST / HT": headerTimeout, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}": idleTimeout,
	} {
		onStage(t, 10, reads, func(t *testing.T, s *stage) {
			if _, took := answers(t, s.sender(t, text)); took < most || took > most+door.LingerTime {
				t.Errorf("%q: its connection ends after %v", text, took)
			}
		})
	}
}

// A connector that does not answer is given up, and so is a refused sender who goes on.
func TestEachSideIsGivenUpInTheEnd(t *testing.T) {
	hangs := func(w http.ResponseWriter, r *http.Request) { reads(w, r); <-r.Context().Done() }
	onStage(t, 10, hangs, func(t *testing.T, s *stage) {
		statuses, took := answers(t, s.sender(t, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"))
		if fmt.Sprint(statuses) != "[503]" || took != answerPatience {
			t.Errorf("answered %v after %v", statuses, took)
		}
	})
	onStage(t, 10, refuses, func(t *testing.T, s *stage) {
		parts := strings.SplitAfter("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n|"+strings.Repeat("x|", 900), "|")
		for i := range parts {
			parts[i] = strings.TrimSuffix(parts[i], "|")
		}
		if statuses, took := answers(t, s.sender(t, parts...)); fmt.Sprint(statuses) != "[404]" || took > drainTime+door.LingerTime {
			t.Errorf("answered %v, and left after %v", statuses, took)
		}
	})
}

// Of long bodies and answers the beginning is kept, and it is known that there is more.
func TestTheBeginningIsKept(t *testing.T) {
	connector := func(w http.ResponseWriter, r *http.Request) {
		reads(w, r)
		w.Header().Set("Content-Length", fmt.Sprint(2*maxAnswer))
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(make([]byte, 2*maxAnswer))
	}
	for size, cut := range map[int]bool{maxKept: false, maxKept + 1: true} {
		onStage(t, 10, connector, func(t *testing.T, s *stage) {
			text := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
			answers(t, s.sender(t, text))
			kept := s.traffic.since(0)
			if len(kept) != 1 || kept[0].Size != int64(size) || kept[0].Cut != cut || len(kept[0].body) != maxKept || len(kept[0].answer) != maxAnswer {
				t.Errorf("of %d bytes is kept %+v", size, kept)
			}
		})
	}
}

// Intercom's senders are told to hold back what the database can not take; others to come back.
func TestIntercomHoldsBackWhatCanNotBeTaken(t *testing.T) {
	status := func(t *testing.T, s *stage, header string) (int, time.Duration, string) {
		t.Helper()
		began := time.Now()
		conn := s.sender(t, "POST /in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"+header+"\r\n{}")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		conn.Close()
		return resp.StatusCode, time.Since(began), resp.Header.Get("Retry-After")
	}
	const signed = "X-Hub-Signature: sha1=00\r\n"
	down := errors.New("down")
	for _, c := range []struct {
		name             string
		prepare          func(s *stage)
		connector        http.HandlerFunc
		intercom, others int
	}{
		{"starting", func(s *stage) { s.target.Store(nil) }, reads, 429, 503},
		{"ended", func(s *stage) {
			s.transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, down }
		}, reads, 429, 503},
		{"stuck", func(s *stage) { s.committing(true); time.Sleep(commitPatience + 1) }, reads, 429, 200},
		{"committing", func(s *stage) { s.committing(true) }, reads, 200, 200},
		{"committed", func(s *stage) { s.committing(true); s.committing(false); time.Sleep(time.Minute) }, reads, 200, 200},
		{"busy for another reason", func(*stage) {}, func(w http.ResponseWriter, r *http.Request) { reads(w, r); w.WriteHeader(503) }, 503, 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, 10, c.connector, func(t *testing.T, s *stage) {
				c.prepare(s)
				if got, took, after := status(t, s, signed); got != c.intercom || took > 0 || got == 429 && after == "" {
					t.Errorf("Intercom hears %d after %v, Retry-After %q", got, took, after)
				}
				if got, _, after := status(t, s, ""); got != c.others || s.target.Load() == nil && after == "" {
					t.Errorf("others hear %d, Retry-After %q", got, after)
				}
				s.intercom = false
				if got, _, _ := status(t, s, signed); got != c.others {
					t.Errorf("without Intercom's configuration, %d is heard", got)
				}
			})
		})
	}
	ends := make(chan func(), 1)
	connector := func(w http.ResponseWriter, r *http.Request) { reads(w, r); (<-ends)(); w.WriteHeader(503) }
	onStage(t, 10, connector, func(t *testing.T, s *stage) {
		ends <- func() { s.target.Store(nil) }
		if got, _, _ := status(t, s, signed); got != 429 {
			t.Errorf("Intercom hears %d where the connector ends while it waits", got)
		}
	})
}

// The connector learns all the addresses that the sender's proxies wrote, in whatever lines, and the sender's own last.
func TestForwardedForIsWhole(t *testing.T) {
	var seen []string
	connector := func(w http.ResponseWriter, r *http.Request) { seen = r.Header.Values("X-Forwarded-For") }
	for headers, want := range map[string]string{
		"":                               "unknown",
		"X-Forwarded-For: 192.0.2.1\r\n": "192.0.2.1, unknown",
		"X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\nx-forwarded-for: 192.0.2.3\r\n":      "192.0.2.1, 192.0.2.2, 192.0.2.3, unknown",
		"X-Forwarded-For: 192.0.2.1\r\nConnection: close, X-Forwarded-For\r\n":         "192.0.2.1, unknown",
		"X-Forwarded-For: \r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: ::1,\r\n": ", 192.0.2.1, ::1,, unknown",
	} {
		onStage(t, 10, connector, func(t *testing.T, s *stage) {
			conn := s.sender(t, "POST / HTTP/1.1\r\nHost: x\r\n"+headers+"\r\n")
			if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
				t.Fatal(err)
			}
			if conn.Close(); strings.Join(seen, "|") != want {
				t.Errorf("%q: the connector learns %q", headers, seen)
			}
		})
	}
}
