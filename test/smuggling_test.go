package test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

const smuggled = "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n{\"smuggled\":1}"

// early are requests that are answered before their body has come, or whose body has no end. What follows each is part of
// it, whatever it looks like.
var early = map[string]string{
	"size no number":        "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	"size empty":            "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
	"size negative":         "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
	"size with 0x":          "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
	"size too large":        "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
	"size with blanks":      "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2 2\r\n{}\r\n0\r\n\r\n",
	"size with a plus":      "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
	"chunk too long":        "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
	"chunk without its end": "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
	"line of a bare LF":     "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
	"chunk ends by LF":      "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n",
	"long extension":        "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("e", 20_000) + "\r\n",
	"trailer malformed":     "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nno colon\r\n",
	"length twice":          "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
	"length with a plus":    "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}",
	"trailers cut":          "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T",
	"trailer a blank":       "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n X: y\r\n",
	"size of a control":     "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\x00\r\n{}\r\n0\r\n\r\n",
	"size ends by CR":       "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r{}\r\n0\r\n\r\n",
	"last chunk of LF":      "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\n\n",
	"extension of LF":       "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;a\nb\r\n{}\r\n0\r\n\r\n",
	"length and chunks":     "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"chunks and length":     "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\ncontent-length: 100\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
	"chunks of HTTP/1.0":    "POST /in HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
	"chunks twice":          "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"length no number":      "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: two\r\n\r\n{}",
	"length negative":       "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\n{}",
	"length of a list":      "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\n{}",
	"blank before a colon":  "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length : 1000\r\n\r\n",
	"body stalls":           "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
	"chunk stalls":          "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n{",
	"codings":               "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
	"coding unknown":        "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
	"unknown path":          "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
	"wrong method":          "DELETE /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
	"page":                  "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
	"page with chunks":      "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	"health":                "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
	"HEAD":                  "HEAD /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
	"HEAD with chunks":      "HEAD /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	"OPTIONS":               "OPTIONS /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
	"preflight":             "OPTIONS /in HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: POST\r\nContent-Length: 1000\r\n\r\n",
	"handshake":             "GET /in HTTP/1.1\r\nHost: x\r\nX-Okta-Verification-Challenge: c\r\nContent-Length: 1000\r\n\r\n",
	"too large":             "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n{",
	"encoding unknown":      "POST /in HTTP/1.1\r\nHost: x\r\nContent-Encoding: compress\r\nContent-Length: 1000\r\n\r\n",
	"expects":               "POST /nowhere HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n",
	"expects too much":      "POST /in HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 1000\r\n\r\n",
	"no host":               "POST /in HTTP/1.1\r\nContent-Length: 1000\r\n\r\n",
	"header malformed":      "POST /in HTTP/1.1\r\nHost: x\r\nA B: c\r\nContent-Length: 1000\r\n\r\n",
	"escape malformed":      "POST /%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
	"blank in the target":   "POST /a b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
}

// ended returns what is answered to bytes after which the sender says nothing more, once the other side has ended.
func ended(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, text)
	answer, err := io.ReadAll(conn)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("after %.100q: %v", text, err)
	}
	return string(answer)
}

// Each answers once, says so, and ends the connection, so that nothing that follows is captured.
func TestWhatEndsARequestEarlyEndsItsConnection(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, openCapture)
		captured := make(chan document, 100)
		go r.acknowledgeEach(func(documents []document) {
			for _, d := range documents {
				captured <- d
			}
		})
		var senders sync.WaitGroup
		for name, text := range early {
			senders.Go(func() {
				answer := ended(t, strings.TrimPrefix(url, "http://"), text+smuggled+smuggled)
				head, _, _ := strings.Cut(answer, "\r\n\r\n")
				if strings.Count(answer, "HTTP/1.1 ")+strings.Count(answer, "HTTP/1.0 ") != 1 || !strings.Contains(head, "Connection: close") {
					t.Errorf("%s is answered %q", name, answer)
				}
			})
		}
		senders.Wait()
		select {
		case d := <-captured:
			t.Errorf("%s is captured", d.Doc)
		default:
		}
	})
}

// What net/http refuses by itself has an answer that says why, is counted, and is logged with who sent it.
func TestWhatIsNoRequestIsAnsweredLoggedAndCounted(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, url, metrics := observed(t, codec, takenPort(t), openCapture)
		go r.acknowledgeEach(func([]document) {})
		for _, c := range []struct{ text, status, reason string }{
			{"POST /in HTTP/1.1\r\n\r\n", "400", "missing required Host header"},
			{"POST /in HTTP/1.1\r\nHost: a/b\r\n\r\n", "400", "malformed Host header"},
			{"POST /in HTTP/1.1\r\nHost: x\r\nA(: b\r\n\r\n", "400", "malformed"},
			{"POST /in HTTP/1.1\r\nHost: x\r\nA: b\x01\r\n\r\n", "400", "malformed"},
			{"POST /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
			{"POST /a b HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
			{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400", "malformed"},
			{"POST /in HTTP/9.9\r\nHost: x\r\n\r\n", "505", "unsupported protocol version"},
			{"POST /in HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 80_000) + "\r\n\r\n", "431", "65536 bytes"},
			{"POST /in HTTP/1.1\r\nHost: x\r\nExpect: much\r\n\r\n", "417", "100-continue"},
			{"POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\n\r\n", "501", "transfer encoding"},
		} {
			answer := ended(t, strings.TrimPrefix(url, "http://"), c.text)
			head, body, _ := strings.Cut(answer, "\r\n\r\n")
			if !strings.HasPrefix(head, "HTTP/1.1 "+c.status) || !strings.Contains(body, `{"error":"`) || !strings.Contains(body, c.reason) ||
				!strings.Contains(head, "Content-Type: application/json") {
				t.Errorf("%.60q is answered %q", c.text, answer)
			}
		}
		for _, line := range []string{`webhook_refusals_total{reason="malformed"} 11`, `webhook_requests_total{path="other",status="400"} 7`,
			`webhook_requests_total{path="other",status="431"} 1`} {
			if _, page := fetch(t, metrics+"/metrics"); !strings.Contains(page, line) {
				t.Errorf("%s is not among the metrics %q", line, page)
			}
		}
		for range 11 {
			if _, err := r.waitLog(func(fields map[string]any) bool {
				remote, _ := fields["remote"].(string)
				return strings.HasPrefix(remote, "127.0.0.1:") && fields["reason"] != "" && fields["status"] != nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
