package signature

import "crypto/sha256"

// shopifyConfig signs as Shopify's "Deliver webhooks through HTTPS" page says.
type shopifyConfig struct {
	Secret         string `json:"secret" jsonschema:"title=Client Secret" jsonschema_description:"The client secret of your app." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Client Secret" jsonschema_description:"The client secret before the current one. Both are accepted while the secret is rotated." jsonschema_extras:"secret=true"`
}

func (c *shopifyConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the app's client credentials"); err != nil {
		return nil, err
	}
	return &Scheme{
		IDHeaders: []string{"X-Shopify-Webhook-Id"},
		Hint:      "check that secret is the client secret of the same app",
		variants: []variant{{
			header: "X-Shopify-Hmac-Sha256", read: prefixed(""), parts: template("{PAYLOAD}"), encoding: encodings["base64"],
			keys: macs(sha256.New, c.Secret, c.PreviousSecret), recipe: recipe{digest: "sha256", format: "{SIGNATURE}", base64: true},
		}},
	}, nil
}
