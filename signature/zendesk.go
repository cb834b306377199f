package signature

import "crypto/sha256"

// zendeskConfig signs as Zendesk's "Verifying the authenticity of webhook requests" page says: a timestamp as RFC 3339
// writes it, and the body.
type zendeskConfig struct {
	Secret         string `json:"secret" jsonschema:"title=Signing Secret" jsonschema_description:"The signing secret of the webhook, from its page in the Admin Center." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Signing Secret" jsonschema_description:"The signing secret before the current one. Both are accepted while it is rotated." jsonschema_extras:"secret=true"`
	freshness
}

func (c *zendeskConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the webhook's page in Zendesk's Admin Center"); err != nil {
		return nil, err
	}
	clock, err := c.clock(anyUnit)
	if err != nil {
		return nil, err
	}
	return &Scheme{
		IDHeaders: []string{"X-Zendesk-Webhook-Invocation-Id"},
		Hint:      "check that secret is the signing secret of the same webhook",
		variants: []variant{{
			header: "X-Zendesk-Webhook-Signature", timestamp: "X-Zendesk-Webhook-Signature-Timestamp", read: prefixed(""), clock: clock,
			parts: template("{TIMESTAMP}{PAYLOAD}"), encoding: encodings["base64"],
			keys: macs(sha256.New, c.Secret, c.PreviousSecret), recipe: recipe{digest: "sha256", format: "{SIGNATURE}", base64: true},
		}},
	}, nil
}
