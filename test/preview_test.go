package test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// A person is one at a terminal who runs preview.
type person struct {
	t      testing.TB
	cmd    *exec.Cmd
	url    string // of the first path
	output chan string
	done   chan error

	mu    sync.Mutex
	news  *sync.Cond
	heard string // on standard error
	ended bool
}

// preview starts the program and waits until it says where to post, or ends.
func preview(t testing.TB, db string, args ...string) *person {
	t.Helper()
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	return previewOf(t, file, db, args...)
}

// previewOf is that of another build.
func previewOf(t testing.TB, file, db string, args ...string) *person {
	t.Helper()
	p := &person{t: t, output: make(chan string, 10_000), done: make(chan error, 1)}
	p.news = sync.NewCond(&p.mu)
	p.cmd = exec.Command(file, append([]string{"preview", "--port", "0", "--db", db}, args...)...)
	out, outErr := p.cmd.StdoutPipe()
	logs, logErr := p.cmd.StderrPipe()
	if err := errors.Join(outErr, logErr, p.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			p.output <- lines.Text()
		}
		close(p.output)
	}()
	go p.listen(logs)
	p.hear("sqlite3", 1)
	p.url = regexp.MustCompile(`http://localhost:\S+`).FindString(p.said())
	return p
}

func (p *person) listen(logs io.Reader) {
	lines := bufio.NewScanner(logs)
	for more := true; more; {
		more = lines.Scan()
		p.mu.Lock()
		p.heard += lines.Text() + "\n"
		p.ended = !more
		p.news.Broadcast()
		p.mu.Unlock()
	}
	p.done <- p.cmd.Wait()
}

// said returns what preview has said so far.
func (p *person) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard
}

// hear waits until preview has said something so many times, or has ended.
func (p *person) hear(text string, times int) {
	stuck := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer stuck.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for strings.Count(p.heard, text) < times && !p.ended {
		p.news.Wait()
	}
}

// stop ends preview as Ctrl-C does, within the five seconds that it promises.
func (p *person) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.done:
		if err != nil {
			p.t.Errorf("preview ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		p.t.Error("preview did not end within 5 seconds")
	}
}

func post(ctx context.Context, url, body string, headers ...string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// rows returns the first column of a query.
func rows(t *testing.T, db, query string) []string {
	t.Helper()
	d, err := sql.Open("sqlite", db)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	found, err := d.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	var values []string
	for found.Next() {
		var value string
		if err := found.Scan(&value); err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

func TestPreviewKeepsAndPrintsAWebhook(t *testing.T) {
	for _, codec := range []string{"json", "proto"} {
		t.Run(codec, func(t *testing.T) {
			db := filepath.Join(t.TempDir(), "a b.db")
			p := preview(t, db, "--codec", codec)
			status, body, err := post(t.Context(), p.url, `{"hello": "world"}`)
			if err != nil || status != 200 || body != `{"published":1}` {
				t.Fatalf("answered %d %s, %v", status, body, err)
			}
			line := <-p.output
			var pair [2]json.RawMessage
			if err := json.Unmarshal([]byte(line), &pair); err != nil || string(pair[0]) != `"preview/webhook-data"` ||
				!strings.HasSuffix(string(pair[1]), `"hello": "world"}`) {
				t.Errorf("printed %s", line)
			}
			p.stop()
			if kept := rows(t, db, `SELECT document FROM "preview/webhook-data"`); len(kept) != 1 || kept[0] != string(pair[1]) {
				t.Errorf("kept %q", kept)
			}
		})
	}
}

// What preview says can be typed as it is.
func TestPreviewSaysCommandsThatWork(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--path", "/vendors/{vendorId}", "--auth-token", "s3cret", "--client-secret", "cl1ent")
	if strings.Contains(p.said(), "s3cret") || strings.Contains(p.said(), "cl1ent") {
		t.Errorf("a secret is on the screen: %s", p.said())
	}
	if _, err := exec.LookPath("curl"); err != nil {
		skip(t, "there is no curl here")
	}
	line := regexp.MustCompile(`(?m)^  curl .*$`).FindString(p.said())
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(os.Environ(), "AUTH_TOKEN=s3cret", "CLIENT_SECRET=cl1ent")
	if out, err := cmd.Output(); err != nil || string(out) != `{"published":1}` {
		t.Errorf("%s: %s, %v", line, out, err)
	}
	query := regexp.MustCompile(`SELECT [^']*`).FindString(p.said())
	if kept := rows(t, db, query); len(kept) != 1 || !strings.Contains(kept[0], `"pathParams":{"vendorId":"1"}`) {
		t.Errorf("%s: %q", query, kept)
	}
	p.stop()
}

func TestPreviewShowsTheLatestDocumentOfEachKey(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--source", "flow.yaml", "--quiet")
	for _, version := range []string{"1", "2", "3"} {
		if status, body, err := post(t.Context(), p.url, `{"version":`+version+`}`, "X-Order-Id", "o-1"); status != 200 {
			t.Fatalf("answered %d %s, %v", status, body, err)
		}
	}
	p.stop()
	if n := len(p.output); n > 0 {
		t.Errorf("printed %d lines", n)
	}
	if kept := rows(t, db, `SELECT key || document FROM "acmeCo/orders"`); len(kept) != 1 ||
		!strings.HasPrefix(kept[0], `["o-1"]`) || !strings.HasSuffix(kept[0], `"version":3}`) {
		t.Errorf("the latest are %q", kept)
	}
	if all := rows(t, db, `SELECT sequence FROM documents`); fmt.Sprint(all) != "[1 2 3]" {
		t.Errorf("sequences are %v", all)
	}
}

func TestPreviewEndsAfterItsSessions(t *testing.T) {
	p := preview(t, filepath.Join(t.TempDir(), "webhooks.db"), "--sessions", "1")
	if status, body, err := post(t.Context(), p.url, `{}`); status != 200 {
		t.Errorf("answered %d %s, %v", status, body, err)
	}
	if err := <-p.done; err != nil {
		t.Error(err)
	}
}

func TestPreviewEndsAfterItsTimeout(t *testing.T) {
	p := preview(t, filepath.Join(t.TempDir(), "webhooks.db"), "--timeout", "1s")
	if err := <-p.done; err != nil {
		t.Error(err)
	}
}

func TestPreviewTellsWhatIsWrongWithItsConfiguration(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--path /{id}.json", `malformed parameter "{id}.json"`},
		{"--source nothing.yaml", "nothing.yaml"},
		{"--source flow.yaml --name acmeCo/other", `no capture "acmeCo/other"`},
	} {
		p := preview(t, filepath.Join(t.TempDir(), "webhooks.db"), strings.Fields(c.args)...)
		if err := <-p.done; err == nil || !strings.Contains(p.said(), c.want) {
			t.Errorf("%s: %v: %s", c.args, err, p.said())
		}
	}
}

// freePort returns a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}

// Preview is killed again and again under load: no document that was answered 200 is missing, and the database opens
// clean each time.
func TestPreviewLosesNothingWhenKilled(t *testing.T) {
	const rounds, senders = 200, 8
	db := filepath.Join(t.TempDir(), "webhooks.db")
	var mu sync.Mutex
	var answered []string
	for round := range rounds {
		p := preview(t, db, "--quiet")
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for sender := range senders {
			group.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					id := fmt.Sprintf("%d-%d-%d", round, sender, n)
					status, _, err := post(ctx, p.url, `{"id":"`+id+`"}`)
					if err != nil {
						return
					}
					if status == 200 {
						mu.Lock()
						answered = append(answered, id)
						if n == round%10 { // at another moment each time
							_ = p.cmd.Process.Kill()
						}
						mu.Unlock()
					}
				}
			})
		}
		<-p.done
		stop()
		group.Wait()
		if check := rows(t, db, `PRAGMA integrity_check`); fmt.Sprint(check) != "[ok]" {
			t.Fatalf("round %d: %v", round, check)
		}
	}
	kept := map[string]bool{}
	for _, id := range rows(t, db, `SELECT document ->> 'id' FROM documents`) {
		kept[id] = true
	}
	for _, id := range answered {
		if !kept[id] {
			t.Errorf("%s was answered 200 and is missing", id)
		}
	}
	if len(answered) < rounds {
		t.Errorf("only %d webhooks were answered", len(answered))
	}
}

// A reader that holds the database open does not hold webhooks up; a writer does, until it is done.
func TestPreviewOutwaitsALockedDatabase(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--quiet")
	other, err := sql.Open("sqlite", db)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, begin := range []string{"BEGIN; SELECT * FROM documents", "BEGIN IMMEDIATE"} {
		conn, err := other.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), begin); err != nil {
			t.Fatal(err)
		}
		release := time.AfterFunc(time.Second, func() { _, _ = conn.ExecContext(t.Context(), "ROLLBACK") })
		if status, text, err := post(t.Context(), p.url, `{}`); status != 200 {
			t.Errorf("%s: answered %d %s, %v", begin, status, text, err)
		}
		release.Stop()
		_, _ = conn.ExecContext(t.Context(), "ROLLBACK")
		conn.Close()
	}
	p.stop()
	if all := rows(t, db, `SELECT sequence FROM documents`); fmt.Sprint(all) != "[1 2]" {
		t.Errorf("sequences are %v", all)
	}
}
