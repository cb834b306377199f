package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// Preview keeps what is refused for its content, shows why, and sends it again as it came.
func TestPreviewKeepsWhatIsRefusedForItsContent(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--console", "127.0.0.1:0", "--quiet")
	for i, c := range []struct {
		body, reason string
		headers      []string
	}{
		{"no JSON", "not JSON", []string{"Content-Type", "text/plain", "X-Kind", "text"}},
		{"\xff\x00", "not JSON", []string{"Content-Type", "application/octet-stream"}},
		{"a=%zz", "no form", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"\x1f\x8b", "gzip", []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}},
	} {
		status, answer, err := post(t.Context(), p.url+"?q=1", c.body, c.headers...)
		if err != nil || status != http.StatusOK || !strings.Contains(answer, `"refused":"`) || !strings.Contains(answer, c.reason) {
			t.Fatalf("%q: %d %s, %v", c.body, status, answer, err)
		}
		document := rows(t, db, `SELECT document FROM "preview/refused" ORDER BY sequence DESC LIMIT 1`)[0]
		sequence := rows(t, db, `SELECT max(sequence) FROM documents`)[0]
		status, answer, err = post(t.Context(), p.console()+fmt.Sprintf("api/documents/%s/replay", sequence), "")
		if err != nil || status != http.StatusOK || !strings.Contains(answer, `refused`) {
			t.Fatalf("%q: replayed with %d %s, %v", c.body, status, answer, err)
		}
		again := rows(t, db, `SELECT document FROM "preview/refused" ORDER BY sequence DESC LIMIT 1`)[0]
		if rows(t, db, `SELECT count(*) FROM documents`)[0] != fmt.Sprint(2*i+2) || alike(t, document) != alike(t, again) {
			t.Errorf("%q: %s became %s", c.body, document, again)
		}
		if lines := p.firstRequests(); lines[len(lines)-1]["error"] == nil || !strings.Contains(lines[len(lines)-1]["error"].(string), c.reason) {
			t.Errorf("%q: the console shows %v", c.body, lines[len(lines)-1])
		}
	}
	p.stop()
}

// alike returns a document without what differs between one and the same that is sent again.
func alike(t *testing.T, document string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(document), &members); err != nil {
		t.Fatal(err)
	}
	meta := members["_meta"].(map[string]any)
	delete(meta, "webhookId")
	delete(meta, "receivedAt")
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
