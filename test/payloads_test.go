package test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A payload is a body in a shape that Intercom has sent, documents, or may come to send, and what is right of it.
type payload struct {
	File        string
	Signature   string // hub and body are Intercom's
	Status      int
	Collections []string // one for each of its documents
	WebhookID   string   // empty for one that is the sender's text, or new
	Events      []json.RawMessage
}

func readPayloads(t *testing.T) (payloads []payload) {
	t.Helper()
	text, err := os.ReadFile("payloads/MANIFEST.json")
	if err == nil {
		err = json.Unmarshal(text, &payloads)
	}
	if files, _ := filepath.Glob("payloads/*.json"); err != nil || len(payloads) != len(files)-1 {
		t.Fatalf("%d payloads of %d files, %v", len(payloads), len(files), err)
	}
	return payloads
}

// discovered returns a capture with all the bindings that are discovered for a configuration, and the last part of the
// name of each one's collection.
func discovered(t *testing.T, r *runtime, config string) (capture string, names []string) {
	t.Helper()
	text, err := r.ask(`{"discover":{"config":` + config + `}}`)
	var response struct {
		Discovered struct {
			Bindings []struct {
				RecommendedName                string
				ResourceConfig, DocumentSchema json.RawMessage
				Key                            json.RawMessage
			}
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &response)
	}
	if err != nil {
		t.Fatal(err)
	}
	var bindings []string
	for _, b := range response.Discovered.Bindings {
		name := b.RecommendedName[strings.LastIndexByte(b.RecommendedName, '/')+1:]
		names = append(names, name)
		bindings = append(bindings, fmt.Sprintf(`{"resourceConfig":%s,"collection":{"name":"acme/%s","key":%s,"writeSchema":%s}}`,
			b.ResourceConfig, name, b.Key, b.DocumentSchema))
	}
	return `{"name":"acme/intercom","config":` + config + `,"bindings":[` + strings.Join(bindings, ",") + `]}`, names
}

// Every shape gives the right event, in the collection of its object.
func TestEveryPayloadSaysWhatHappened(t *testing.T) {
	const secret = "3c7b1f5e-9a42-4d0e-8a55-2f1c6d7e8b90"
	payloads := readPayloads(t)
	both(t, func(t *testing.T, codec string) {
		r, err := start(codec, true)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.cmd.Process.Kill(); r.wait() })
		capture, collections := discovered(t, r,
			`{"paths":["/rest"],"collections":"object","signatureConfig":{"provider":"intercom","clientSecret":"`+secret+`"}}`)
		url, err := r.open(capture)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range payloads {
			text, err := os.ReadFile(filepath.Join("payloads", p.File))
			if err != nil {
				t.Fatal(err)
			}
			body := string(text)
			header := "X-Hub-Signature"
			value := signIntercom(secret, body)
			if p.Signature == "body" {
				mac := hmac.New(sha256.New, []byte(secret))
				mac.Write(text)
				header, value = "X-Body-Signature", hex.EncodeToString(mac.Sum(nil))
			}
			if p.Status != http.StatusOK {
				if status, _, err := post(t.Context(), url+"/rest", body, "X-Fin-Agent-API-Webhook-Signature", value); status != p.Status {
					t.Errorf("%s: answered %d, %v", p.File, status, err)
				}
				continue
			}
			status, documents := r.deliver(t, url+"/rest", body, header, value)
			if status != p.Status || len(documents) != len(p.Events) {
				t.Errorf("%s: answered %d, %d documents", p.File, status, len(documents))
				continue
			}
			for i, d := range documents {
				p.check(t, i, collections[d.Binding], d.Doc)
			}
		}
	})
}

// check holds a document of the payload to what is right of it.
func (p payload) check(t *testing.T, i int, collection string, doc []byte) {
	var got struct {
		Meta struct {
			WebhookID string
			Event     json.RawMessage
		} `json:"_meta"`
	}
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if collection != p.Collections[i] {
		t.Errorf("%s: goes to %s, not %s", p.File, collection, p.Collections[i])
	}
	if got.Meta.WebhookID == "" || p.WebhookID != "" && got.Meta.WebhookID != p.WebhookID {
		t.Errorf("%s: has the id %q", p.File, got.Meta.WebhookID)
	}
	if !sameJSON(t, got.Meta.Event, p.Events[i]) {
		t.Errorf("%s: says %s, not %s", p.File, got.Meta.Event, p.Events[i])
	}
}

// sameJSON compares two objects, whatever the order of their members.
func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var texts [2]string
	for i, text := range [][]byte{a, b} {
		var v map[string]json.RawMessage
		if err := json.Unmarshal(text, &v); err != nil {
			return false
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(again)
	}
	return texts[0] == texts[1]
}

// Names that senders choose are kept in part, and told apart up to a number, whatever comes.
func TestNamesOfSendersAreBounded(t *testing.T) {
	const many, long = 600, 64 << 10
	notifications := func(member string) string {
		list := make([]string, many)
		for i := range list {
			name := fmt.Sprintf("t%d", i)
			if i%20 == 0 {
				name += strings.Repeat("\u00fc", long) // cut between its bytes, it would be no text
			}
			list[i] = fmt.Sprintf(`{%q:%q}`, member, name)
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	port := takenPort(t)
	both(t, func(t *testing.T, codec string) {
		r, url, metrics := observed(t, codec, port, `{"name":"acme/i","config":{"workspaces":["ours"]},"bindings":[
			{"resourceConfig":{"stream":"i","path":"/i","topics":["nothing"]},"collection":{"name":"acme/i","key":["/_meta/webhookId"],"writeSchema":true}}]}`)
		for _, member := range []string{"topic", "app_id"} {
			status, answer, err := post(t.Context(), url+"/i", notifications(member))
			if err != nil || status != http.StatusOK {
				t.Fatalf("answered %d %s, %v", status, answer, err)
			}
		}
		if status, answer, err := post(t.Context(), url+"/"+strings.Repeat("p", long/2), "{}"); status != http.StatusNotFound || len(answer) > 1<<10 {
			t.Errorf("answered %d, %d bytes, %v", status, len(answer), err)
		}
		if _, err := r.waitLog(func(fields map[string]any) bool { return fields["status"] == 404.0 }); err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(r.logged(), "\n") {
			if len(line) > 4<<10 {
				t.Errorf("a log line of %d bytes: %.200s", len(line), line)
			}
		}
		_, text := fetch(t, metrics+"/metrics")
		if kept := strings.Count(text, "\nintercom_notifications_total{"); kept < 100 || kept > 300 {
			t.Errorf("there are series of %d topics", kept)
		}
		if !strings.Contains(text, "\nintercom_notifications_total{topic=\"other\"} ") || len(text) > 128<<10 {
			t.Errorf("%d bytes of metrics", len(text))
		}
		if err := r.in.Close(); err != nil {
			t.Fatal(err)
		}
		last, err := r.waitLog(func(fields map[string]any) bool { return fields["dropped"] != nil })
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		dropped := last["dropped"].(map[string]any)
		for kind, n := range dropped {
			total += n.(float64)
			if len(kind) > 1<<10 {
				t.Errorf("a kind of %d bytes", len(kind))
			}
		}
		if total != 2*many || len(dropped) > 300 || dropped["of further kinds"] == nil {
			t.Errorf("%v dropped, of %d kinds", total, len(dropped))
		}
	})
}
