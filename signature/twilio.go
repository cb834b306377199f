package signature

// twilioConfig signs as SendGrid's signed event webhooks do: ECDSA over the timestamp and the body.
type twilioConfig struct {
	PublicKey      string `json:"publicKey" jsonschema:"title=Verification Key" jsonschema_description:"The verification key of the event webhook: PEM, or base64 as SendGrid shows it." jsonschema_extras:"multiline=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Verification Key" jsonschema_description:"The verification key before the current one. Both are accepted while it is rotated." jsonschema_extras:"multiline=true"`
	freshness
}

func (c *twilioConfig) scheme() (*Scheme, error) {
	const from = "the event webhook's page in SendGrid's settings"
	if err := secretError("publicKey", c.PublicKey, from); err != nil {
		return nil, err
	}
	keys, err := publicKeys(parseECDSA, "publicKey", c.PublicKey, c.PreviousSecret, "copy it from "+from)
	if err != nil {
		return nil, err
	}
	clock, err := c.clock(seconds)
	if err != nil {
		return nil, err
	}
	return &Scheme{
		Hint: "check that publicKey is the verification key of the same event webhook",
		variants: []variant{{
			header: "X-Twilio-Email-Event-Webhook-Signature", timestamp: "X-Twilio-Email-Event-Webhook-Timestamp",
			read: prefixed(""), clock: clock,
			parts: template("{TIMESTAMP}{PAYLOAD}"), encoding: encodings["base64"],
			keys: keys,
		}},
	}, nil
}
