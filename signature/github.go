package signature

import "crypto/sha256"

// githubConfig signs as GitHub's "Validating webhook deliveries" page says.
type githubConfig struct {
	Secret         string `json:"secret" jsonschema:"title=Secret" jsonschema_description:"The secret of the webhook, from its settings." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Secret" jsonschema_description:"The secret before the current one. Both are accepted while the secret is rotated." jsonschema_extras:"secret=true"`
}

func (c *githubConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the webhook's settings"); err != nil {
		return nil, err
	}
	return &Scheme{
		IDHeaders: []string{"X-Github-Delivery"},
		Hint:      "check that secret is that of the webhook's settings",
		variants: []variant{{
			header: "X-Hub-Signature-256", read: prefixed("sha256="), parts: template("{PAYLOAD}"), encoding: encodings["hex"],
			keys: macs(sha256.New, c.Secret, c.PreviousSecret), recipe: recipe{digest: "sha256", format: "sha256={SIGNATURE}"},
		}},
	}, nil
}
