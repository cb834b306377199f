package signature

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// zoomConfig signs as Zoom's "Using webhooks" page says, and answers its validation of a URL.
type zoomConfig struct {
	PublicKey string `json:"publicKey" jsonschema:"title=Secret Token" jsonschema_description:"The secret token of your app, from its Features page." jsonschema_extras:"secret=true"`
	freshness
}

func (c *zoomConfig) scheme() (*Scheme, error) {
	if err := secretError("publicKey", c.PublicKey, "the secret token on the app's Features page"); err != nil {
		return nil, err
	}
	maxAge, err := c.age()
	if err != nil {
		return nil, err
	}
	return &Scheme{
		Hint: "check that publicKey is the secret token of the same app",
		variants: []variant{{
			header: "X-Zm-Signature", timestamp: "X-Zm-Request-Timestamp", parse: prefixed("v0="), unit: time.Second, maxAge: maxAge,
			parts: template("v0:{TIMESTAMP}:{PAYLOAD}"), encoding: encodings["hex"],
			keys: macs(sha256.New, c.PublicKey, ""), recipe: recipe{digest: "sha256", format: "v0={SIGNATURE}"},
		}},
		answer: c.answer,
	}, nil
}

// answer proves to Zoom that the endpoint has the secret token.
func (c *zoomConfig) answer(body []byte) (any, bool) {
	const event = "endpoint.url_validation"
	var validation struct {
		Event   string `json:"event"`
		Payload struct {
			PlainToken string `json:"plainToken"`
		} `json:"payload"`
	}
	if !bytes.Contains(body, []byte(event)) || json.Unmarshal(body, &validation) != nil || validation.Event != event {
		return nil, false
	}
	h := hmac.New(sha256.New, []byte(strings.TrimSpace(c.PublicKey)))
	h.Write([]byte(validation.Payload.PlainToken))
	return map[string]string{
		"plainToken":     validation.Payload.PlainToken,
		"encryptedToken": hex.EncodeToString(h.Sum(nil)),
	}, true
}
