package test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// watched builds the program so that it reports each race for its memory.
func watched(t *testing.T) string {
	t.Helper()
	if out, err := exec.Command("go", "env", "CGO_ENABLED").Output(); err != nil || !strings.HasPrefix(string(out), "1") {
		skip(t, "races are not looked for: they need cgo, and the environment is %q, %v", out, err)
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		skip(t, "races are not looked for: they need a C compiler: %v", err)
	}
	file := filepath.Join(t.TempDir(), "source-intercom-ingest")
	if out, err := exec.Command("go", "build", "-race", "-o", file, "..").CombinedOutput(); err != nil {
		t.Fatalf("building: %v: %s", err, out)
	}
	return file
}

// raceTime is how long each part is under load: races that strangers reach show within a second.
const raceTime = 4 * time.Second

// repeatedly runs some of each for the time of a part.
func repeatedly(t *testing.T, each ...func(ctx context.Context, n int)) {
	ctx, cancel := context.WithTimeout(t.Context(), raceTime)
	defer cancel()
	const senders = 3
	var group sync.WaitGroup
	for _, do := range each {
		for range senders {
			group.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					do(ctx, n)
				}
			})
		}
	}
	group.Wait()
}

// strangers send what is refused, in every way that ends a request early.
func strangers(address, path string) (each []func(ctx context.Context, n int)) {
	large := strings.Repeat("x", 1<<20)
	long := strings.Repeat("a", 70_000)
	for _, text := range []string{
		"POST /unknown HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n" + large,
		"POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + large,
		"POST " + path + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\nzz\r\n",
		"POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nnot JSON.",
		"POST " + path + " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n",
		"POST " + path + " HTTP/1.1\r\nHost: x\r\nA: " + long + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
		strings.Repeat("POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 20),
	} {
		each = append(each, func(ctx context.Context, n int) {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err != nil {
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(time.Second))
			if _, _ = io.WriteString(conn, text); n%3 > 0 { // and some leave
				_, _ = io.CopyN(io.Discard, conn, 200)
			}
		})
	}
	return each
}

// quit fails a test for what was reported.
func quit(t *testing.T, said string) {
	t.Helper()
	if at := strings.Index(said, "DATA RACE"); at >= 0 {
		t.Errorf("%d races, the first:\n%s", strings.Count(said, "DATA RACE"), said[at:min(len(said), at+6000)])
	}
}

// Nothing that strangers send, and nothing that a person does meanwhile, makes two goroutines use memory at the same time.
func TestThereAreNoRaces(t *testing.T) {
	file := watched(t)
	for _, codec := range []string{"json", "proto"} {
		t.Run("connector "+codec, func(t *testing.T) {
			metrics := freePort(t)
			r, err := startFile(file, codec, true, "SOURCE_HTTP_INGEST_METRICS_PORT="+metrics)
			if err != nil {
				t.Fatal(err)
			}
			url, err := r.open(openCapture)
			if err != nil {
				t.Fatal(err)
			}
			go r.acknowledgeEach(func([]document) {})
			address := strings.TrimPrefix(url, "http://")
			repeatedly(t, append(strangers(address, "/in"),
				func(ctx context.Context, n int) { _, _, _ = post(ctx, url+"/in", fmt.Sprintf(`{"id":"%d"}`, n)) },
				func(ctx context.Context, n int) { look(ctx, "http://127.0.0.1:"+metrics+"/metrics") },
				func(ctx context.Context, n int) { look(ctx, url+"/") })...)
			if code, last := r.wait(); code != 0 {
				t.Errorf("it ended with %d: %s", code, last)
			}
			quit(t, r.logged())
		})
	}
	t.Run("preview", func(t *testing.T) {
		p := previewOf(t, file, filepath.Join(t.TempDir(), "webhooks.db"), "--console", "127.0.0.1:0", "--quiet")
		console := p.console()
		repeatedly(t, append(strangers(p.address(), "/webhook-data"),
			func(ctx context.Context, n int) { _, _, _ = post(ctx, p.url, fmt.Sprintf(`{"id":"%d"}`, n)) },
			func(ctx context.Context, n int) {
				look(ctx, fmt.Sprintf("%sapi/requests/%d", console, n))
				_, _, _ = post(ctx, fmt.Sprintf("%sapi/requests/%d/replay", console, n), "")
			},
			func(ctx context.Context, n int) {
				ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
				defer cancel()
				look(ctx, console+"events")
				look(ctx, console+"metrics")
			},
			func(ctx context.Context, n int) { look(ctx, console+"api/collections/preview/webhook-data") })...)
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := <-p.done; err != nil {
			t.Errorf("it ended with %v", err)
		}
		quit(t, p.said())
	})
}

// look reads a page.
func look(ctx context.Context, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}
