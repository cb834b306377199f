package signature

import (
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestStandardWebhooksAreSignedAsTheSpecificationSays(t *testing.T) {
	const key, previous = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_bm90LXRoZS1zYW1lLXNlY3JldC0xMjM0NTY3OA=="
	const first, second = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,pEIGUbTuX2buxqhc8GrdnLreWFn+CjOUkG+wZc/2Zjc="
	for want, keys := range map[string][2]string{first: {key}, second: {previous}, first + " " + second: {key, previous}} {
		s, err := NewSigner(StandardWebhooks, keys[0], keys[1])
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		s.Sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
		if h.Get("Webhook-Signature") != want || h.Get("Webhook-Timestamp") != "1614265330" {
			t.Error(h)
		}
	}
}

// The official library takes what is signed, with either key.
func TestTheOfficialLibraryTakesWhatIsSigned(t *testing.T) {
	const key, previous = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_bm90LXRoZS1zYW1lLXNlY3JldC0xMjM0NTY3OA=="
	s, err := NewSigner(StandardWebhooks, key, previous)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"", `{"a": 1,"é":"<&>","n":215473900112233445}`, strings.Repeat("x", 1<<16)} {
		h := http.Header{}
		s.Sign(h, "dlv_1", time.Now(), []byte(body))
		for _, secret := range []string{key, previous} {
			official, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := official.Verify([]byte(body), h); err != nil {
				t.Errorf("%.20q: %v", body, err)
			}
			if official.Verify([]byte(body+" "), h) == nil {
				t.Error("another body is taken")
			}
		}
	}
}

func TestElementsAreSignedOverTheBytes(t *testing.T) {
	const body = `{"message":{"events":[{"elementKey":"intercom","eventType":"CREATED","objectType":"contacts","objectId":"66d3ab77","date":"2026-09-01T00:10:00Z"}],"raw":{"n":215473900112233445,"s":"Grüße & <b>"}}}`
	s, err := NewSigner(Elements, "acme-callback-key", "")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{body: "sha256=w6Xfy7ZRGGUYnHKJ5sbYtYtMG1i9yvGPOCHGcIH9QPk=", "": "sha256=6t1pR7Bo9zuQkILhlGEZxQhgnR5lS9TnVblKuPcmYcU="} {
		h := http.Header{}
		s.Sign(h, "dlv_1", time.Now(), []byte(text))
		if h.Get("Elements-Webhook-Signature") != want || h.Get("Elements-Webhook-Id") != "dlv_1" {
			t.Error(h)
		}
	}
}

func TestAKeyThatCanNotSignIsRefused(t *testing.T) {
	for _, scheme := range []string{Elements, StandardWebhooks} {
		if _, err := NewSigner(scheme, "", ""); err == nil || !strings.Contains(err.Error(), "key") {
			t.Error(err)
		}
	}
	if _, err := NewSigner(StandardWebhooks, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!"); err == nil || !strings.Contains(err.Error(), "previousKey is not whsec_ and base64") {
		t.Error(err)
	}
	var none *Signer
	none.Sign(nil, "", time.Now(), nil)
	if none.Headers() != nil {
		t.Error("none signs")
	}
}
