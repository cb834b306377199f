// The race detector makes pools forget, and allocations many.

//go:build !race

package capture

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/capture/webhook"
	"source-intercom-ingest/door"
	"source-intercom-ingest/protocol"
)

const allocsSecret = "3c7b1f5e-9a42-4d0e-8a55-2f1c6d7e8b90"

// notification is one of the samples, on one line as Intercom sends it.
func notification(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("../intercom/samples/conversation.user.created.json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A loopback is a connection to a server in this process, over which one request is sent again and again.
type loopback struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
}

// dial connects to a server, and sends it the notification of 1.4 KB.
func dial(t testing.TB, address string) *loopback {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	body := notification(t)
	mac := hmac.New(sha1.New, []byte(allocsSecret))
	mac.Write(body)
	return &loopback{conn, bufio.NewReader(conn), fmt.Appendf(nil, "POST /in HTTP/1.1\r\nHost: localhost\r\nUser-Agent: intercom\r\n"+
		"Accept: application/json\r\nContent-Type: application/json\r\nX-Hub-Signature: sha1=%s\r\nContent-Length: %d\r\n\r\n%s",
		hex.EncodeToString(mac.Sum(nil)), len(body), body)}
}

// post sends the request and reads its answer, which ends with a brace, without an allocation.
func (l *loopback) post(t testing.TB) {
	if _, err := l.conn.Write(l.request); err != nil {
		t.Fatal(err)
	}
	line, err := l.in.ReadSlice('}')
	if err != nil || !bytes.HasPrefix(line, []byte("HTTP/1.1 200 OK\r\n")) {
		t.Fatalf("answered %s, %v", line, err)
	}
}

// serveBare is the floor: it reads the body into a buffer that is used again, and answers as the connector does.
func serveBare(t testing.TB) *loopback {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body.Reset()
		_, _ = body.ReadFrom(r.Body)
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = io.WriteString(w, `{"published":1}`)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return dial(t, listener.Addr().String())
}

// serveConnector opens a session over pipes of the system, whose other end acknowledges every write as one checkpoint.
func serveConnector(t testing.TB) *loopback {
	t.Helper()
	t.Setenv(webhook.PortVariable, "0")
	t.Setenv(door.MetricsPortVariable, "0")
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	address := make(addressHook, 1)
	log.AddHook(address)
	log.SetOutput(io.Discard)
	c := Connector{Log: log}
	ended := make(chan error, 1)
	stream, err := protocol.NewStream(inR, outW, "json")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		ended <- protocol.Connector{Pull: c.Pull}.Serve(context.Background(), stream)
		outW.Close()
	}()
	fmt.Fprintf(inW, `{"open":{"capture":{"name":"a/b","config":{"signatureConfig":{"provider":"intercom","clientSecret":"%s"}},"bindings":[{"resourceConfig":{"stream":"in","path":"/in"},"collection":{"name":"a/in","key":["/_meta/webhookId"],"writeSchema":true}}]}}}`+"\n", allocsSecret)
	go func() {
		chunk, acknowledge := make([]byte, 64<<10), []byte(`{"acknowledge":{"checkpoints":1}}`+"\n")
		if _, err := outR.Read(chunk); err != nil { // Opened
			return
		}
		for {
			if _, err := outR.Read(chunk); err != nil {
				return
			}
			if _, err := inW.Write(acknowledge); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		inW.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		outR.Close()
	})
	return dial(t, <-address)
}

// An addressHook learns from the log where the connector listens.
type addressHook chan string

func (addressHook) Levels() []logrus.Level { return logrus.AllLevels }

func (h addressHook) Fire(e *logrus.Entry) error {
	if address, ok := e.Data["address"].(string); ok {
		h <- address
	}
	return nil
}

// A webhook costs at most 12 allocations beyond those of a bare net/http server. The acknowledgement that is read for
// each, where a runtime under load acknowledges several at once, is among them.
func TestAWebhookCostsFewAllocations(t *testing.T) {
	const runs = 500
	measure := func(l *loopback) float64 {
		return testing.AllocsPerRun(runs, func() { l.post(t) })
	}
	bare, ours := measure(serveBare(t)), measure(serveConnector(t))
	t.Logf("%.0f of net/http, %.0f of ours", bare, ours-bare)
	if ours-bare > 12 {
		t.Errorf("%.0f allocations beyond the %.0f of net/http", ours-bare, bare)
	}
}

func BenchmarkWebhook(b *testing.B) {
	for name, serve := range map[string]func(testing.TB) *loopback{"bare": serveBare, "connector": serveConnector} {
		b.Run(name, func(b *testing.B) {
			l := serve(b)
			b.ReportAllocs()
			for b.Loop() {
				l.post(b)
			}
		})
	}
}
