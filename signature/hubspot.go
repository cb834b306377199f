package signature

import (
	"crypto/sha256"
	"strings"
)

// hubspotConfig signs as version 3 of HubSpot's "Validating requests" page says: the method, the URL, the body and a
// timestamp in milliseconds. The ids of HubSpot's events may repeat.
type hubspotConfig struct {
	Secret         string `json:"secret" jsonschema:"title=Client Secret" jsonschema_description:"The client secret of your app, from its Auth page." jsonschema_extras:"secret=true"`
	PreviousSecret string `json:"previousSecret,omitempty" jsonschema:"title=Previous Client Secret" jsonschema_description:"The client secret before the current one. Both are accepted while it is rotated." jsonschema_extras:"secret=true"`
	reachable
	freshness
}

// decodedInURL writes as they are those characters that HubSpot's signature has decoded.
var decodedInURL = strings.NewReplacer(
	"%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";",
	"%3a", ":", "%2f", "/", "%3f", "?", "%2a", "*", "%2c", ",", "%3b", ";")

func (c *hubspotConfig) scheme() (*Scheme, error) {
	if err := secretError("secret", c.Secret, "the app's Auth page"); err != nil {
		return nil, err
	}
	clock, err := c.clock(milliseconds)
	if err != nil {
		return nil, err
	}
	address, err := c.address()
	if err != nil {
		return nil, err
	}
	address.decode = decodedInURL.Replace
	return &Scheme{
		Hint: "check that secret is the client secret of the same app, and that publicUrl is the address that it posts to",
		variants: []variant{{
			header: "X-Hubspot-Signature-V3", timestamp: "X-Hubspot-Request-Timestamp", read: prefixed(""), clock: clock,
			parts: template("{METHOD}{URL}{PAYLOAD}{TIMESTAMP}"), address: address, encoding: encodings["base64"],
			keys: macs(sha256.New, c.Secret, c.PreviousSecret), recipe: recipe{digest: "sha256", format: "{SIGNATURE}", base64: true},
		}},
	}, nil
}
