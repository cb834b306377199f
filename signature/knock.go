package signature

import "crypto/sha256"

// knockConfig signs as Knock's outbound webhooks do: a timestamp in milliseconds, and a base64 HMAC.
type knockConfig struct {
	PublicKey      string `json:"publicKey" jsonschema:"title=Signing Key" jsonschema_description:"The signing key of the webhook, from Knock's dashboard." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Signing Key" jsonschema_description:"The signing key before the current one. Both are accepted while it is rotated." jsonschema_extras:"secret=true"`
	freshness
}

func (c *knockConfig) scheme() (*Scheme, error) {
	if err := secretError("publicKey", c.PublicKey, "the webhook's page in Knock's dashboard"); err != nil {
		return nil, err
	}
	clock, err := c.clock(milliseconds)
	if err != nil {
		return nil, err
	}
	return &Scheme{
		Hint: "check that publicKey is the signing key of the same webhook",
		variants: []variant{{
			header: "X-Knock-Signature", read: list("t", "s", ""), clock: clock,
			parts: template("{TIMESTAMP}.{PAYLOAD}"), encoding: encodings["base64"],
			keys: macs(sha256.New, c.PublicKey, c.PreviousSecret), recipe: recipe{digest: "sha256", format: "t={TIMESTAMP},s={SIGNATURE}", base64: true},
		}},
	}, nil
}
