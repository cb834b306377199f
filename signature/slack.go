package signature

import "crypto/sha256"

// slackConfig signs as Slack's "Verifying requests from Slack" page says, and answers its verification of a URL.
type slackConfig struct {
	Secret         string `json:"secret" jsonschema:"title=Signing Secret" jsonschema_description:"The signing secret of your app, from its Basic Information page." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Signing Secret" jsonschema_description:"The signing secret before the current one. Both are accepted while the secret is rotated." jsonschema_extras:"secret=true"`
	freshness
}

func (c *slackConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the app's Basic Information page"); err != nil {
		return nil, err
	}
	clock, err := c.clock(seconds)
	if err != nil {
		return nil, err
	}
	return &Scheme{
		IDPointer: "/event_id",
		Hint:      "check that secret is the signing secret of the same app",
		variants: []variant{{
			header: "X-Slack-Signature", timestamp: "X-Slack-Request-Timestamp", read: prefixed("v0="), clock: clock,
			parts: template("v0:{TIMESTAMP}:{PAYLOAD}"), encoding: encodings["hex"],
			keys: macs(sha256.New, c.Secret, c.PreviousSecret), recipe: recipe{digest: "sha256", format: "v0={SIGNATURE}"},
		}},
	}, nil
}
