package test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// asIs sends a request whose target no client would write, and returns its answer.
func asIs(t *testing.T, url, method, target string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: hooks.example\r\nContent-Length: 7\r\n\r\n{\"a\":1}", method, target)
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return resp, string(body)
}

// Targets in forms that proxies are asked in are answered by the connector, with a reason, and counted by the configured path.
func TestTargetsOfEveryForm(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, url, metrics := observed(t, codec, "1", openCapture) // a port that is taken, if not by us
		go r.acknowledgeEach(func([]document) {})
		for _, c := range []struct {
			method, target string
			status         int
			body           string
		}{
			{"POST", "http://elsewhere.example/in", 200, `{"published":1}`},
			{"POST", "http://elsewhere.example//in/", 200, `{"published":1}`},
			{"POST", "//in", 200, `{"published":1}`},
			{"POST", "http://elsewhere.example", 405, "POST is not a method of this page"},
			{"POST", "http://elsewhere.example/out", 404, `no binding has the path \"/out\"`},
			{"OPTIONS", "*", 204, ""},
			{"POST", "*", 404, `no binding has the path \"*\"`},
			{"CONNECT", "elsewhere.example:443", 405, "this is no proxy"},
			{"TRACE", "/in", 405, "TRACE is not a method"},
			{"POST", "/" + strings.Repeat("x", 10_000), 404, `xxx…\"`},
		} {
			resp, body := asIs(t, url, c.method, c.target)
			if resp.StatusCode != c.status || !strings.Contains(body, c.body) || resp.Header.Get("Location") != "" {
				t.Errorf("%s %.50s is answered %d %.500s", c.method, c.target, resp.StatusCode, body)
			}
		}
		_, text := fetch(t, metrics+"/metrics")
		for _, line := range []string{
			`webhook_requests_total{path="/in",status="200"} 3`, `webhook_requests_total{path="/in",status="405"} 1`,
			`webhook_requests_total{path="other",status="404"} 3`, `webhook_requests_total{path="other",status="405"} 2`,
		} {
			if !strings.Contains(text, line+"\n") {
				t.Errorf("%s is not among the metrics", line)
			}
		}
	})
}

// Pages are for those who may send; whether the connector is well, anyone may ask.
func TestPagesAreForAllowedSources(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		_, url := openSession(t, codec, strings.Replace(openCapture, `"config":{}`, `"config":{"allowedSources":["203.0.113.0/24"]}`, 1))
		for path, statuses := range map[string][2]int{"/": {403, 200}, "/swagger-ui/": {403, 200}, "/api-doc/openapi.json": {403, 200}, "/healthz": {200, 200}} {
			for i, from := range []string{"198.51.100.7", "203.0.113.7"} {
				req, err := http.NewRequest(http.MethodGet, url+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("X-Forwarded-For", from)
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if resp.StatusCode != statuses[i] || statuses[i] == 403 && !strings.Contains(string(body), "the address "+from) {
					t.Errorf("%s from %s is answered %d %.200s", path, from, resp.StatusCode, body)
				}
			}
		}
	})
}
