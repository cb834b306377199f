package signature

import (
	"crypto/sha256"
	"time"
)

// knockConfig signs as Knock's outbound webhooks do: a timestamp in milliseconds, and a base64 HMAC.
type knockConfig struct {
	PublicKey string `json:"publicKey" jsonschema:"title=Signing Key" jsonschema_description:"The signing key of the webhook, from Knock's dashboard." jsonschema_extras:"secret=true"`
	freshness
}

func (c *knockConfig) scheme() (*Scheme, error) {
	if err := secretError("publicKey", c.PublicKey, "the webhook's page in Knock's dashboard"); err != nil {
		return nil, err
	}
	maxAge, err := c.age()
	if err != nil {
		return nil, err
	}
	return &Scheme{
		Hint: "check that publicKey is the signing key of the same webhook",
		variants: []variant{{
			header: "X-Knock-Signature", parse: list("t", "s"), unit: time.Millisecond, maxAge: maxAge,
			parts: template("{TIMESTAMP}.{PAYLOAD}"), encoding: encodings["base64"],
			keys: macs(sha256.New, c.PublicKey, ""), recipe: recipe{digest: "sha256", format: "t={TIMESTAMP},s={SIGNATURE}", base64: true},
		}},
	}, nil
}
