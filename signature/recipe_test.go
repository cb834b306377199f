package signature

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// What a shell makes by the recipe of a provider is accepted.
func TestRecipesMakeSignaturesThatPass(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl here")
	}
	const body = `{"a": "$x \"quoted\" ` + "`" + `'é"}`
	now := time.Unix(1_767_225_600, 0)
	for _, config := range []string{
		`{"provider":"intercom","clientSecret":"s3 cret"}`,
		`{"provider":"zoom","publicKey":"s3 cret"}`,
		`{"provider":"knock","publicKey":"s3 cret"}`,
		`{"provider":"github","secret":"s3 cret"}`,
		`{"provider":"stripe","secret":"s3 cret"}`,
		`{"provider":"shopify","secret":"s3 cret"}`,
		`{"provider":"slack","secret":"s3 cret"}`,
		`{"provider":"standardWebhooks","secret":"whsec_czMgY3JldA=="}`,
		`{"provider":"custom","algorithm":"hmac_sha512","publicKey":"s3 cret","signatureHeader":"X-Signature","signatureEncoding":"base64",
			"signaturePrefix":"$a\"=","signingStringTemplate":"\"{TIMESTAMP}\\$({PAYLOAD}","timestampHeader":"X-Time"}`,
		`{"provider":"custom","publicKey":"s3 cret","signatureHeader":"X-Signature"}`,
		`{"provider":"custom","publicKey":"s3 cret","signatureHeader":"X-Signature","signatureField":"v1","timestampField":"t","signaturePrefix":"sha256=",
			"signingStringTemplate":"{METHOD} {PATH} {URL} {HEADER:x-id} {TIMESTAMP}\n{PAYLOAD}"}`,
		`{"provider":"hubspot","secret":"s3 cret"}`,
		`{"provider":"zendesk","secret":"s3 cret"}`,
		`{"provider":"meta","secret":"s3 cret"}`,
		`{"provider":"trello","secret":"s3 cret"}`,
		`{"provider":"standardWebhooks","secret":"s3 cret"}`,
		`{"provider":"standardWebhooks","secret":"v1,whsec_czMgY3JldA"}`,
	} {
		s, err := Parse([]byte(config))
		if err != nil {
			t.Fatal(err)
		}
		var given struct{ Secret string }
		_ = json.Unmarshal([]byte(config), &given)
		secret := cmp.Or(given.Secret, "s3 cret")
		header := http.Header{}
		for _, h := range s.Requires() {
			cmd := exec.Command("sh", "-c", `printf %s "`+h.Shell+`"`)
			cmd.Env = append(os.Environ(), "CLIENT_SECRET="+secret, "BODY="+body, "URL=https://hooks.example.com/hook", "NOW="+strconv.FormatInt(now.Unix(), 10))
			value, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %s: %v", s.Provider, h.Shell, err)
			}
			header.Set(h.Name, string(value))
		}
		if err := s.Verify(&http.Request{Method: http.MethodPost, Host: "hooks.example.com", RequestURI: "/hook", Header: header}, now, []byte(body)); err != nil {
			t.Errorf("%s: %v: %v", config, err, header)
		}
	}
}
