package test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// address is where preview takes webhooks.
func (p *person) address() string {
	host, _, _ := strings.Cut(strings.TrimPrefix(p.url, "http://"), "/")
	return host
}

// statuses writes a text to a connection, and returns what it is answered until its end, which must come.
func statuses(t *testing.T, address, text string) (found []int, bodies string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * patience))
	_, _ = io.WriteString(conn, text) // a refusal may come before its end
	in := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("%.80q is answered %v, and its connection does not end", text, found)
			}
			return found, bodies
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusContinue {
			found, bodies = append(found, resp.StatusCode), bodies+string(body)
		}
	}
}

// Malformed chunks are refused as what they are, and nothing behind them is captured.
func TestTheFrontNeverReadsARefusedByteAsARequest(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		db := filepath.Join(t.TempDir(), "webhooks.db")
		p := preview(t, db, "--console", "127.0.0.1:0", "--codec", codec, "--quiet")
		const smuggled = "POST /webhook-data HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n{\"smug\":12}"
		var group sync.WaitGroup
		for _, path := range []string{"/webhook-data", "/unknown"} {
			for _, chunks := range []string{"zz\r\n", "-1\r\n{}\r\n", "0x2\r\n{}\r\n", "\r\n", "2\r\n{}zz\r\n", "2\r\n{}", "1\r\n{}\r\n", "fffffffffffffffff\r\n",
				"2\r\n{}\r\nzz\r\n", "2\r\n{}\r\n0\r\nbad trailer\r\n\r\n", "2;x=" + strings.Repeat("y", 5000) + "\r\n{}\r\n", "2\x00\r\n{}\r\n", "{}", "zz\r\n" + strings.Repeat("x", 1<<19)} {
				group.Go(func() {
					got, body := statuses(t, p.address(), "POST "+path+" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks+smuggled)
					if len(got) != 1 || got[0] != 400 && (got[0] != 404 || path == "/webhook-data") || !strings.HasPrefix(body, `{"error":"`) {
						t.Errorf("%s %.30q is answered %v %s", path, chunks, got, body)
					}
				})
			}
		}
		group.Wait()
		p.stop()
		if kept := rows(t, db, `SELECT document FROM documents`); len(kept) > 0 {
			t.Errorf("captured %s", kept)
		}
	})
}

// A body that a proxy may take to end elsewhere is the last of its connection, also where it is right.
func TestTheFrontReadsNothingBehindAnAmbiguousBody(t *testing.T) {
	p := preview(t, filepath.Join(t.TempDir(), "webhooks.db"), "--quiet")
	const next = "POST /webhook-data HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n{\"smug\":12}"
	for _, text := range []string{
		"POST /webhook-data HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
		"POST /webhook-data HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 100\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
		"POST /webhook-data HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n[]",
	} {
		if got, body := statuses(t, p.address(), text+next); len(got) != 1 || got[0] != http.StatusOK {
			t.Errorf("%q is answered %v %s", text, got, body)
		}
	}
	p.stop()
}

// Whoever stalls hears why, within the time that the connector gives a body, and others are served meanwhile.
func TestTheFrontAnswersWhoStalls(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	const secret = "s3cret of the app"
	p := preview(t, db, "--console", "127.0.0.1:0", "--quiet", "--client-secret", secret)
	var group sync.WaitGroup
	const post = "POST /webhook-data HTTP/1.1\r\nHost: x\r\n"
	for text, want := range map[string]string{
		post + "Content-Length: 10\r\n\r\n":                                                                      "400 401 408",
		post + "Content-Length: 10\r\n\r\n{":                                                                     "400 401 408",
		post + "Transfer-Encoding: chunked\r\n\r\n":                                                              "400 401 408",
		post + "Transfer-Encoding: chunked\r\n\r\n5\r\n{}":                                                       "400 401 408",
		post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n":                                                   "400 401 408",
		post + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n":                                              "400 401 408",
		post + "Expect: 100-continue\r\nContent-Length: 100000000\r\n\r\n":                                       "413 401",
		post + "Content-Length: 100000000\r\n\r\n":                                                               "413 401",
		"POST /unknown HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n":                "404",
		"POST /unknown HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n":                                        "404",
		"HEAD /webhook-data HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n":                                   "200 400 408",
		"GET /webhook-data HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{":                                   "200 400 405 408",
		"DELETE /webhook-data HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n": "405",
	} {
		group.Go(func() {
			got, _ := statuses(t, p.address(), text)
			if len(got) != 1 || !strings.Contains(want, fmt.Sprint(got[0])) {
				t.Errorf("%.90q is answered %v, not %s", text, got, want)
			}
		})
	}
	time.Sleep(100 * time.Millisecond) // for them to stall; the next is answered whether they do or not
	if status := p.signed(secret, "ping", "1"); status != http.StatusOK {
		t.Errorf("another is answered %d", status)
	}
	group.Wait()
	p.stop()
}

// Pipelined requests are all answered, in order.
func TestTheFrontAnswersPipelinedRequests(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--console", "127.0.0.1:0", "--quiet")
	var text strings.Builder
	const requests = 500
	for n := range requests {
		body := fmt.Sprintf(`{"n":%d}`, n)
		switch n % 3 {
		case 0:
			fmt.Fprintf(&text, "POST /webhook-data HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		case 1:
			fmt.Fprintf(&text, "POST /webhook-data HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
		case 2:
			fmt.Fprintf(&text, "GET /webhook-data/unknown HTTP/1.1\r\nHost: x\r\n\r\n")
		}
	}
	got, _ := statuses(t, p.address(), text.String()+"GET /unknown HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if len(got) != requests+1 {
		t.Fatalf("%d answers", len(got))
	}
	for n, status := range got[:requests] {
		if want := []int{200, 200, 404}[n%3]; status != want {
			t.Fatalf("%d is answered %d, not %d", n, status, want)
		}
	}
	p.stop()
	for i, kept := range rows(t, db, `SELECT document ->> 'n' FROM documents ORDER BY sequence`) {
		if want := fmt.Sprint(i/2*3 + i%2); kept != want {
			t.Fatalf("document %d is of request %s, not %s", i, kept, want)
		}
	}
}

// What is no request is answered with the reason, logged with who sent it, and in the console's list.
func TestTheConsoleShowsWhatIsNoRequest(t *testing.T) {
	p := preview(t, filepath.Join(t.TempDir(), "webhooks.db"), "--console", "127.0.0.1:0")
	want := map[int]string{
		400: "POST /webhook-data HTTP/1.1\r\n\r\n",
		431: "POST /webhook-data HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 70_000) + "\r\n\r\n",
		417: "POST /webhook-data HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\n{}",
		505: "POST /webhook-data HTTP/3.0\r\nHost: x\r\n\r\n" + strings.Repeat("x", 1<<19),
		501: "POST /webhook-data HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}",
	}
	for status, text := range want {
		if got, body := statuses(t, p.address(), text); len(got) != 1 || got[0] != status || !strings.HasPrefix(body, `{"error":"`) {
			t.Errorf("%.60q is answered %v %s", text, got, body)
		}
		p.hear(fmt.Sprintf("status=%d", status), 1)
	}
	shown := map[float64]bool{}
	for _, line := range p.firstRequests() {
		if line["error"] != "" && strings.HasPrefix(fmt.Sprint(line["remote"]), "127.0.0.1:") {
			shown[line["status"].(float64)] = true
		}
	}
	if len(shown) != len(want) || strings.Count(p.said(), "remote=\"127.0.0.1:") != len(want) {
		t.Errorf("shown are %v; said is %s", shown, p.said())
	}
	p.stop()
}

// A list of allowed addresses holds behind the front, whatever a sender writes of others.
func TestNobodyGetsPastTheFrontAsAnother(t *testing.T) {
	dir := t.TempDir()
	catalog := filepath.Join(dir, "flow.yaml")
	text := `{"captures":{"acmeCo/hooks":{"endpoint":{"local":{"command":["x"],"config":{"paths":["/in"],"allowedSources":["203.0.113.7"]}}},
		"bindings":[{"resource":{"path":"/in"},"target":"acmeCo/in"}]}},
		"collections":{"acmeCo/in":{"key":["/_meta/webhookId"],"schema":{"type":"object"}}}}`
	if err := os.WriteFile(catalog, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := preview(t, filepath.Join(dir, "webhooks.db"), "--console", "127.0.0.1:0", "--source", catalog)
	for _, headers := range []string{"", "X-Forwarded-For: 203.0.113.7\r\n", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 203.0.113.7\r\n",
		"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: \r\n", "x-forwarded-for: 203.0.113.7\r\nConnection: x-forwarded-for, close\r\n",
		"X-Forwarded-For: 203.0.113.7,\r\n"} {
		if got, body := statuses(t, p.address(), "POST /in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"+headers+"\r\n{}"); fmt.Sprint(got) != "[403]" {
			t.Errorf("%q is answered %v %s", headers, got, body)
		}
	}
	p.stop()
}

// Webhooks come over IPv6 as over IPv4, to the front and to the connector, and metrics are read over both.
func TestBothFamiliesAreListenedTo(t *testing.T) {
	probe, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		skip(t, "this machine has no IPv6, so that it is not tried: %v", err)
	}
	probe.Close()
	p := preview(t, filepath.Join(t.TempDir(), "webhooks.db"), "--console", "127.0.0.1:0")
	_, port, err := net.SplitHostPort(p.address())
	if err != nil {
		t.Fatal(err)
	}
	reach := func(port, request, want string) {
		t.Helper()
		for _, host := range []string{"127.0.0.1", "::1"} {
			if got, body := statuses(t, net.JoinHostPort(host, port), request); fmt.Sprint(got) != "[200]" || !strings.Contains(body, want) {
				t.Errorf("%s is answered %v %s", host, got, body)
			}
		}
	}
	const head = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
	reach(port, "POST /webhook-data"+head, `{"published":1}`)
	p.stop()
	both(t, func(t *testing.T, codec string) {
		metrics := freePort(t)
		o := newOracle()
		o.anything = true
		r, url := openSession(t, codec, openCapture, "SOURCE_HTTP_INGEST_METRICS_PORT="+metrics)
		go func() { _ = r.acknowledgeAll(o, func() int { return 1 }) }()
		reach(url[strings.LastIndexByte(url, ':')+1:], "POST /in"+head, `{"published":1}`)
		reach(metrics, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "webhook_requests_total")
	})
}

// Intercom's senders hold back what a locked database can not take.
func TestIntercomHoldsBackWhileTheDatabaseIsDown(t *testing.T) {
	const secret = "s3cret of the app"
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--console", "127.0.0.1:0", "--client-secret", secret, "--quiet")
	other, err := sql.Open("sqlite", db)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	const body = `{"type":"notification_event","topic":"ping"}`
	sends := func() (status int, retryAfter string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Hub-Signature", signIntercom(secret, body))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, "" // it waits for the commit
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Retry-After")
	}
	status, retryAfter := 0, ""
	for deadline := time.Now().Add(patience); status == 0 && time.Now().Before(deadline); {
		status, retryAfter = sends()
	}
	if status != http.StatusTooManyRequests || retryAfter == "" {
		t.Errorf("answered %d, Retry-After %q", status, retryAfter)
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); status != 200 && time.Now().Before(deadline); {
		status, _ = sends()
	}
	if status != 200 {
		t.Errorf("answered %d when the database is free again", status)
	}
	p.stop()
}
