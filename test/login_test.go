package test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"source-intercom-ingest/test/intercomsim/sim"
)

// A loggingIn is a login that waits for the browser.
type loggingIn struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	err    *bufio.Reader
	out    strings.Builder
	opened *url.URL // what the person is to open
	told   strings.Builder
}

func login(t *testing.T, api string, args ...string) *loggingIn {
	t.Helper()
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	l := &loggingIn{cmd: exec.CommandContext(ctx, file, append([]string{"login", "--client-id", "client", "--client-secret", "s3cr3t-of-the-app", "--api-base-url", api}, args...)...)}
	l.cmd.Stdout = &l.out
	l.in, err = l.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := l.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l.err = bufio.NewReader(pipe)
	for l.opened == nil {
		line, err := l.err.ReadString('\n')
		l.told.WriteString(line)
		if err != nil {
			t.Fatalf("no address: %s", l.told.String())
		}
		if address := regexp.MustCompile(`https://app\.\S+`).FindString(line); address != "" {
			l.opened, _ = url.Parse(address)
		}
	}
	return l
}

// end returns what was told in the end, and whether it went well.
func (l *loggingIn) end() (string, error) {
	rest, _ := io.ReadAll(l.err)
	l.told.Write(rest)
	err := l.cmd.Wait()
	return l.told.String(), err
}

func TestLoginGetsAToken(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Token: "t0ken-of-oauth", ClientID: "client", Secret: "s3cr3t-of-the-app", Region: "EU"}, small)
	w.Deny("tickets", true)
	server := httptest.NewServer(w)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}

	t.Run("pasted", func(t *testing.T) {
		l := login(t, server.URL, "--save", file, "--region", "eu")
		query := l.opened.Query()
		if l.opened.Host != "app.eu.intercom.com" || query.Get("client_id") != "client" || len(query.Get("state")) < 20 {
			t.Errorf("to be opened is %v", l.opened)
		}
		_, _ = io.WriteString(l.in, "https://example.org/back?state="+query.Get("state")+"&code=YWJj%3D\n")
		told, err := l.end()
		if err != nil || !strings.Contains(told, "Workspace: Northlark (qz7w41xk)\nRegion: EU\nMay read: conversations, contacts, companies, admins") || !strings.Contains(told, "May not read: tickets") {
			t.Errorf("%v, told %s", err, told)
		}
		if text := told + l.out.String(); strings.Contains(text, "t0ken-of-oauth") || strings.Contains(text, "s3cr3t-of-the-app") {
			t.Errorf("secrets are told: %s", text)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file is %v, %v", info.Mode(), err)
		}
	})
	t.Run("listened for", func(t *testing.T) {
		l := login(t, server.URL, "--listen", "127.0.0.1:0")
		back := l.opened.Query().Get("redirect_uri")
		answer, err := http.Get(back + "?code=abc&state=" + l.opened.Query().Get("state"))
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
		told, err := l.end()
		var fragment struct {
			Credentials map[string]string
		}
		if err != nil || json.Unmarshal([]byte(l.out.String()), &fragment) != nil || fragment.Credentials["access_token"] != "t0ken-of-oauth" || fragment.Credentials["credentials_title"] != "OAuth Credentials" {
			t.Errorf("%v, %s, told %s", err, l.out.String(), told)
		}
	})
	t.Run("another's state", func(t *testing.T) {
		l := login(t, server.URL)
		_, _ = io.WriteString(l.in, "https://example.org/back?state=other&code=abc\n")
		if told, err := l.end(); err == nil || !strings.Contains(told, "its state is not ours") {
			t.Errorf("%v, told %s", err, told)
		}
	})
	t.Run("for preview", func(t *testing.T) {
		program, err := binary_()
		if err != nil {
			t.Fatal(err)
		}
		db := filepath.Join(t.TempDir(), "copy.db")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, program, "preview", "--credentials", file, "--db", db, "--resource", "conversations", "--resource", "tags", "--port", "0", "--console", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "SOURCE_HTTP_INGEST_METRICS_PORT="+freePort(t))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var told strings.Builder
		cmd.Stderr = &told
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, seen := bufio.NewScanner(out), map[string]int{}
		for seen["preview/conversations"] < 20 || seen["preview/tags"] < 2 {
			if !lines.Scan() {
				t.Fatalf("%v so far: %s", seen, told.String())
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), `["`), `"`)
			seen[name]++
		}
		_ = cmd.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		if len(seen) != 2 || strings.Contains(told.String(), "Taking webhooks") {
			t.Errorf("%v: %s", seen, told.String())
		}
	})
}

// What the command line can not mean is told at once.
func TestPreviewOfAWorkspaceSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	program, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		`--resource "conversation" is none`:                 {"--access-token", "t", "--resource", "conversation"},
		"add --access-token or --credentials":               {"--resource", "contacts"},
		"--access-token is empty":                           {"--access-token", " "},
		"both say how access is granted":                    {"--access-token", "t", "--credentials", "../go.mod"},
		"it is not a JSON object with a member credentials": {"--credentials", "../go.mod"},
		`startDate "yesterday" is not a time`:               {"--access-token", "t", "--start-date", "yesterday"},
		"check apiBaseUrl and the network":                  {"--access-token", "t", "--api-base-url", "http://127.0.0.1:1"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		cmd := exec.CommandContext(ctx, program, append([]string{"preview", "--db", filepath.Join(t.TempDir(), "x.db"), "--port", "0"}, args...)...)
		cmd.WaitDelay = time.Second
		out, err := cmd.CombinedOutput()
		cancel()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %v, %s, want %s", args, err, out, want)
		}
	}
}
