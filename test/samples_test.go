package test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A manifest lists sample notifications of Intercom, with their signatures.
type manifest struct {
	ClientSecret string `json:"client_secret"`
	Files        map[string]struct {
		Topic     string
		ID        *string
		Signature string `json:"x_hub_signature"`
	}
}

func readManifest(t *testing.T) manifest {
	t.Helper()
	text, err := os.ReadFile("../intercom/samples/MANIFEST.json")
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil || len(m.Files) < 50 {
		t.Fatalf("%d samples, %v", len(m.Files), err)
	}
	return m
}

// readSample returns the body of a sample notification, which is what its signature is of.
func readSample(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("../intercom/samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// both runs a test over each codec.
func both(t *testing.T, test func(t *testing.T, codec string)) {
	for _, codec := range []string{"proto", "json"} {
		t.Run(codec, func(t *testing.T) { test(t, codec) })
	}
}

// openSession starts a session for a capture; the process is gone when the test ends.
func openSession(t *testing.T, codec, capture string, env ...string) (r *runtime, url string) {
	t.Helper()
	r, err := start(codec, true, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill(); r.wait() })
	if url, err = r.open(capture); err != nil {
		t.Fatal(err)
	}
	return r, url
}

// signIntercom signs a body as Intercom does, for X-Hub-Signature.
func signIntercom(secret, body string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha1=" + hex.EncodeToString(mac.Sum(nil))
}

// deliver posts a webhook, acknowledges it, and returns its documents; none if it is answered otherwise than 200.
func (r *runtime) deliver(t *testing.T, url, body string, headers ...string) (status int, documents []document) {
	t.Helper()
	type outcome struct {
		status int
		body   string
		err    error
	}
	done := make(chan outcome, 1)
	captured := make(chan []document, 1)
	go func() {
		var o outcome
		o.status, o.body, o.err = post(t.Context(), url, body, headers...)
		done <- o
	}()
	go func() {
		d, err := r.captured()
		if err == nil {
			err = r.acknowledge(1)
		}
		if err != nil {
			t.Error(err)
		}
		captured <- d
	}()
	documents = <-captured
	o := <-done
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.status, documents
}

func TestEverySampleIsVerifiedAndCaptured(t *testing.T) {
	m := readManifest(t)
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, `{"name":"acme/intercom","config":{"signatureConfig":{"provider":"intercom","clientSecret":"`+m.ClientSecret+`"}},
			"bindings":[{"resourceConfig":{"stream":"i","path":"/i"},"collection":{"name":"acme/i","key":["/_meta/webhookId"],"writeSchema":true}}]}`)
		for name, sample := range m.Files {
			body := readSample(t, name)
			status, documents := r.deliver(t, url+"/i", body, "X-Hub-Signature", sample.Signature)
			if status != http.StatusOK || len(documents) != 1 {
				t.Errorf("%s: answered %d, %d documents", name, status, len(documents))
				continue
			}
			var got map[string]json.RawMessage
			var meta struct{ WebhookID string }
			if err := json.Unmarshal(documents[0].Doc, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(got["_meta"], &meta); err != nil || sample.ID != nil && meta.WebhookID != *sample.ID || meta.WebhookID == "" {
				t.Errorf("%s: has the id %q, %v", name, meta.WebhookID, err)
			}
			if bytes.Contains(bytes.ToLower(got["_meta"]), []byte("signature")) {
				t.Errorf("%s: the signature is captured", name)
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, []byte(body)); err != nil {
				t.Fatal(err)
			}
			if again := compact.String(); again != body { // what another program would have written
				if status, _, err := post(t.Context(), url+"/i", again, "X-Hub-Signature", sample.Signature); status != http.StatusUnauthorized {
					t.Errorf("%s, serialized again: answered %d, %v", name, status, err)
				}
			}
			if strings.Contains(r.logged(), m.ClientSecret) {
				t.Errorf("%s: the secret is logged", name)
			}
		}
	})
}

// What the connector says has happened, by sample: the golden file, and the table of it in the docs.
func TestEverySampleSaysWhatHappened(t *testing.T) {
	m := readManifest(t)
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, `{"name":"acme/intercom","config":{"signatureConfig":{"provider":"intercom","clientSecret":"`+m.ClientSecret+`"}},
			"bindings":[{"resourceConfig":{"stream":"i","path":"/i"},"collection":{"name":"acme/i","key":["/_meta/webhookId"],"writeSchema":true}}]}`)
		var golden strings.Builder
		table := []string{"| topic | `objectType` | `objectId` | `operation` | `occurredAt` | `attempt` |", "|---|---|---|---|---|---|"}
		for _, name := range slices.Sorted(maps.Keys(m.Files)) {
			_, documents := r.deliver(t, url+"/i", readSample(t, name), "X-Hub-Signature", m.Files[name].Signature)
			var doc struct {
				Meta struct{ Event json.RawMessage } `json:"_meta"`
			}
			if err := json.Unmarshal(documents[0].Doc, &doc); err != nil {
				t.Fatal(err)
			}
			var e struct {
				Topic, ObjectType, ObjectID, Operation, OccurredAt string
				Attempt                                            int
			}
			if err := json.Unmarshal(doc.Meta.Event, &e); err != nil || e.Topic != m.Files[name].Topic {
				t.Errorf("%s: %s, %v", name, doc.Meta.Event, err)
			}
			fmt.Fprintf(&golden, "%s %s\n", name, doc.Meta.Event)
			if !strings.Contains(name, ".retry.") && !strings.Contains(name, ".v2_15.json") || e.Topic == "ticket.resolved" {
				table = append(table, fmt.Sprintf("| `%s` | %s | %s | %s | %s | %d |", e.Topic, e.ObjectType, e.ObjectID, e.Operation, e.OccurredAt, e.Attempt))
			}
		}
		compare(t, "testdata/events.txt", func(string) string { return golden.String() })
		compare(t, "../docs/topics.md", func(page string) string {
			const begin, end = "<!-- what every sample says: begin -->\n", "<!-- end -->"
			before, rest, found := strings.Cut(page, begin)
			_, after, closed := strings.Cut(rest, end)
			if !found || !closed {
				t.Fatalf("the page lacks %s%s", begin, end)
			}
			return before + begin + strings.Join(table, "\n") + "\n" + end + after
		})
	})
}

// compare holds a file to what it should be; with -update it becomes so.
func compare(t *testing.T, file string, want func(got string) string) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	text := want(string(got))
	switch {
	case text == string(got):
	case *update:
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is stale; go test ./test -update writes it anew", file)
	}
}

// families are the collections of the discovered bindings, by what a sample's topic begins with.
var families = map[string]string{
	"conversation": "conversations", "conversation_part": "conversations",
	"contact": "contacts", "user": "contacts", "visitor": "contacts", "granular": "contacts",
	"company": "companies", "ticket": "tickets", "admin": "admins", "article": "articles",
	"call": "calls", "content_stat": "content_stats", "event": "events", "job": "jobs",
}

// Everything that send knows ends in preview's database, a row each, in the collection of its object.
func TestSendAllAgainstPreview(t *testing.T) {
	m := readManifest(t)
	catalog := filepath.Join(t.TempDir(), "flow.yaml")
	text := "captures: {acmeCo/intercom: {endpoint: {local: {command: [x], config: {paths: [/intercom], collections: object}}}, bindings: []}}\n"
	if err := os.WriteFile(catalog, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--source", catalog, "--client-secret", "s3cret", "--quiet")
	url := p.url[:strings.LastIndexByte(p.url, '/')] + "/intercom"
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(file, "send", "--all", "--url", url, "--client-secret", "s3cret", "--concurrency", "4", "--workspace", "w-1").CombinedOutput()
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("%d sent, %[1]d answered 200", len(m.Files))) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := exec.Command(file, "send", "--url", url, "--client-secret", "wrong", "--count", "2").CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "2 of 2 were not answered 200") {
		t.Errorf("%v: %s", err, out)
	}
	p.stop()
	want := map[string]int{}
	for _, sample := range m.Files {
		first, _, _ := strings.Cut(sample.Topic, ".")
		want[strings.TrimSuffix("preview/intercom/"+families[first], "/")]++
	}
	got := map[string]int{}
	for _, collection := range rows(t, db, `SELECT collection FROM documents WHERE document ->> '$._meta.event.workspaceId' = 'w-1'`) {
		got[collection]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("rows are %v, not %v", got, want)
	}
	if ids := rows(t, db, `SELECT DISTINCT key FROM documents`); len(ids) != len(m.Files) {
		t.Errorf("%d keys of %d samples", len(ids), len(m.Files))
	}
}

func TestSendListsEveryTopic(t *testing.T) {
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(file, "send", "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range readManifest(t).Files {
		if !strings.Contains(string(out), "\n"+sample.Topic+" ") {
			t.Errorf("%s is not listed", sample.Topic)
		}
	}
}
