package signature

import (
	"crypto/sha256"
	"strings"
)

// metaConfig signs as the "Webhooks" page of Meta's Graph API says, for Facebook, Instagram and WhatsApp, and answers its
// verification of a URL.
type metaConfig struct {
	Secret         string `json:"secret" jsonschema:"title=App Secret" jsonschema_description:"The app secret, from the app's Basic Settings page." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous App Secret" jsonschema_description:"The app secret before the current one. Both are accepted while it is rotated." jsonschema_extras:"secret=true"`
	VerifyToken    string `json:"verifyToken,omitempty" jsonschema:"title=Verify Token" jsonschema_description:"The verify token that you enter beside the callback URL. Without one the verification of the URL is refused." jsonschema_extras:"secret=true"`
}

func (c *metaConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the app's Basic Settings page"); err != nil {
		return nil, err
	}
	return &Scheme{
		Hint: "check that secret is the app secret of the same app",
		variants: []variant{{
			header: "X-Hub-Signature-256", read: prefixed("sha256="), parts: template("{PAYLOAD}"), encoding: encodings["hex"],
			keys: macs(sha256.New, c.Secret, c.PreviousSecret), recipe: recipe{digest: "sha256", format: "sha256={SIGNATURE}"},
		}},
		proof: strings.TrimSpace(c.VerifyToken),
	}, nil
}
