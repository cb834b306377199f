package test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What can not change while it runs ends preview, with a failing exit code and the reason.
func TestPreviewEndsWhereItCanNotGoOn(t *testing.T) {
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := fmt.Sprint(taken.Addr().(*net.TCPAddr).Port)
	for _, console := range []string{"", "127.0.0.1:0"} {
		for _, c := range []struct{ name, value, want string }{
			{"", "", "address already in use"},
			{"SOURCE_HTTP_INGEST_METRICS_PORT", "many", `SOURCE_HTTP_INGEST_METRICS_PORT is "many"`},
			{"SOURCE_HTTP_INGEST_HOST", "nowhere.example.com", `nowhere.example.com`},
		} {
			args := []string{"--console", console}
			if c.name == "" {
				args = append(args, "--port", port)
			} else {
				t.Setenv(c.name, c.value)
			}
			p := preview(t, filepath.Join(t.TempDir(), "webhooks.db"), args...)
			select {
			case err := <-p.done:
				if err == nil || !strings.Contains(p.said(), c.want) || strings.Contains(p.said(), "starting it again") {
					t.Errorf("console %q, %s: %v: %s", console, c.name, err, p.said())
				}
			case <-time.After(patience):
				t.Errorf("console %q, %s: it goes on: %s", console, c.name, p.said())
			}
			if c.name != "" {
				os.Unsetenv(c.name)
			}
		}
	}
}

// unread makes a pipe that nobody reads: the end to write to.
func unread(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return w
}

// ends waits for a process to end.
func ends(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("it does not end")
		_ = cmd.Process.Kill()
		<-ended
	}
}

// refusals are logged, with more bytes than a pipe and what waits for it hold.
func refusals(t *testing.T, url string) {
	t.Helper()
	long := strings.Repeat("x", 8000)
	for range 400 {
		if status, _, err := post(t.Context(), url+"/unknown/"+long, `{}`); err != nil || status != 404 {
			t.Fatal(status, err)
		}
	}
}

// Nobody needs to read what the connector logs: webhooks are captured all the same, and the end comes.
func TestALogThatNobodyReadsHoldsNothingUp(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		file, err := binary_()
		if err != nil {
			t.Fatal(err)
		}
		port := freePort(t)
		r := &runtime{codec: codec, cmd: exec.Command(file)}
		r.cmd.Env = append(os.Environ(), "SOURCE_HTTP_INGEST_PORT="+port, "SOURCE_HTTP_INGEST_METRICS_PORT=0", "FLOW_RUNTIME_CODEC="+codec)
		r.cmd.Stderr = unread(t)
		in, inErr := r.cmd.StdinPipe()
		out, outErr := r.cmd.StdoutPipe()
		if err := errors.Join(inErr, outErr, r.cmd.Start()); err != nil {
			t.Fatal(err)
		}
		r.in, r.pipe, r.out = in, out, bufio.NewReader(out)
		if _, err := r.ask(specRequest); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ask(openRequest(openCapture)); err != nil {
			t.Fatal(err)
		}
		go r.acknowledgeEach(func([]document) {})
		url := "http://127.0.0.1:" + port
		refusals(t, url)
		if status, text, err := post(t.Context(), url+"/in", `{"id":"1"}`); err != nil || status != 200 {
			t.Errorf("answered %d %s, %v", status, text, err)
		}
		r.in.Close()
		ends(t, r.cmd)
	})
}

// Nobody needs to read what preview logs and prints either.
func TestPreviewEndsThoughNobodyReadsIt(t *testing.T) {
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"log", "documents"} {
		t.Run(what, func(t *testing.T) {
			port := freePort(t)
			cmd := exec.Command(file, "preview", "--port", port, "--db", filepath.Join(t.TempDir(), "webhooks.db"), "--console", "127.0.0.1:0")
			if what == "log" {
				cmd.Stderr = unread(t)
			} else {
				cmd.Stdout = unread(t)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			url := "http://127.0.0.1:" + port
			for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				if status, _, err := post(t.Context(), url+"/webhook-data", `[]`); err == nil && status == 200 {
					break
				}
			}
			if what == "log" {
				refusals(t, url)
			}
			body := `{"long":"` + strings.Repeat("x", 50_000) + `"}`
			for range 4 { // of which a pipe that is not read holds one
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				if status, text, err := post(ctx, url+"/webhook-data", body); what == "log" && (err != nil || status != 200) {
					t.Errorf("answered %d %s, %v", status, text, err)
				}
				cancel()
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			ends(t, cmd)
		})
	}
}
