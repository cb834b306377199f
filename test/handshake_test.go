package test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// x is how X's webhooks are configured.
const x = `"provider":"custom","publicKey":"k","signatureHeader":"X-Twitter-Webhooks-Signature","signatureEncoding":"base64","signaturePrefix":"sha256="`

// A sender asks whether a URL takes its webhooks. Header lists are name, value.
var handshakes = []struct {
	sender, config, method, target, body string
	headers                              []string
	status                               int
	kind, answer                         string
	answered                             []string // headers
}{
	{"Intercom, Trello, Mailchimp", ``, "HEAD", "", "", nil, 200, "", "", nil},
	{"Okta", ``, "GET", "", "", []string{"X-Okta-Verification-Challenge", "My verification challenge"}, 200, "application/json", `{"verification":"My verification challenge"}`, nil},
	{"Meta", `"provider":"meta","secret":"k","verifyToken":"meatyhamhock"`, "GET", "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock", "", nil,
		200, "text/plain; charset=utf-8", "1158201444", nil},
	{"Meta", `"provider":"meta","secret":"k","verifyToken":"meatyhamhock"`, "GET", "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=ham", "", nil,
		403, "application/json", `{"error":"a handshake of Meta: hub.verify_token is not the verifyToken that is configured","code":"forbidden"}`, nil},
	// printf MTg5MTkyNzY | openssl dgst -sha256 -hmac k -binary | openssl base64
	{"X", x, "GET", "?crc_token=MTg5MTkyNzY", "", nil, 200, "application/json", `{"response_token":"sha256=I2odPeV1AT10SUO6wxiLmx5OiMF2MZrBoMzsRJKwGEc="}`, nil},
	{"X", x, "GET", "?crc_token=%7B%22forged%22%3A1%7D", "", nil, 400, "application/json", `{"error":"a handshake of X: crc_token is not a challenge: at most 1024 printable characters are answered","code":"bad_request"}`, nil},
	{"Dropbox", ``, "GET", "?challenge=abc%3Cb%3E", "", nil, 200, "text/plain; charset=utf-8", "abc<b>", nil},
	{"Mailchimp", ``, "GET", "?key=1", "", []string{"User-Agent", "MailChimp.com WebHook Validator"}, 200, "text/plain; charset=utf-8", "", nil},
	{"CloudEvents", ``, "OPTIONS", "", "", []string{"WebHook-Request-Origin", "eventgrid.azure.net", "WebHook-Request-Rate", "120"},
		200, "", "", []string{"WebHook-Allowed-Origin", "eventgrid.azure.net", "WebHook-Allowed-Rate", "120", "Allow", "POST, PUT, HEAD, OPTIONS"}},
	{"Microsoft Graph", ``, "POST", "?validationToken=Validation%3A+Testing+client+application", "", []string{"Content-Type", "text/plain; charset=utf-8"},
		200, "text/plain; charset=utf-8", "Validation: Testing client application", nil},
	{"Asana", `"provider":"custom","publicKey":"k","signatureHeader":"X-Hook-Signature"`, "POST", "", "{}", []string{"X-Hook-Secret", "b537207f20cbfa02"},
		200, "", "", []string{"X-Hook-Secret", "b537207f20cbfa02"}},
	{"Azure Event Grid", ``, "POST", "", `[{"id":"2d1781af","topic":"/subscriptions/x","subject":"","data":{"validationCode":"512d38b6-c7b8-40c8","validationUrl":"https://rp.example"},` +
		`"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","eventTime":"2026-01-25T22:12:19Z","metadataVersion":"1","dataVersion":"1"}]`, nil,
		200, "application/json", `{"validationResponse":"512d38b6-c7b8-40c8"}`, nil},
	{"monday", ``, "POST", "", `{"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}`, nil,
		200, "application/json", `{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}`, nil},
}

func TestHandshakesAreAnsweredCountedAndNotCaptured(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		for _, c := range handshakes {
			t.Run(c.sender, func(t *testing.T) {
				config := `"signatureConfig":{` + strings.TrimPrefix(c.config+`,"unknown":1}`, ",")
				if c.config == "" {
					config = `"commitTimeout":30`
				}
				r, url, metrics := observed(t, codec, takenPort(t), `{"name":"acme/hooks","config":{`+config+`},"bindings":[
					{"resourceConfig":{"stream":"in","path":"/in"},"collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":true}}]}`)
				var captured int
				go r.acknowledgeEach(func(d []document) { captured += len(d) })
				req, err := http.NewRequest(c.method, url+"/in"+c.target, strings.NewReader(c.body))
				if err != nil {
					t.Fatal(err)
				}
				for pair := range slices.Chunk(c.headers, 2) {
					req.Header.Set(pair[0], pair[1])
				}
				resp, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				text, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != c.status || string(text) != c.answer || resp.Header.Get("Content-Type") != c.kind || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("answered %d %s %v, %v", resp.StatusCode, text, resp.Header, err)
				}
				for pair := range slices.Chunk(c.answered, 2) {
					if got := resp.Header.Get(pair[0]); got != pair[1] {
						t.Errorf("%s is %q, want %q", pair[0], got, pair[1])
					}
				}
				counted := `webhook_requests_total{path="/in",status="` + resp.Status[:3] + `"} 1`
				if c.status == http.StatusOK {
					counted = `webhook_handshakes_total{sender="` + c.sender + `"} 1`
				}
				if _, page := fetch(t, metrics+"/metrics"); !strings.Contains(page, counted) {
					t.Errorf("%s is not counted", counted)
				}
				if c.method != "HEAD" {
					if _, err := r.waitLog(func(f map[string]any) bool { return strings.Contains(fmt.Sprint(f), "handshake") }); err != nil {
						t.Error(err)
					}
				}
				if log := r.logged(); strings.Contains(log, "b537207f") || strings.Contains(log, "meatyhamhock") {
					t.Errorf("logged %s", log)
				}
				r.in.Close()
				if r.wait(); captured != 0 {
					t.Errorf("%d documents are captured", captured)
				}
			})
		}
	})
}

// What only looks like a handshake is a webhook.
func TestWebhooksAreNeverTakenForHandshakes(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, `{"name":"acme/hooks","config":{},"bindings":[
			{"resourceConfig":{"stream":"in","path":"/in"},"collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":true}}]}`)
		documents := make(chan document, 10)
		go r.acknowledgeEach(func(all []document) {
			for _, d := range all {
				documents <- d
			}
		})
		for _, c := range []struct {
			target, body string
			headers      []string
		}{
			{"/in?validationToken=a", `{"value":[{"id":"1"}]}`, nil},
			{"/in", `{"events":[{"action":"changed"}]}`, []string{"X-Hook-Secret", "b537207f20cbfa02"}},
			{"/in", `{"challenge":"a","event":{"type":"update_column_value"}}`, nil},
			{"/in", `{"challenge":{"id":1}}`, nil},
			{"/in", `{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"a"}}`, nil},
			{"/in?challenge=a&crc_token=b&hub.challenge=c", `{"a":1}`, nil},
			{"/in", `{"type":"url_verification","challenge":"a"}`, nil}, // not from Slack, as far as is configured
		} {
			if status, answer, err := post(t.Context(), url+c.target, c.body, c.headers...); err != nil || status != 200 || answer != `{"published":1}` {
				t.Errorf("%s %s: %d %s, %v", c.target, c.body, status, answer, err)
				continue
			}
			if d := <-documents; strings.Contains(string(d.Doc), "b537207f") || !strings.Contains(string(d.Doc), c.body[1:]) {
				t.Errorf("%s became %s", c.body, d.Doc)
			}
		}
	})
}

// Where a token is required, a handshake of a body comes after it, as a webhook does; Okta asks without one.
func TestHandshakesOfBodiesComeAfterTheToken(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		_, url := openSession(t, codec, `{"name":"acme/hooks","config":{"requireAuthToken":"t0ken"},"bindings":[
			{"resourceConfig":{"stream":"in","path":"/in"},"collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":true}}]}`)
		for _, c := range []struct {
			headers []string
			status  int
		}{{nil, 401}, {[]string{"Authorization", "Bearer other"}, 403}, {[]string{"Authorization", "Bearer t0ken"}, 200}} {
			if status, answer, err := post(t.Context(), url+"/in", `{"challenge":"a"}`, c.headers...); err != nil || status != c.status {
				t.Errorf("%v: %d %s, %v", c.headers, status, answer, err)
			}
		}
	})
}
