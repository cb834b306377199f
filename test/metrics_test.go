package test

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// observed opens a session that serves metrics, and returns where.
func observed(t *testing.T, codec, port, capture string) (r *runtime, url, metrics string) {
	t.Helper()
	r, url = openSession(t, codec, capture, "SOURCE_HTTP_INGEST_METRICS_PORT="+port)
	listening, err := r.waitLog(func(fields map[string]any) bool { return fields["metricsAddress"] != nil })
	if err != nil {
		t.Fatal(err)
	}
	_, bound, err := net.SplitHostPort(listening["metricsAddress"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return r, url, "http://127.0.0.1:" + bound
}

// fetch returns the body of a page.
func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// takenPort returns a port that is in use.
func takenPort(t *testing.T) string {
	t.Helper()
	taken, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Metrics count what was captured, refused and waited for. A port that is taken costs no capture, but its metrics move.
func TestMetricsTellWhatHappened(t *testing.T) {
	port := takenPort(t)
	for _, codec := range []string{"proto", "json"} {
		t.Run(codec, func(t *testing.T) {
			m := readManifest(t)
			r, url, metrics := observed(t, codec, port, strings.Replace(openCapture, `"config":{}`,
				`"config":{"signatureConfig":{"provider":"intercom","clientSecret":"`+m.ClientSecret+`"}}`, 1))
			go r.acknowledgeEach(func([]document) {})
			const name = "article.published.json"
			body := readSample(t, name)
			for signature, want := range map[string]int{m.Files[name].Signature: 200, "sha1=00": 401} {
				if status, answer, err := post(t.Context(), url+"/in", body, "X-Hub-Signature", signature); err != nil || status != want {
					t.Fatalf("answered %d %s, %v", status, answer, err)
				}
			}
			if status, _, err := post(t.Context(), url+"/elsewhere", body); err != nil || status != 404 {
				t.Fatalf("answered %d, %v", status, err)
			}
			status, text := fetch(t, metrics+"/metrics")
			if status != 200 {
				t.Fatalf("answered %d", status)
			}
			for _, want := range []string{
				`webhook_requests_total{path="/in",status="200"} 1`,
				`webhook_requests_total{path="/in",status="401"} 1`,
				`webhook_requests_total{path="other",status="404"} 1`,
				`webhook_request_bytes_total{path="/in"} \d`,
				`webhook_documents_total{collection="[^"]+"} 1`,
				`webhook_commit_seconds_bucket{path="/in",le="0.5"} 1`,
				`webhook_commit_seconds_bucket{path="/in",le="5"} 1`,
				`webhook_refusals_total{reason="unauthenticated"} 1`,
				`webhook_refusals_total{reason="unknown_path"} 1`,
				`webhook_signature_failures_total{path="/in"} 1`,
				`webhook_queue_requests 0`,
				`webhook_in_flight_bytes 0`,
				`intercom_notifications_total{topic="article.published"} 1`,
				`intercom_redeliveries_total 0`,
				`intercom_delivery_lag_seconds_count 1`,
				`go_goroutines \d+`,
			} {
				if !regexp.MustCompile(`(?m)^` + want).MatchString(text) {
					t.Errorf("%s is not among\n%s", want, text)
				}
			}
			if strings.Contains(text, m.ClientSecret) {
				t.Error("a secret is in the metrics")
			}
			if status, text := fetch(t, metrics+"/healthz"); status != 200 {
				t.Errorf("healthz answered %d %s", status, text)
			}
		})
	}
}

func TestMetricsMayBeSwitchedOff(t *testing.T) {
	r, _ := openSession(t, "proto", openCapture) // on port 0
	if log := r.logged(); strings.Contains(log, "metricsAddress") {
		t.Error(log)
	}
}
