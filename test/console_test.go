package test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// console returns where a preview says that its console is.
func (p *person) console() string {
	p.t.Helper()
	found := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(p.said())
	if found == "" {
		p.t.Fatal(p.said())
	}
	return found
}

// signed posts a notification to preview, signed with a secret.
func (p *person) signed(secret, topic, id string) int {
	p.t.Helper()
	body := fmt.Sprintf(`{"type":"notification_event","id":"notif_%s","topic":%q,"data":{"item":{"type":"conversation","id":"%s"}}}`, id, topic, id)
	status, _, err := post(p.t.Context(), p.url, body, "X-Hub-Signature", signIntercom(secret, body))
	if err != nil {
		p.t.Fatal(err)
	}
	return status
}

// A person who looks at the console sees each request within a second, finds it, learns why it was refused, sends a
// sample, and sends a request again.
func TestTheConsoleShowsWhatPasses(t *testing.T) {
	const secret = "s3cret of the app"
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--console", "127.0.0.1:0", "--client-secret", secret, "--path", "/in", "--path", "/other")
	b := openBrowser(t)
	b.do(chromedp.Navigate(p.console()))
	b.see(`#collections button`)
	b.accessible("console-empty")

	if status := p.signed(secret, "conversation.user.created", "1"); status != http.StatusOK {
		t.Fatal(status)
	}
	b.within(time.Second, `document.querySelector("#requests tr td.ok")?.innerText === "200"`)
	if status := p.signed("another secret", "conversation.user.replied", "2"); status != http.StatusUnauthorized {
		t.Fatal(status)
	}
	b.within(time.Second, `document.querySelector("#requests tr td.bad")?.innerText === "401"`)
	rows := evaluate[string](b, `document.querySelector("#requests").innerText`)
	for _, want := range []string{"/in", "conversation.user.created", "conversation 1", "conversation.user.replied", "X-Hub-Signature is wrong"} {
		if !strings.Contains(rows, want) {
			t.Errorf("%q is not among %s", want, rows)
		}
	}
	b.accessible("console")

	shown := `[...document.querySelectorAll("#requests tr")].filter(row => !row.hidden).length`
	b.do(chromedp.SendKeys(chromedp.CSS(`#filter [name=text]`), "replied"))
	b.within(patience, shown+` === 1`)
	evaluate[any](b, `(() => { const form = document.querySelector("#filter"); form.reset(); form.elements.status.value = "2"; form.dispatchEvent(new Event("input")); })()`)
	b.within(patience, shown+` === 1 && !document.querySelector("#requests tr:has(.ok)").hidden`)
	evaluate[any](b, `(() => { const form = document.querySelector("#filter"); form.elements.status.value = ""; form.elements.topic.value = "conversation.user.replied"; form.dispatchEvent(new Event("input")); })()`)
	b.within(patience, shown+` === 1 && document.querySelector("#requests tr:has(.ok)").hidden`)
	evaluate[any](b, `(() => { const form = document.querySelector("#filter"); form.reset(); form.dispatchEvent(new Event("input")); })()`)

	b.click(`#requests tr:has(.bad) button`)
	b.see(`#detail .reason`)
	if why := evaluate[string](b, `document.querySelector("#detail").innerText`); !strings.Contains(why, "another secret, or for another body") ||
		!strings.Contains(why, "First check") || !strings.Contains(why, "notif_2") {
		t.Errorf("the reason is %s", why)
	}
	b.accessible("console-refused")
	b.click(`#detail .actions button`) // it is signed anew, and accepted
	b.within(patience, `document.querySelector("#detail .actions output").innerText.includes('Answered 200 {"published":1}')`)
	b.click(`#close`)
	b.within(time.Second, `document.querySelectorAll("#requests td.ok").length === 2`)

	b.click(`#requests tr:has(.ok) button`)
	b.see(`#detail section pre`)
	if document := evaluate[string](b, `document.querySelector("#detail section pre").innerText`); !strings.Contains(document, "webhookId") {
		t.Errorf("the document is %s", document)
	}
	b.accessible("console-accepted")
	permit := browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: "clipboard-write"}, Setting: browser.PermissionSettingGranted}
	if _, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, permit); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Click(chromedp.CSS(`#detail-body > .actions button:nth-of-type(2)`)))
	b.within(patience, `document.querySelector("#detail-body > .actions output").innerText.startsWith("Copied")`)
	b.click(`#close`)

	b.click(`#send button`)
	b.within(patience, `document.querySelector("#sent").innerText.includes('Answered 200 {"published":1}')`)
	b.within(time.Second, `document.querySelectorAll("#requests td.ok").length === 3`)
	b.click(`#collections button`)
	b.see(`#detail section pre`)
	b.click(`#detail section .actions button`)
	b.within(patience, `document.querySelector("#detail section output").innerText.includes("Answered 200")`)
	b.accessible("console-collection")
	if page := evaluate[string](b, `document.documentElement.outerHTML`); strings.Contains(page, secret) {
		t.Error("a secret is on the page")
	}
	b.clean()
	p.stop()
}

// call asks the console's server something.
func (p *person) call(method, path, body string, header ...string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.console()+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// firstRequests returns the lists of requests that the console's events begin with.
func (p *person) firstRequests() (lines []map[string]any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.console()+"events", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	events := bufio.NewScanner(resp.Body)
	events.Buffer(nil, 1<<20)
	for events.Scan() {
		if events.Text() == "event: requests" && events.Scan() {
			if err := json.Unmarshal([]byte(strings.TrimPrefix(events.Text(), "data: ")), &lines); err != nil {
				p.t.Fatal(err)
			}
			return lines
		}
	}
	p.t.Fatal(events.Err())
	return nil
}

// Refusals outlive preview, without secrets, and can be sent again after the cause is mended.
func TestRefusalsAreKept(t *testing.T) {
	const secret, token = "s3cret of the app", "t0ken of mine"
	db := filepath.Join(t.TempDir(), "webhooks.db")
	args := []string{"--console", "127.0.0.1:0", "--auth-token", token, "--path", "/in"}
	p := preview(t, db, append(args, "--client-secret", "a wrong secret")...)
	body := `{"type":"notification_event","id":"notif_9","topic":"ping","note":"` + secret + ` and ` + token + `"}`
	if status, _, err := post(t.Context(), p.url, body, "Authorization", "Bearer "+token, "X-Hub-Signature", signIntercom(secret, body)); err != nil || status != 401 {
		t.Fatal(status, err)
	}
	long := `{"long":"` + strings.Repeat("x", 100<<10) + `"}`
	if status, _, err := post(t.Context(), p.url, long); err != nil || status != 401 {
		t.Fatal(status, err)
	}
	p.stop()
	for _, table := range []string{"exchange", "body", "answer"} {
		for _, value := range rows(t, db, `SELECT `+table+` FROM refusals`) {
			if strings.Contains(value, token) {
				t.Errorf("%s holds a secret: %s", table, value)
			}
			if len(value) > 64<<10 {
				t.Errorf("%s is %d bytes", table, len(value))
			}
		}
	}
	p = preview(t, db, append(args, "--client-secret", secret)...)
	lines := p.firstRequests()
	if len(lines) != 2 || lines[0]["status"] != 401.0 || lines[0]["topic"] != "ping" {
		t.Fatalf("kept %v", lines)
	}
	if status, text := p.call("POST", "api/requests/2/replay", ""); status != http.StatusConflict || !strings.Contains(text, "bytes are kept") {
		t.Errorf("a body that was cut is replayed: %d %s", status, text)
	}
	if status, text := p.call("POST", "api/requests/1/replay", ""); status != 200 || !strings.Contains(text, `{\"published\":1}`) {
		t.Errorf("answered %d %s", status, text)
	}
	if kept := rows(t, db, `SELECT document FROM documents`); len(kept) != 1 || !strings.Contains(kept[0], `"notif_9"`) {
		t.Errorf("captured %s", kept)
	}
	p.stop()
}

// The console answers this machine's own pages, and no other site that a browser has open.
func TestTheConsoleIsClosedToOtherSites(t *testing.T) {
	p := preview(t, filepath.Join(t.TempDir(), "webhooks.db"), "--console", "127.0.0.1:0")
	sample := `{"topic":"ping","path":"/webhook-data"}`
	for name, header := range map[string][]string{
		"another origin": {"Origin", "https://example.com"},
		"a cross site":   {"Sec-Fetch-Site", "cross-site"},
		"another name":   {"Host", "rebound.example.com"},
	} {
		if status, _ := p.call("POST", "api/send", sample, header...); status != http.StatusForbidden {
			t.Errorf("%s is answered %d", name, status)
		}
	}
	if status, text := p.call("POST", "api/send", sample); status != 200 {
		t.Errorf("answered %d %s", status, text)
	}
	if status, text := p.call("GET", "metrics", ""); status != 200 || !strings.Contains(text, `webhook_requests_total{path="/webhook-data",status="200"} 1`) {
		t.Errorf("metrics answered %d %s", status, text)
	}
	p.stop()
}

// Without a console, the connector has the port for itself.
func TestPreviewWithoutAConsole(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--console", "")
	if strings.Contains(p.said(), "Watch") {
		t.Error(p.said())
	}
	if status, _, err := post(t.Context(), p.url, `{}`); err != nil || status != 200 {
		t.Fatal(status, err)
	}
	p.stop()
	if kept := rows(t, db, `SELECT document FROM documents`); len(kept) != 1 || strings.Contains(kept[0], "x-forwarded-for") {
		t.Errorf("kept %s", kept)
	}
}

// Behind the front, the connector learns what it does behind Flow's proxy: the sender's Host and address, no more.
func TestTheFrontTellsNoMoreThanFlowsProxy(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--console", "127.0.0.1:0")
	status, text, err := post(t.Context(), p.url+"?a=1;b&c=%zz", `{}`, "X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https", "User-Agent", "")
	if err != nil || status != 200 {
		t.Fatal(status, text, err)
	}
	p.stop()
	var document struct {
		Meta struct{ Headers map[string]string } `json:"_meta"`
	}
	if err := json.Unmarshal([]byte(rows(t, db, `SELECT document FROM documents`)[0]), &document); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"host": strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/webhook-data"), "content-length": "2",
		"accept-encoding": "gzip", "x-forwarded-for": "203.0.113.9, 127.0.0.1", "x-forwarded-proto": "https"}
	if len(document.Meta.Headers) != len(want) {
		t.Errorf("headers are %v", document.Meta.Headers)
	}
	for name, value := range want {
		if document.Meta.Headers[name] != value {
			t.Errorf("%s is %q, not %q", name, document.Meta.Headers[name], value)
		}
	}
}

// A sender that has ended its side of the connection hears what became of its webhook, through the front as well: 200
// when it is committed, and nothing else before.
func TestAHalfClosedSenderHearsOfItsCommit(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--console", "127.0.0.1:0")
	host, path, _ := strings.Cut(strings.TrimPrefix(p.url, "http://"), "/")
	for want, request := range map[int]string{
		200: "POST /" + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
		503: "POST /" + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{\"a\":1}",
	} {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = io.WriteString(conn, request)
		if err := errors.Join(err, conn.(*net.TCPConn).CloseWrite(), conn.SetDeadline(time.Now().Add(patience))); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != want && (want == 200 || resp.StatusCode < 400) {
			t.Errorf("answered %d, not %d", resp.StatusCode, want)
		}
	}
	p.stop()
	if kept := rows(t, db, `SELECT document FROM documents`); len(kept) != 1 {
		t.Errorf("kept %s", kept)
	}
}
