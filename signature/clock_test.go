package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func hmac256(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// A timed request is one that a provider's sender signs at a time.
var timed = map[string]func(at time.Time, body string) http.Header{
	`{"provider":"zoom","publicKey":"k"}`: func(at time.Time, body string) http.Header {
		text := strconv.FormatInt(at.Unix(), 10)
		return http.Header{"X-Zm-Request-Timestamp": {text}, "X-Zm-Signature": {"v0=" + hex.EncodeToString(hmac256("k", "v0:"+text+":"+body))}}
	},
	`{"provider":"slack","secret":"k"}`: func(at time.Time, body string) http.Header {
		text := strconv.FormatInt(at.Unix(), 10)
		return http.Header{"X-Slack-Request-Timestamp": {text}, "X-Slack-Signature": {"v0=" + hex.EncodeToString(hmac256("k", "v0:"+text+":"+body))}}
	},
	`{"provider":"knock","publicKey":"k"}`: func(at time.Time, body string) http.Header {
		text := strconv.FormatInt(at.UnixMilli(), 10)
		return http.Header{"X-Knock-Signature": {"t=" + text + ",s=" + base64.StdEncoding.EncodeToString(hmac256("k", text+"."+body))}}
	},
	`{"provider":"stripe","secret":"k"}`: func(at time.Time, body string) http.Header {
		text := strconv.FormatInt(at.Unix(), 10)
		return http.Header{"Stripe-Signature": {"t=" + text + ",v1=" + hex.EncodeToString(hmac256("k", text+"."+body))}}
	},
	`{"provider":"standardWebhooks","secret":"k"}`: func(at time.Time, body string) http.Header {
		text := strconv.FormatInt(at.Unix(), 10)
		return http.Header{"Webhook-Id": {"1"}, "Webhook-Timestamp": {text}, "Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(hmac256("k", "1."+text+"."+body))}}
	},
	`{"provider":"hubspot","secret":"k"}`: func(at time.Time, body string) http.Header {
		text := strconv.FormatInt(at.UnixMilli(), 10)
		return http.Header{"X-Hubspot-Request-Timestamp": {text},
			"X-Hubspot-Signature-V3": {base64.StdEncoding.EncodeToString(hmac256("k", "POSThttps://hooks.example.com/hook?a=b%20c&to=a@b"+body+text))}}
	},
	`{"provider":"zendesk","secret":"k"}`: func(at time.Time, body string) http.Header {
		text := at.UTC().Format(time.RFC3339)
		return http.Header{"X-Zendesk-Webhook-Signature-Timestamp": {text}, "X-Zendesk-Webhook-Signature": {base64.StdEncoding.EncodeToString(hmac256("k", text+body))}}
	},
	`{"provider":"custom","publicKey":"k","signatureHeader":"X-Sig","timestampHeader":"X-At","signingStringTemplate":"{TIMESTAMP}{PAYLOAD}"}`: func(at time.Time, body string) http.Header {
		text := strconv.FormatInt(at.Unix(), 10)
		return http.Header{"X-At": {text}, "X-Sig": {hex.EncodeToString(hmac256("k", text+body))}}
	},
}

// A signature may be 300 seconds old, and from a clock that is 300 seconds ahead; Stripe's from one that is ahead by any time.
func TestTimestampsHaveTheirLimits(t *testing.T) {
	const body = `{"a":1}`
	now := time.Unix(1_767_225_600, 0)
	for config, sign := range timed {
		s := parse(t, config)
		for after, want := range map[time.Duration]string{
			-300 * time.Second: "", -301 * time.Second: "too old", 0: "", 16 * time.Second: "", 300 * time.Second: "",
			301 * time.Second: "in the future", 900 * time.Second: "in the future", 1e6 * time.Hour: "in the future",
		} {
			if s.Provider == "stripe" && want == "in the future" {
				want = ""
			}
			err := s.verify(sign(now.Add(after), body), now, []byte(body))
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s signed %v after now: %v, want %q", config, after, err, want)
			}
		}
		if err := s.verify(sign(now.Add(-time.Hour), body), now, []byte("other")); err == nil || !strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: the timestamp is checked before the signature: %v", config, err)
		}
		longer := parse(t, strings.Replace(config, `{`, `{"maxSignatureAge":3600,`, 1))
		for after, ok := range map[time.Duration]bool{-3600 * time.Second: true, -3601 * time.Second: false} {
			if err := longer.verify(sign(now.Add(after), body), now, []byte(body)); (err == nil) != ok {
				t.Errorf("%s with maxSignatureAge 3600, signed %v after now: %v", config, after, err)
			}
		}
	}
}

// A custom sender's timestamp is told by what it looks like.
func TestCustomTimestampsAreToldByTheirForm(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := parse(t, `{"provider":"custom","publicKey":"k","signatureHeader":"X-Sig","timestampHeader":"X-At","signingStringTemplate":"{TIMESTAMP}{PAYLOAD}"}`)
	for text, want := range map[string]string{
		"1767225600": "", "1767225600000": "", "1767225600.5": "", "2026-01-01T00:00:00Z": "", "2026-01-01T02:00:00.123+02:00": "", "2026-01-01t00:00:00z": "",
		" 1767225600 ": "", "1767225000": "too old", "1767225000000": "too old", "2025-12-31T23:50:00Z": "too old", "1767225901": "future", "1767225901000": "future",
		"2026-01-01T01:00:00Z": "future", "99999999999999999": "future", "0": "too old",
		"-1": "malformed", "+1767225600": "malformed", "now": "malformed", "1767225600.x": "malformed", "0x6955b900": "malformed", "1.767e9": "malformed",
		"2026-01-01": "malformed", "99999999999999999999": "malformed", "1767225600,": "malformed",
	} {
		h := http.Header{"X-At": {text}, "X-Sig": {hex.EncodeToString(hmac256("k", text+"{}"))}}
		if err := s.verify(h, now, []byte("{}")); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
