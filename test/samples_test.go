package test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
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
func openSession(t *testing.T, codec, capture string) (r *runtime, url string) {
	t.Helper()
	r, err := start(codec, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill(); r.wait() })
	if url, err = r.open(capture); err != nil {
		t.Fatal(err)
	}
	return r, url
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
