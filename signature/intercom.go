package signature

import (
	"crypto/sha1"
	"crypto/sha256"
)

// intercomConfig signs as Intercom's "Webhook Notifications" page says: topics with X-Hub-Signature, HMAC-SHA1 of the
// exact body; calls of a public app's uninstall and health check with X-Body-Signature, HMAC-SHA256 without a prefix.
// There is no timestamp: a replay is told by the notification's id.
type intercomConfig struct {
	ClientSecret         string `json:"clientSecret,omitempty" jsonschema:"title=Client Secret" jsonschema_description:"The client secret of your Intercom app, from its Basic Information page in the Developer Hub. Needed unless access to the API is granted by OAuth." jsonschema_extras:"secret=true"`
	PreviousClientSecret string `json:"previousClientSecret,omitempty" jsonschema:"title=Previous Client Secret" jsonschema_description:"The client secret before the current one. Both are accepted while the secret is rotated." jsonschema_extras:"secret=true"`
}

func (c *intercomConfig) scheme() (*Scheme, error) {
	if err := secretError("clientSecret", c.ClientSecret, "the app's Basic Information page in Intercom's Developer Hub"); err != nil {
		return nil, err
	}
	body := template("{PAYLOAD}")
	return &Scheme{
		IDPointer: "/id",
		Hint:      "check that clientSecret is that of the same app, and that no proxy in front changes bodies",
		variants: []variant{
			{header: "X-Hub-Signature", read: prefixed("sha1="), parts: body, encoding: encodings["hex"],
				keys: macs(sha1.New, c.ClientSecret, c.PreviousClientSecret), recipe: recipe{digest: "sha1", format: "sha1={SIGNATURE}"}},
			{header: "X-Body-Signature", read: prefixed(""), parts: body, encoding: encodings["hex"],
				keys: macs(sha256.New, c.ClientSecret, c.PreviousClientSecret)},
		},
	}, nil
}
