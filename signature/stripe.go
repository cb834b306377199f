package signature

import "crypto/sha256"

// stripeConfig signs as Stripe's "Verify webhook signatures manually" section says.
type stripeConfig struct {
	Secret         string `json:"secret" jsonschema:"title=Signing Secret" jsonschema_description:"The signing secret of the endpoint, which begins with whsec_." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Signing Secret" jsonschema_description:"The signing secret before the current one. Both are accepted while the secret is rotated." jsonschema_extras:"secret=true"`
	freshness
}

func (c *stripeConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the endpoint's page in Stripe's dashboard"); err != nil {
		return nil, err
	}
	clock, err := c.clock(seconds)
	if err != nil {
		return nil, err
	}
	clock.anyFuture = true // as Stripe's own libraries
	return &Scheme{
		IDPointer: "/id",
		Hint:      "check that secret is the signing secret of the same endpoint",
		variants: []variant{{
			header: "Stripe-Signature", read: list("t", "v1", ""), clock: clock,
			parts: template("{TIMESTAMP}.{PAYLOAD}"), encoding: encodings["hex"],
			keys: macs(sha256.New, c.Secret, c.PreviousSecret), recipe: recipe{digest: "sha256", format: "t={TIMESTAMP},v1={SIGNATURE}"},
		}},
	}, nil
}
