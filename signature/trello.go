package signature

import "crypto/sha1"

// trelloConfig signs as Trello's "Webhooks" page says: HMAC-SHA1 of the body and the callback URL.
type trelloConfig struct {
	Secret         string `json:"secret" jsonschema:"title=Application Secret" jsonschema_description:"The secret of the API key that the webhook was created with." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Application Secret" jsonschema_description:"The secret before the current one. Both are accepted while it is rotated." jsonschema_extras:"secret=true"`
	reachable
}

func (c *trelloConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the page of the API key in Trello's Power-Up admin"); err != nil {
		return nil, err
	}
	address, err := c.address()
	if err != nil {
		return nil, err
	}
	return &Scheme{
		IDPointer: "/action/id",
		Hint:      "check that secret is that of the API key, and that publicUrl and the path are those of the callback URL",
		variants: []variant{{
			header: "X-Trello-Webhook", read: prefixed(""), parts: template("{PAYLOAD}{URL}"), address: address, encoding: encodings["base64"],
			keys: macs(sha1.New, c.Secret, c.PreviousSecret), recipe: recipe{digest: "sha1", format: "{SIGNATURE}", base64: true},
		}},
	}, nil
}
