package test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// buildPanicking builds the program with one line more: a request with the header X-Panic makes its handler panic. The
// line is in a copy of the file that the compiler is given in its place.
func buildPanicking(t *testing.T) (file string) {
	t.Helper()
	const source, before = "../capture/webhook.go", "receivedAt := time.Now()\n"
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), before, before+"\tif r.Header.Get(\"X-Panic\") != \"\" {\n\t\tpanic(\"provoked\")\n\t}\n", 1)
	if changed == string(text) {
		t.Fatalf("%s has no line %q", source, before)
	}
	dir := t.TempDir()
	original, err := filepath.Abs(source)
	replacement, overlay := filepath.Join(dir, "webhook.go"), filepath.Join(dir, "overlay.json")
	replace, jsonErr := json.Marshal(map[string]map[string]string{"Replace": {original: replacement}})
	err = errors.Join(err, jsonErr, os.WriteFile(replacement, []byte(changed), 0o600), os.WriteFile(overlay, replace, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "panicking")
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", file, "..").CombinedOutput(); err != nil {
		t.Fatalf("building: %v: %s", err, out)
	}
	return file
}

// A panic in a handler is that request's failure: it is answered 500, its stack is logged, and others are served.
func TestAPanicIsAnswered500AndTheProcessLives(t *testing.T) {
	file := buildPanicking(t)
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
