package signature

import (
	"crypto/sha256"
	"strings"
)

// zoomConfig signs as Zoom's "Using webhooks" page says, and answers its validation of a URL.
type zoomConfig struct {
	PublicKey      string `json:"publicKey" jsonschema:"title=Secret Token" jsonschema_description:"The secret token of your app, from its Features page." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Secret Token" jsonschema_description:"The secret token before the current one. Both are accepted while it is rotated." jsonschema_extras:"secret=true"`
	freshness
}

func (c *zoomConfig) scheme() (*Scheme, error) {
	if err := secretError("publicKey", c.PublicKey, "the secret token on the app's Features page"); err != nil {
		return nil, err
	}
	clock, err := c.clock(seconds)
	if err != nil {
		return nil, err
	}
	return &Scheme{
		Hint: "check that publicKey is the secret token of the same app",
		variants: []variant{{
			header: "X-Zm-Signature", timestamp: "X-Zm-Request-Timestamp", read: prefixed("v0="), clock: clock,
			parts: template("v0:{TIMESTAMP}:{PAYLOAD}"), encoding: encodings["hex"],
			keys: macs(sha256.New, c.PublicKey, c.PreviousSecret), recipe: recipe{digest: "sha256", format: "v0={SIGNATURE}"},
		}},
		secret: strings.TrimSpace(c.PublicKey),
	}, nil
}
