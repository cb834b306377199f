package signature

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// standardWebhooksConfig signs as the Standard Webhooks specification says, whose headers Svix also sends under names
// of its own.
type standardWebhooksConfig struct {
	Secret         string `json:"secret" jsonschema:"title=Signing Secret" jsonschema_description:"The signing secret of the endpoint, which begins with whsec_." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Signing Secret" jsonschema_description:"The signing secret before the current one. Both are accepted while the secret is rotated." jsonschema_extras:"secret=true"`
	freshness
}

func (c *standardWebhooksConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the endpoint's settings at the sender"); err != nil {
		return nil, err
	}
	maxAge, err := c.age()
	if err != nil {
		return nil, err
	}
	var keys []verifier
	for field, text := range map[string]string{"secret": c.Secret, "previousSecret": c.PreviousSecret} {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
		if err != nil || len(secret) == 0 {
			return nil, fmt.Errorf("%s is not whsec_ and base64; copy it whole", field)
		}
		keys = append(keys, newMAC(sha256.New, string(secret)))
	}
	s := &Scheme{Hint: "check that secret is the signing secret of the same endpoint"}
	for _, prefix := range []string{"Webhook", "Svix"} {
		s.IDHeaders = append(s.IDHeaders, prefix+"-Id")
		s.variants = append(s.variants, variant{
			header: prefix + "-Signature", timestamp: prefix + "-Timestamp", id: prefix + "-Id",
			parse: spaced, unit: time.Second, maxAge: maxAge,
			parts: template("{ID}.{TIMESTAMP}.{PAYLOAD}"), encoding: encodings["base64"], keys: keys,
			recipe: recipe{digest: "sha256", format: "v1,{SIGNATURE}", base64: true, key: keyOfBase64},
		})
	}
	return s, nil
}

// keyOfBase64 are openssl's options for a secret that is base64 behind its prefix.
const keyOfBase64 = `-mac HMAC -macopt "hexkey:$(printf %s "${CLIENT_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')"`

// spaced reads a list of version,signature, of which version 1 is ours.
func spaced(value string) (signed, error) {
	var s signed
	for item := range strings.FieldsSeq(value) {
		if text, ok := strings.CutPrefix(item, "v1,"); ok {
			s.add(text)
		}
	}
	if s.count == 0 {
		return s, errors.New("it has no signature of version v1")
	}
	return s, nil
}
