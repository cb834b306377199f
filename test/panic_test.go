package test

import (
	"net/http"
	"strings"
	"testing"
)

// A panic in a handler is that request's failure: it is answered 500, its stack is logged, and others are served.
func TestAPanicIsAnswered500AndTheProcessLives(t *testing.T) {
	const taken = "receivedAt := time.Now()\n"
	file := buildChanged(t, "../capture/webhook/webhook.go", taken, taken+`if r.Header.Get("X-Panic") != "" { panic("provoked") }`+"\n")
	both(t, func(t *testing.T, codec string) {
		o := newOracle()
		r, err := startFile(file, codec, true)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.cmd.Process.Kill(); r.wait() })
		url, err := r.open(openCapture)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = r.acknowledgeAll(o, func() int { return 1 }) }()
		status, answer, err := post(t.Context(), url+"/in", `{}`, "X-Panic", "now")
		if err != nil || status != http.StatusInternalServerError || strings.Contains(answer, "provoked") {
			t.Errorf("answered %d %s, %v", status, answer, err)
		}
		line, err := r.waitLog(func(fields map[string]any) bool { return fields["stack"] != nil })
		if err != nil || line["level"] != "error" || !strings.Contains(line["stack"].(string), "webhook.go") {
			t.Errorf("logged %v, %v", line, err)
		}
		if status, err := o.issue(t.Context(), url+"/in", 10); status != http.StatusOK {
			t.Errorf("then answered %d, %v", status, err)
		}
		o.check(t)
	})
}
