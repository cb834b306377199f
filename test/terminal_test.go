package test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A screen keeps what a program writes to a terminal.
type screen struct {
	mu   sync.Mutex
	news *sync.Cond
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news.Broadcast()
	return s.text.Write(p)
}

// wait returns what a pattern finds, once it does.
func (s *screen) wait(t *testing.T, pattern string) string {
	t.Helper()
	late := time.AfterFunc(patience, func() { s.mu.Lock(); s.news.Broadcast(); s.mu.Unlock() })
	defer late.Stop()
	until := time.Now().Add(patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if found := regexp.MustCompile(pattern).FindString(s.text.String()); found != "" {
			return found
		}
		if time.Now().After(until) {
			t.Fatalf("%s is not on the screen: %q", pattern, s.text.String())
		}
		s.news.Wait()
	}
}

// A person at a terminal sees one line that is kept up to date, below documents and log lines, which stay whole.
func TestATerminalShowsASummary(t *testing.T) {
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, "preview", "--port", "0", "--console", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "webhooks.db"))
	cmd.Env = append(os.Environ(), "SOURCE_HTTP_INGEST_METRICS_PORT=0")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		skip(t, "there are no terminals here: %v", err)
	}
	defer terminal.Close()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	s := new(screen)
	s.news = sync.NewCond(&s.mu)
	go func() { _, _ = terminal.WriteTo(s) }()
	url := s.wait(t, `http://localhost:\d+/webhook-data`)
	s.wait(t, `0 documents`)
	if status, _, err := post(t.Context(), url, `{"hello":"terminal"}`); err != nil || status != 200 {
		t.Fatal(status, err)
	}
	if status, _, err := post(t.Context(), url+"/unknown", `no`); err != nil || status != 404 {
		t.Fatal(status, err)
	}
	line := s.wait(t, `\["preview/webhook-data",[^\n]*\n`)
	if !strings.HasSuffix(strings.TrimSpace(line), `"hello":"terminal"}]`) {
		t.Errorf("the document's line is %q", line)
	}
	s.wait(t, `1 documents?, .*1 accepted, 1 refused`)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
