package test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Others are served within a tenth of a second while thousands of connections stall in every way.
func TestStalledConnectionsDoNotHoldOthersUp(t *testing.T) {
	o := newOracle()
	r, url := openSession(t, "json", openCapture)
	go func() { _ = r.acknowledgeAll(o, func() int { return 1 }) }()
	const whole = "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
	ways := []func(conn *net.TCPConn) error{
		sends("POST /in HTTP/1.1\r\nHost: x\r\n"),
		sends("POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"),
		sends("POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\""),
		sends("POST /in HTTP/1.1\r\nHost: x\r\nContent-Encoding: zstd\r\nContent-Length: 1000\r\n\r\n\x28\xb5\x2f\xfd"),
		sends(""),
		sends(strings.Repeat(whole, 10)), // and reads none of the answers
		func(conn *net.TCPConn) error { return errors.Join(sends(whole)(conn), conn.CloseWrite()) },
		func(conn *net.TCPConn) error {
			return errors.Join(sends(whole[:len(whole)-1])(conn), conn.CloseWrite())
		},
	}
	o.anything = true
	for i := range 2000 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := ways[i%len(ways)](conn.(*net.TCPConn)); err != nil {
			t.Fatal(err)
		}
	}
	var took []time.Duration
	for range 41 {
		started := time.Now()
		if status, err := o.issue(t.Context(), url+"/in", 100); status != http.StatusOK {
			t.Fatal(status, err)
		}
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	if middle := took[len(took)/2]; middle > 100*time.Millisecond {
		t.Errorf("others are served within %v", took)
	}
}

func sends(text string) func(*net.TCPConn) error {
	return func(conn *net.TCPConn) error {
		_, err := io.WriteString(conn, text)
		return err
	}
}

// A sender may end its side of the connection before it reads the answer (RFC 9112, 9.6).
func TestAHalfClosedSenderReadsItsAnswer(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		o := newOracle()
		r, url := openSession(t, codec, openCapture)
		go func() { _ = r.acknowledgeAll(o, func() int { return 1 }) }()
		for range 20 {
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			err = sends("POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n{\"id\":\"probe\"}")(conn.(*net.TCPConn))
			if err := errors.Join(err, conn.(*net.TCPConn).CloseWrite()); err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") {
				t.Fatalf("answered %s, %v", answer, err)
			}
		}
	})
}

// What HTTP allows, in one connection: pipelined requests, chunks with trailers, 100-continue.
func TestHTTPAsItIsSpoken(t *testing.T) {
	o := newOracle()
	r, url := openSession(t, "json", openCapture)
	go func() { _ = r.acknowledgeAll(o, func() int { return 1 }) }()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n{\"ab\":1}"+
		"POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\nX-T: 1\r\n\r\n"+
		"POST /in HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if got := bytes.Count(text, []byte(`{"published":1}`)); err != nil || got != 3 {
		t.Errorf("%d answers, %v: %s", got, err, text)
	}
}

// Headers are refused where they are larger than is accepted, to the byte at which net/http stops.
func TestHeadersThatAreTooLargeAreRefused(t *testing.T) {
	_, url := openSession(t, "proto", openCapture)
	const read = 64<<10 + 4<<10 // what net/http reads of a request's headers, with the 4 KiB that it adds to the limit
	for _, first := range []int{read - 1, read, read + 1} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		const start = "POST /in HTTP/1.1\r\nHost: x\r\nX-Long: "
		err = errors.Join(conn.SetDeadline(time.Now().Add(patience)), sends(start+strings.Repeat("x", first-len(start)))(conn.(*net.TCPConn)),
			sends("xx")(conn.(*net.TCPConn)))
		if err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, len("HTTP/1.1 431"))
		if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 431" {
			t.Errorf("after %d bytes and two more: %q, %v", first, answer, err)
		}
	}
}
