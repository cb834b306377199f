package test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return zipped.String()
}

// What the console sends again is what came: every byte of the address, the headers and the body.
func TestWhatIsSentAgainIsWhatCame(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		db := filepath.Join(t.TempDir(), "webhooks.db")
		p := preview(t, db, "--console", "127.0.0.1:0", "--codec", codec, "--quiet", "--path", "/in/{id}")
		request := "POST /in/a%2Fb%20c?q=%7b&x=1&x=2;y HTTP/1.1\r\nHost: hooks.example.com\r\nX-Forwarded-For: 203.0.113.7\r\nX-Twice: 1\r\nX-Twice: 2\r\n" +
			"User-Agent: a sender/1\r\nContent-Type: application/json; charset=utf-8\r\nContent-Encoding: gzip\r\nConnection: close\r\n"
		zipped := gzipped(t, `{ "n" : 1.50, "a<b" : "\u00e9" }`)
		request += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(zipped), zipped)
		if got, body := statuses(t, p.address(), request); fmt.Sprint(got) != "[200]" {
			t.Fatalf("answered %v %s", got, body)
		}
		if status, text := p.call("POST", "api/requests/1/replay", ""); status != 200 || !strings.Contains(text, `{\"published\":1}`) {
			t.Fatalf("sending it again is answered %d %s", status, text)
		}
		if status, text := p.call("POST", "api/documents/1/replay", ""); status != 200 || !strings.Contains(text, `{\"published\":1}`) {
			t.Fatalf("sending its document again is answered %d %s", status, text)
		}
		p.stop()
		documents := rows(t, db, `SELECT json_remove(document, '$._meta.webhookId', '$._meta.receivedAt') FROM documents ORDER BY sequence`)
		if len(documents) != 3 || documents[0] != documents[1] || !strings.Contains(documents[0], "203.0.113.7, 127.0.0.1") {
			t.Errorf("captured %s", strings.Join(documents, "\n"))
		}
		var texts []string
		for _, document := range rows(t, db, `SELECT document FROM documents ORDER BY sequence`) {
			texts = append(texts, document[strings.Index(document, `, "n"`)+len(`, "n"`):])
		}
		if len(texts) != 3 || texts[2] != texts[0] {
			t.Errorf("the document's text becomes %q", texts)
		}
		var metas [3]struct {
			Meta struct {
				PathParams, Query map[string]string
				Headers           map[string]string
			} `json:"_meta"`
		}
		for i := range metas {
			if err := json.Unmarshal([]byte(documents[i]), &metas[i]); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"content-encoding", "content-length"} {
				delete(metas[i].Meta.Headers, name)
			}
		}
		if a, b := fmt.Sprint(metas[0]), fmt.Sprint(metas[2]); a != b {
			t.Errorf("the document's request is\n%s, not\n%s", b, a)
		}
	})
}

// The copied line sends a body that is not text, as it came.
func TestTheCopiedLineSendsWhatCame(t *testing.T) {
	for _, program := range []string{"curl", "base64", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			skip(t, "there is no %s here: no line is tried", program)
		}
	}
	const secret = "s3cret of the app"
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--console", "127.0.0.1:0", "--quiet", "--path", "/in/{id}", "--client-secret", secret, "--auth-token", "t0ken of mine")
	zipped := gzipped(t, `{"topic":"ping"}`)
	bodies := []string{"{\"a\":\"\u202e\u009b31m\x7f\"}\n", `{"a":"it's $HOME! \\ é"}`, zipped}
	for i, body := range bodies {
		headers := []string{"Authorization", "Bearer t0ken of mine", "X-Hub-Signature", signIntercom(secret, body), "X-Api-Key", "k3y of theirs", "X-Odd", "a\tb"}
		if body == zipped {
			headers = append(headers, "Content-Encoding", "gzip")
		}
		url := strings.Replace(p.url, "{id}", "a%2Fb%5B1%5D", 1) + "?x[]=%7b"
		if status, text, err := post(t.Context(), url, body, headers...); err != nil || status != 200 {
			t.Fatal(status, text, err)
		}
		_, text := p.call("GET", fmt.Sprintf("api/requests/%d", 2*i+1), "")
		var detail struct{ Curl string }
		if err := json.Unmarshal([]byte(text), &detail); err != nil || strings.ContainsFunc(detail.Curl, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e }) {
			t.Fatalf("%s, %v", text, err)
		}
		cmd := exec.Command("sh", "-c", detail.Curl)
		cmd.Env = append(os.Environ(), "AUTH_TOKEN=t0ken of mine", "CLIENT_SECRET="+secret, "HEADER_X_API_KEY=k3y of theirs")
		out, err := cmd.Output()
		if err != nil || string(out) != `{"published":1}` {
			t.Errorf("%s: %s, %v", detail.Curl, out, err)
		}
		if strings.Contains(detail.Curl, "k3y") || strings.Contains(detail.Curl, secret) || strings.Contains(detail.Curl, "t0ken") {
			t.Errorf("a secret is in %s", detail.Curl)
		}
	}
	p.stop()
	documents := rows(t, db, `SELECT json_remove(document, '$._meta.webhookId', '$._meta.receivedAt') FROM documents ORDER BY sequence`)
	if len(documents) != 2*len(bodies) {
		t.Fatalf("captured %s", documents)
	}
	for i := 0; i < len(documents); i += 2 {
		if documents[i] != documents[i+1] {
			t.Errorf("sent again is\n%s, not\n%s", documents[i+1], documents[i])
		}
	}
}
