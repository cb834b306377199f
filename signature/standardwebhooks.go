package signature

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// standardWebhooksConfig signs as the Standard Webhooks specification says, whose headers Svix also sends under names
// of its own.
type standardWebhooksConfig struct {
	Secret         string `json:"secret" jsonschema:"title=Signing Secret" jsonschema_description:"The signing secret of the endpoint, which begins with whsec_, or v1,whsec_. One without is taken as it is." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Signing Secret" jsonschema_description:"The signing secret before the current one. Both are accepted while the secret is rotated." jsonschema_extras:"secret=true"`
	freshness
}

func (c *standardWebhooksConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the endpoint's settings at the sender"); err != nil {
		return nil, err
	}
	clock, err := c.clock(seconds)
	if err != nil {
		return nil, err
	}
	var keys []verifier
	for _, given := range []struct{ field, text string }{{"secret", c.Secret}, {"previousSecret", c.PreviousSecret}} {
		if strings.TrimSpace(given.text) == "" {
			continue
		}
		key, err := keyOf(strings.TrimSpace(given.text))
		if err != nil {
			return nil, fmt.Errorf("%s %w", given.field, err)
		}
		keys = append(keys, newMAC(sha256.New, key))
	}
	s := &Scheme{Hint: "check that secret is the signing secret of the same endpoint"}
	for _, prefix := range []string{"Webhook", "Svix"} {
		s.IDHeaders = append(s.IDHeaders, prefix+"-Id")
		s.variants = append(s.variants, variant{
			header: prefix + "-Signature", timestamp: prefix + "-Timestamp", read: versioned, clock: clock,
			parts: template("{HEADER:" + prefix + "-Id}.{TIMESTAMP}.{PAYLOAD}"), encoding: encodings["base64"], keys: keys,
			recipe: recipe{digest: "sha256", format: "v1,{SIGNATURE}", base64: true, key: keyOfBase64(c.Secret)},
		})
	}
	return s, nil
}

// keyOfBase64 are openssl's options for a secret that is base64 behind its prefix; none for one that is the key itself.
func keyOfBase64(secret string) string {
	_, text, encoded := strings.Cut(strings.TrimSpace(secret), "whsec_")
	if !encoded {
		return ""
	}
	const quantum = 4 // characters of base64, which openssl wants to be whole
	padding := strings.Repeat("=", (quantum-len(text)%quantum)%quantum)
	return `-mac HMAC -macopt "hexkey:$(printf %s "${CLIENT_SECRET#*whsec_}` + padding + `" | tr -- -_ +/ | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')"`
}

// keyOf reads a secret as senders show it: whsec_ and base64, which some show behind the version v1. A secret without
// whsec_ is the key itself.
func keyOf(secret string) (string, error) {
	text, encoded := strings.CutPrefix(strings.TrimPrefix(secret, "v1,"), "whsec_")
	if !encoded {
		return secret, nil
	}
	key, err := decodeBase64(text)
	if err != nil || len(key) == 0 {
		return "", errors.New("is not whsec_ and base64; copy it whole")
	}
	return string(key), nil
}
