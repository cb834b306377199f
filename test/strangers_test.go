package test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Those who show no right signature hold no memory that signed webhooks need: neither thousands that announce a body and
// send its beginning, nor a few that have sent the most of a large one. GOMEMLIMIT leaves 64 MiB to requests in flight.
func TestStrangersDoNotTakeTheRoomOfSignedWebhooks(t *testing.T) {
	body := notificationOf(1300)
	both(t, func(t *testing.T, codec string) {
		for name, stall := range map[string]struct {
			senders, bytes, announced int
		}{"many small": {2050, 55, 64 << 10}, "some large": {11, 12 << 20, 60 << 20}, "some whose size is not announced": {11, 12 << 20, 0}} {
			r, url := openSession(t, codec, benchCapture(signedConfig, "true"), "GOMEMLIMIT=256MiB")
			go r.acknowledgeEach(func([]document) {})
			chunk := strings.Repeat("x", stall.bytes)
			for range stall.senders {
				conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { conn.Close() })
				head := fmt.Sprintf("POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", stall.announced, chunk)
				if stall.announced == 0 {
					head = fmt.Sprintf("POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(chunk), chunk)
				}
				go func() { _, _ = io.WriteString(conn, head) }() // until it is read or refused
			}
			refused := 0
			for range 300 {
				status, answer, err := post(t.Context(), url+"/in", body, "X-Hub-Signature", signIntercom(benchSecret, body))
				if status != http.StatusOK {
					refused++
					t.Logf("%d %s, %v", status, answer, err)
				}
			}
			if refused > 0 {
				t.Errorf("%s: %d of 300 signed webhooks are refused", name, refused)
			}
		}
	})
}
