package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const xConfig = `{"provider":"custom","publicKey":"k","signatureHeader":"x-twitter-webhooks-signature","signatureEncoding":"base64","signaturePrefix":"sha256="}`

const azure = `[{"id":"1","topic":"/subscriptions/x","data":{"validationCode":"512d38b6-c7b8","validationUrl":"https://rp.example"},"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent"}]`

// asked is a handshake, and its answer: "status kind text header=value".
var asked = []struct {
	config, method, target, header, body string
	authentic                            bool
	want                                 string // empty for none
}{
	{``, "HEAD", "/", "", "", false, "200  "},
	{``, "GET", "/", "X-Okta-Verification-Challenge: a\"<", "", false, `200 application/json {"verification":"a\"\u003c"}`},
	{``, "GET", "/?challenge=abc%20d", "", "", false, "200 text/plain; charset=utf-8 abc d"},
	{``, "GET", "/?challenge=%3Cscript%3E", "", "", false, "200 text/plain; charset=utf-8 <script>"},
	{``, "GET", "/?challenge=", "", "", false, ""},
	{``, "GET", "/?challenge=a%0Ab", "", "", false, "400  "},
	{``, "GET", "/?challenge=%C3%A9", "", "", false, "400  "},
	{``, "GET", "/?challenge=" + strings.Repeat("a", 1024), "", "", false, "200 text/plain; charset=utf-8 " + strings.Repeat("a", 1024)},
	{``, "GET", "/?challenge=" + strings.Repeat("a", 1025), "", "", false, "400  "},
	{``, "PUT", "/?challenge=a", "", "", false, ""},
	{``, "GET", "/", "User-Agent: MailChimp.com WebHook Validator", "", false, "200 text/plain; charset=utf-8 "},
	{``, "GET", "/", "User-Agent: curl/8", "", false, ""},
	{``, "OPTIONS", "/", "WebHook-Request-Origin: eventgrid.azure.net", "", false, "200   WebHook-Allowed-Origin=eventgrid.azure.net WebHook-Allowed-Rate=* Allow=POST, PUT, HEAD, OPTIONS"},
	{``, "OPTIONS", "/", "WebHook-Request-Origin: a.example\nWebHook-Request-Rate: 120", "", false, "200   WebHook-Allowed-Origin=a.example WebHook-Allowed-Rate=120 Allow=POST, PUT, HEAD, OPTIONS"},
	{``, "OPTIONS", "/", "WebHook-Request-Origin: a.example\nWebHook-Request-Rate: many", "", false, "200   WebHook-Allowed-Origin=a.example WebHook-Allowed-Rate=* Allow=POST, PUT, HEAD, OPTIONS"},
	{``, "OPTIONS", "/", "", "", false, ""},
	{``, "POST", "/?validationToken=Validation%3A+Testing+client", "", "", false, "200 text/plain; charset=utf-8 Validation: Testing client"},
	{``, "POST", "/?validationToken=a", "", `{"value":[]}`, false, ""},
	{``, "POST", "/", "X-Hook-Secret: b537207f", "", false, "200   X-Hook-Secret=b537207f"},
	{``, "POST", "/", "X-Hook-Secret: b537207f", " {} ", false, "200   X-Hook-Secret=b537207f"},
	{``, "POST", "/", "X-Hook-Secret: b537207f", `{"events":[]}`, false, ""},
	{``, "POST", "/", "", azure, true, `200 application/json {"validationResponse":"512d38b6-c7b8"}`},
	{``, "POST", "/", "", azure, false, ""},
	{``, "POST", "/", "", azure[:len(azure)-1] + `,{"eventType":"Microsoft.Storage.BlobCreated"}]`, true, ""},
	{``, "POST", "/", "", strings.Trim(azure, "[]"), true, ""},
	{``, "POST", "/", "", strings.Replace(azure, "Validation", "Deletion", 1), true, ""},
	{``, "POST", "/", "", `{"challenge":"3eZbrw1a"}`, true, `200 application/json {"challenge":"3eZbrw1a"}`},
	{``, "POST", "/", "", `{"challenge":"3eZbrw1a"}`, false, ""},
	{``, "POST", "/", "", `{"challenge":"3eZbrw1a","event":{"type":"update"}}`, true, ""},
	{``, "POST", "/", "", `{"challenge":{"a":1}}`, true, ""},
	{``, "POST", "/", "", `{"challenge":5}`, true, ""},
	{``, "POST", "/", "", `[{"challenge":"a"}]`, true, ""},
	{``, "POST", "/", "", `{"challenge":"é"}`, true, ""},
	{``, "POST", "/", "", `{"challenge":"` + strings.Repeat("a", 1025) + `"}`, true, ""},
	{``, "POST", "/", "", `challenge`, true, ""},
	{`{"provider":"github","secret":"k"}`, "POST", "/", "", `{"challenge":"3eZbrw1a"}`, true, ""},
	{`{"provider":"github","secret":"k"}`, "POST", "/", "", azure, true, ""},
	{`{"provider":"github","secret":"k"}`, "GET", "/?challenge=a", "", "", false, "200 text/plain; charset=utf-8 a"},
	{`{"provider":"meta","secret":"k","verifyToken":" vt "}`, "GET", "/?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=vt", "", "", false, "200 text/plain; charset=utf-8 1158201444"},
	{`{"provider":"meta","secret":"k","verifyToken":"vt"}`, "GET", "/?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=v", "", "", false, "403  "},
	{`{"provider":"meta","secret":"k","verifyToken":"vt"}`, "GET", "/?hub.mode=subscribe&hub.challenge=1158201444", "", "", false, "403  "},
	{`{"provider":"meta","secret":"k","verifyToken":"vt"}`, "GET", "/?hub.mode=subscribe&hub.challenge=a%00&hub.verify_token=vt", "", "", false, "400  "},
	{`{"provider":"meta","secret":"k"}`, "GET", "/?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=", "", "", false, "403  "},
	{`{"provider":"meta","secret":"k","verifyToken":"vt"}`, "GET", "/?hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=vt", "", "", false, ""},
	{``, "GET", "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=vt", "", "", false, ""},
	{xConfig, "GET", "/?crc_token=MTg5MTkyNzY&nonce=x", "", "", false, `200 application/json {"response_token":"sha256=` + crcOf("k", "MTg5MTkyNzY") + `"}`},
	{xConfig, "GET", "/?crc_token=%7B%22a%22%3A1%7D", "", "", false, "400  "}, // a body that a stranger would like signed
	{``, "GET", "/?crc_token=a", "", "", false, ""},
	{`{"provider":"github","secret":"k"}`, "GET", "/?crc_token=a", "", "", false, ""},
	{`{"provider":"custom","publicKey":"k","signatureHeader":"X-Sig"}`, "GET", "/?crc_token=a", "", "", false, ""},
	// printf qgg8vlvZRS6UYooatFL8Aw | openssl dgst -sha256 -hmac secret
	{`{"provider":"zoom","publicKey":"secret"}`, "POST", "/", "", `{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1}`, true,
		`200 application/json {"encryptedToken":"72cef096bfd47c0b8664df30d07721641e4abd7e885ba432204260db477a9a3e","plainToken":"qgg8vlvZRS6UYooatFL8Aw"}`},
	{`{"provider":"zoom","publicKey":"secret"}`, "POST", "/", "", `{"event":"endpoint.url_validation","payload":{"plainToken":"v0:1:{}"}}`, true, ""},
	{`{"provider":"zoom","publicKey":"secret"}`, "POST", "/", "", `{"event":"endpoint.url_validation","payload":{"plainToken":"q"}}`, false, ""},
	{`{"provider":"zoom","publicKey":"secret"}`, "POST", "/", "", `{"event":"meeting.started"}`, true, ""},
	{`{"provider":"slack","secret":"secret"}`, "POST", "/", "", `{"token":"x","challenge":"3eZbrw1a","type":"url_verification"}`, true, `200 application/json {"challenge":"3eZbrw1a"}`},
	{`{"provider":"slack","secret":"secret"}`, "POST", "/", "", `{"text":"url_verification"}`, true, ""},
	{`{"provider":"slack","secret":"secret"}`, "POST", "/", "", `url_verification`, true, ""},
	{`{"provider":"slack","secret":"secret"}`, "POST", "/", "", `{"challenge":"a"}`, true, ""},
}

func crcOf(key, token string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(token))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func TestHandshakesAreAnsweredByTheirRows(t *testing.T) {
	for _, c := range asked {
		s := parse(t, c.config)
		r := httptest.NewRequest(c.method, c.target, nil)
		for line := range strings.Lines(c.header) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			r.Header.Add(name, value)
		}
		got := ""
		if a := s.Answer(r, []byte(c.body), c.authentic); a != nil {
			got = strings.Join([]string{http.StatusText(a.Status), a.Kind, a.Text}, " ")
			got = strings.NewReplacer("OK", "200", "Forbidden", "403", "Bad Request", "400").Replace(got)
			for _, line := range a.Header {
				got += " " + line[0] + "=" + line[1]
			}
			if (a.Status == http.StatusOK) != (a.Reason == "") || a.Sender == "" {
				t.Errorf("%+v: %+v", c, a)
			}
		}
		if got != c.want {
			t.Errorf("%+v:\ngot  %q", c, got)
		}
	}
}

// Who has X's challenge signed can not use it as the signature of a webhook.
func TestAChallengeIsNoWebhook(t *testing.T) {
	s := parse(t, xConfig)
	sign := func(body string) http.Header {
		return http.Header{"X-Twitter-Webhooks-Signature": {"sha256=" + crcOf("k", body)}}
	}
	if err := s.verify(sign(`{"a":1}`), time.Now(), []byte(`{"a":1}`)); err != nil {
		t.Error(err)
	}
	for _, body := range []string{"abc", "a=b", "1", "true"} {
		if a := s.Answer(httptest.NewRequest("GET", "/?crc_token="+body, nil), nil, false); a == nil || a.Status != http.StatusOK {
			t.Errorf("%s is not answered", body)
		}
		if err := s.verify(sign(body), time.Now(), []byte(body)); err == nil || !strings.Contains(err.Error(), "challenge") {
			t.Errorf("%s: %v", body, err)
		}
	}
}
