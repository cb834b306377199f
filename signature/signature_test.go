package signature

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// A vector is a signed request.
type vector struct {
	Config  json.RawMessage
	Headers map[string]string
	At      int64
	Body    string
}

func (v vector) header() http.Header {
	h := http.Header{}
	for name, value := range v.Headers {
		h.Set(name, value)
	}
	return h
}

// vectors are those of testdata/vectors.sh and, below, those that providers publish.
func vectors(t testing.TB) []vector {
	t.Helper()
	f, err := os.Open("testdata/vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := slices.Clone(published)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

const (
	intercomConfigText = `{"provider":"intercom","clientSecret":"3c7b1f5e-9a42-4d0e-8a55-2f1c6d7e8b90"}`
	ping               = `{"type":"notification_event","app_id":"a86dr8yl","data":{"type":"notification_event_data","item":{"type":"ping","message":"something something interzen"}},"links":{},"id":null,"topic":"ping","delivery_status":null,"delivery_attempts":1,"delivered_at":0,"first_sent_at":1767225600,"created_at":1767225600,"self":null}`
	replied            = `{"type":"notification_event","id":"notif_5d0f3a1e-6f0b-4c57-9c7a-0a4b2c9d1e22","topic":"conversation.user.replied","data":{"item":{"type":"conversation","id":"1","body":"<p>Grüße & \u201cok\u201d 👍</p>"}}}`
)

// published vectors: Intercom's of the project's fact sheet, GitHub's and Slack's of the pages that their files name.
var published = []vector{
	{json.RawMessage(intercomConfigText), map[string]string{"X-Hub-Signature": "sha1=ce51e75025276ae19f79f60cbd3fcd7c2b44f52a"}, 0, ping},
	{json.RawMessage(intercomConfigText), map[string]string{"X-Body-Signature": "962061856ed95b99927f5548e63af85949155915e0566085cfcd338394cf82e4"}, 0, ping},
	{json.RawMessage(intercomConfigText), map[string]string{"X-Hub-Signature": "sha1=b1105e5c4e1c9655f1b19f35e778168a2a46d955"}, 0, replied},
	{json.RawMessage(intercomConfigText), map[string]string{"X-Hub-Signature": "sha1=b2567c4b5ee562658817466ddf52c98ed75d6504"}, 0, `{}`},
	{json.RawMessage(`{"provider":"github","secret":"It's a Secret to Everybody"}`),
		map[string]string{"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}, 0, "Hello, World!"},
	{json.RawMessage(`{"provider":"slack","secret":"8f742231b10e8888abcd99yyyzzz85a5"}`),
		map[string]string{"X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503", "X-Slack-Request-Timestamp": "1531420618"}, 1531420618,
		"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"},
}

// verify asks of a request with these headers, as it was posted to /hook.
func (s *Scheme) verify(h http.Header, now time.Time, bodies ...[]byte) error {
	return s.Verify(&http.Request{Method: http.MethodPost, Host: "hooks.example.com", RequestURI: "/hook?a=b%20c&to=a%40b", Header: h}, now, bodies...)
}

func parse(t testing.TB, config string) *Scheme {
	t.Helper()
	s, err := Parse([]byte(config))
	if err != nil {
		t.Fatalf("%s: %v", config, err)
	}
	return s
}

func TestVectorsVerify(t *testing.T) {
	for _, v := range vectors(t) {
		s := parse(t, string(v.Config))
		if err := s.verify(v.header(), time.Unix(v.At, 0), []byte(v.Body)); err != nil {
			t.Errorf("%s %v: %v", v.Config, v.Headers, err)
		}
		if err := s.verify(v.header(), time.Unix(v.At, 0), []byte("decompressed"), []byte(v.Body)); err != nil {
			t.Errorf("%s, the body as sent: %v", v.Config, err)
		}
	}
}

func TestAnythingElseDoesNotVerify(t *testing.T) {
	for _, v := range vectors(t) {
		s, now := parse(t, string(v.Config)), time.Unix(v.At, 0)
		refused := func(what string, h http.Header, body string) {
			t.Helper()
			var wrong *Error
			err := s.verify(h, now, []byte(body))
			if !errors.As(err, &wrong) || h.Get("X-Hub-Signature") == "" && wrong.Header == "" {
				t.Errorf("%s: %s is accepted or without a reason: %v", v.Config, what, err)
			}
		}
		refused("a body with a newline", v.header(), v.Body+"\n")
		refused("an empty body", v.header(), "")
		refused("no body", v.header(), "null")
		refused("no header", http.Header{}, v.Body)
		for name, value := range v.Headers {
			for what, changed := range map[string]string{"nothing": "", "junk": "junk", "half": value[:len(value)/2], "other": strings.Map(rotate, value)} {
				h := v.header()
				h.Set(name, changed)
				refused(name+" with "+what, h, v.Body)
			}
		}
	}
	s := parse(t, intercomConfigText)
	if err := s.verify(http.Header{"X-Hub-Signature": {"sha1=e6b7d2602a3d98662d4f673946d3e1b983eccb7d"}}, time.Now(), []byte{}); err != nil {
		t.Errorf("an empty body that is rightly signed: %v", err)
	}
	for _, value := range []string{ // of re-serialized bodies, another secret, and of no body
		"sha1=3a18d37c812a888a45bfb02908a6cef0730d23ba", "sha1=309e7761a99a34d0e160d7daf9b06838a80ce302", "sha1=db987177147955901df81c239dc50eb9dac510de",
		"sha1=ca88dce28fa6c510575d78b5c4f27d43293b0b52", "sha1=", "b1105e5c4e1c9655f1b19f35e778168a2a46d955",
	} {
		for _, body := range []string{replied, ping, ""} {
			if s.verify(http.Header{"X-Hub-Signature": {value}}, time.Now(), []byte(body)) == nil {
				t.Errorf("%s verifies %q", value, body)
			}
		}
	}
}

// rotate changes digits and letters, and keeps the form.
func rotate(r rune) rune {
	switch {
	case r >= '0' && r < '9' || r >= 'a' && r < 'f':
		return r + 1
	case r == '9':
		return '0'
	}
	return r
}

func TestConfigurationErrorsNameFieldAndCure(t *testing.T) {
	for config, want := range map[string]string{
		`"intercom"`:                "it must be an object",
		`{}`:                        "provider is missing; choose one of none, intercom,",
		`{"provider":"unheard-of"}`: `provider "unheard-of" is unknown; choose one of`,
		`{"provider":"intercom"}`:   "clientSecret is empty; copy it from",
		`{"provider":"intercom","clientSecret":" \n"}`:                                                                                                 "clientSecret is empty; copy it from",
		`{"provider":"intercom","clientSecret":5}`:                                                                                                     "clientSecret is a JSON number; write a string",
		`{"provider":"stripe","secret":"s","maxSignatureAge":0}`:                                                                                       "maxSignatureAge is 0; write 1 to 259200",
		`{"provider":"stripe","secret":"s","maxSignatureAge":259201}`:                                                                                  "maxSignatureAge is 259201; write",
		`{"provider":"stripe","secret":"s","maxSignatureAge":"x"}`:                                                                                     "maxSignatureAge is a JSON string; write a whole number",
		`{"provider":"standardWebhooks","secret":"whsec_?s3cret"}`:                                                                                     "secret is not whsec_ and base64; copy",
		`{"provider":"twilio","publicKey":"s3cret"}`:                                                                                                   "publicKey is ",
		`{"provider":"custom","publicKey":"k"}`:                                                                                                        `signatureHeader "" is not the name of a header; write`,
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signatureEncoding":"b64"}`:                                                        `signatureEncoding "b64" is unknown; choose`,
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","algorithm":"md5"}`:                                                                `algorithm "md5" is unknown; choose`,
		`{"provider":"custom","publicKey":" ","signatureHeader":"X"}`:                                                                                  "publicKey is empty; write",
		`{"provider":"custom","publicKey":"s3cret","signatureHeader":"X","algorithm":"ecdsa"}`:                                                         "publicKey is ",
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signingStringTemplate":"x"}`:                                                      `signingStringTemplate "x" lacks {PAYLOAD}; add`,
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signingStringTemplate":"{TIMESTAMP}{PAYLOAD}"}`:                                   "neither timestampHeader nor timestampField is set; name",
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","timestampHeader":"X-T"}`:                                                          `signingStringTemplate "{PAYLOAD}" lacks {TIMESTAMP}, but timestampHeader is "X-T"; add`,
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signatureField":"s","timestampField":"t","signingStringTemplate":"v0:{PAYLOAD}"}`: `signingStringTemplate "v0:{PAYLOAD}" lacks {TIMESTAMP}, but timestampField is "t"; add`,
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","timestampField":"t","signingStringTemplate":"{TIMESTAMP}{PAYLOAD}"}`:              `timestampField is "t", but signatureField is not set; name`,
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signatureField":"s","timestampField":"t","timestampHeader":"X-T"}`:                `timestampHeader "X-T" and timestampField "t" are both set; remove one`,
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signatureField":"t","timestampField":"t"}`:                                        `signatureField and timestampField are both "t"; name two`,
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signatureField":"v1="}`:                                                           `signatureField "v1=" is not the name of a field; write`,
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signingStringTemplate":"{PAYLOAD}{HEADER:}"}`:                                     "unknown placeholder {HEADER:}; write {PAYLOAD}, {TIMESTAMP}",
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signingStringTemplate":"{PAYLOAD}{HEADER}"}`:                                      "unknown placeholder {HEADER}; write",
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signingStringTemplate":"{PAYLOAD}{URL:x}"}`:                                       "unknown placeholder {URL:x}; write",
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signingStringTemplate":"{PAYLOAD}{BODY}"}`:                                        "unknown placeholder {BODY}; write",
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signingStringTemplate":"{payload}"}`:                                              "unknown placeholder {payload}; write",
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","signingStringTemplate":"{ PAYLOAD }"}`:                                            "unknown placeholder { PAYLOAD }; write",
		`{"provider":"custom","publicKey":"k","signatureHeader":"X","publicUrl":"hooks.example.com"}`:                                                  `publicUrl "hooks.example.com" is not the address of a server; write`,
		`{"provider":"hubspot","secret":"k","publicUrl":"https://x.example/?a=b"}`:                                                                     "publicUrl",
		`{"provider":"trello","secret":"k","publicUrl":"ftp://x.example"}`:                                                                             "publicUrl",
		`{"provider":"custom","publicKey":"s3cret","signatureHeader":"X","algorithm":"ed25519"}`:                                                       "publicKey is ",
		`{"provider":"custom","publicKey":"s3cret","signatureHeader":"X","algorithm":"rsa-sha256"}`:                                                    "publicKey is ",
		`{"provider":"zendesk"}`:                                                        "secret is empty; copy it from",
		`{"provider":"meta","secret":""}`:                                               "secret is empty; copy it from",
		`{"provider":"zoom","publicKey":"k","maxSignatureAge":-1}`:                      "maxSignatureAge is -1; write 1 to 259200",
		`{"provider":"standardWebhooks","secret":"k","previousSecret":"whsec_?s3cret"}`: "previousSecret is not whsec_ and base64; copy",
		`{"provider":"standardWebhooks","secret":" v1,whsec_ "}`:                        "secret is not whsec_ and base64; copy",
	} {
		_, err := Parse([]byte(config))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %s", config, err, want)
		}
	}
	for _, config := range []string{``, `null`, `{"provider":"custom","publicKey":"k","signatureHeader":"X","signingStringTemplate":"{\"a\":{PAYLOAD}}}{"}`, `{"provider":"none","clientSecret":5}`, `{"provider":"zoom","publicKey":"k","maxSignatureAge":null,"unknown":1}`} {
		if _, err := Parse([]byte(config)); err != nil {
			t.Errorf("%s: %v", config, err)
		}
	}
}

// Verify never panics, and a signature of a body is one of no other.
func FuzzVerify(f *testing.F) {
	all := vectors(f)
	for i, v := range all {
		f.Add(i, 0, v.Body, "sha1=00")
		f.Add(i, 77, v.Body, "t=1,v1=00,s=00")
	}
	f.Fuzz(func(t *testing.T, which, bit int, body, header string) {
		if which < 0 {
			return
		}
		v := all[which%len(all)]
		s, now := parse(t, string(v.Config)), time.Unix(v.At, 0)
		for name := range v.Headers {
			h := v.header()
			h.Set(name, header)
			_ = s.verify(h, now, []byte(body))
		}
		if body != v.Body && s.verify(v.header(), now, []byte(body)) == nil {
			t.Fatalf("%s verifies %q", v.Config, body)
		}
		flipped := []byte(v.Body)
		flipped[uint(bit)/8%uint(len(flipped))] ^= 1 << (uint(bit) % 8)
		if s.verify(v.header(), now, flipped) == nil {
			t.Fatalf("%s verifies with bit %d flipped", v.Config, bit)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	body := []byte(`{"text":"` + strings.Repeat("x", 1400-11) + `"}`)
	for _, v := range vectors(b) {
		s := parse(b, string(v.Config))
		h := v.header()
		b.Run(s.Provider, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				_ = s.verify(h, time.Unix(v.At, 0), body) // wrong, at the cost of a right one but for the error
			}
		})
	}
}
