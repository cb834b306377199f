package test

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Those who show no right signature hold no memory that signed webhooks need, whether many announce a body and send its
// beginning, or some have sent the most of a large one. GOMEMLIMIT leaves 16 MiB to requests in flight.
func TestStrangersDoNotTakeTheRoomOfSignedWebhooks(t *testing.T) {
	body := notificationOf(1300)
	both(t, func(t *testing.T, codec string) {
		for name, announced := range map[string]int{"announced": 8 << 20, "in chunks": 0} {
			r, url := openSession(t, codec, benchCapture(signedConfig, "true"), "GOMEMLIMIT=64MiB")
			go r.acknowledgeEach(func([]document) {})
			for _, stall := range []struct{ senders, bytes int }{{5, 3 << 20}, {120, 200_000}, {200, 5000}, {300, 55}} {
				var sent sync.WaitGroup
				for range stall.senders {
					conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { conn.Close() })
					_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
					sent.Go(func() { _, _ = io.WriteString(conn, stalledHead(announced, strings.Repeat("x", stall.bytes))) }) // or it is refused
				}
				sent.Wait()
			}
			// What has just come is not stalled yet.
			const patience = time.Second
			stalled := time.Now()
			for passed := 0; passed < 200; {
				status, answer, err := post(t.Context(), url+"/in", body, "X-Hub-Signature", signIntercom(benchSecret, body))
				if status == http.StatusOK {
					passed++
				} else if time.Since(stalled) > patience {
					t.Fatalf("%s: a signed webhook is answered %d %s, %v", name, status, answer, err)
				}
			}
		}
	})
}

// stalledHead is a request's header and the beginning of its body.
func stalledHead(announced int, begin string) string {
	if announced == 0 {
		return fmt.Sprintf("POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(begin), begin)
	}
	return fmt.Sprintf("POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", announced, begin)
}

// The largest bodies of a signing sender have room, in whole, in chunks and compressed; one for which there can never be room
// hears so.
func TestLargeSignedBodiesHaveRoom(t *testing.T) {
	text := make([]byte, 40<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range text {
		text[i] = 'a' + byte(random.IntN(26))
	}
	body := `{"text":"` + string(text) + `"}`
	var packed strings.Builder
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r, url := openSession(t, "proto", benchCapture(signedConfig, "true"))
	go r.acknowledgeEach(func([]document) {})
	for name, c := range map[string]struct{ body, encoding string }{"plain": {body, "identity"}, "compressed": {packed.String(), "gzip"}} {
		status, answer, err := post(t.Context(), url+"/in", c.body, "X-Hub-Signature", signIntercom(benchSecret, c.body), "Content-Encoding", c.encoding)
		if err != nil || status != http.StatusOK {
			t.Errorf("%s: answered %d %s, %v", name, status, answer, err)
		}
	}
	small, url := openSession(t, "proto", benchCapture(signedConfig, "true"), "GOMEMLIMIT=64MiB")
	go small.acknowledgeEach(func([]document) {})
	for name, c := range map[string]struct{ body, encoding string }{"plain": {body, "identity"}, "compressed": {packed.String(), "gzip"}} {
		status, answer, err := post(t.Context(), url+"/in", c.body, "X-Hub-Signature", signIntercom(benchSecret, c.body), "Content-Encoding", c.encoding)
		if err != nil || status != http.StatusRequestEntityTooLarge || !strings.Contains(answer, `"code":"too_large"`) {
			t.Errorf("%s: answered %d %s, %v", name, status, answer, err)
		}
	}
}
