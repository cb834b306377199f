package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"source-intercom-ingest/form"
	"source-intercom-ingest/protocol"
)

// An Access is to Intercom's API. The zero value is none.
type Access struct {
	Token        string
	clientSecret string    // of the app, where access was granted by OAuth
	Start        time.Time // zero is all history
	BaseURL      string    // empty is that of the workspace's region
	Version      string
	Share        int // percent of the rate limit
}

// Granted tells that there is one.
func (a Access) Granted() bool { return a.Token != "" }

// Titles of the ways to grant access, which tell them apart.
const (
	oauthTitle = "OAuth Credentials"
	tokenTitle = "Private App Credentials"
)

// credentials are how access is granted.
type credentials struct {
	Title        string `json:"credentials_title"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	AccessToken  string `json:"access_token"`
}

// Credentials of OAuth, as Flow fills them in.
type oauthCredentials struct {
	ClientID     string `json:"client_id" jsonschema:"title=Client ID" jsonschema_description:"The client id of the Intercom app." jsonschema_extras:"secret=true"`
	ClientSecret string `json:"client_secret" jsonschema:"title=Client Secret" jsonschema_description:"The client secret of the Intercom app." jsonschema_extras:"secret=true"`
	AccessToken  string `json:"access_token" jsonschema:"title=Access Token" jsonschema_description:"The access token that the app was granted." jsonschema_extras:"secret=true"`
}

type tokenCredentials struct {
	AccessToken string `json:"access_token" jsonschema:"title=Access Token" jsonschema_description:"The access token of your Intercom app, from its Authentication page in the Developer Hub." jsonschema_extras:"secret=true"`
}

// defaultRateShare leaves a fifth of the limit to whoever else has the token.
const defaultRateShare = 80

var isVersion = regexp.MustCompile(`^([0-9]+\.[0-9]+|Preview|Unstable)$`).MatchString

// parseAccess reads what is configured of Intercom's API.
func (c *EndpointConfig) parseAccess() (a Access, err error) {
	if a.Start, err = parseStart(c.StartDate); err != nil {
		return a, err
	}
	if c.APIBaseURL != "" {
		base, err := url.Parse(c.APIBaseURL)
		if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
			return a, fmt.Errorf("apiBaseUrl %q is not an address; write one such as https://api.eu.intercom.io", c.APIBaseURL)
		}
		a.BaseURL = strings.TrimRight(c.APIBaseURL, "/")
	}
	if a.Version = c.APIVersion; a.Version != "" && !isVersion(a.Version) {
		return a, fmt.Errorf("apiVersion %q is no version of Intercom's API; write one such as 2.14", a.Version)
	}
	a.Share = defaultRateShare
	if c.RateShare != nil {
		if err := inRange("rateShare", c.RateShare, 100); err != nil {
			return a, err
		}
		a.Share = *c.RateShare
	}
	if isNull(c.Credentials) {
		return a, nil
	}
	given, err := parseCredentials(c.Credentials)
	if err != nil {
		return a, fmt.Errorf("credentials: %w", err)
	}
	a.Token, a.clientSecret = given.AccessToken, given.ClientSecret
	return a, nil
}

func parseStart(date string) (time.Time, error) {
	if date == "" {
		return time.Time{}, nil
	}
	start, err := time.Parse(time.RFC3339, date)
	if err != nil {
		return start, fmt.Errorf("startDate %q is not a time by RFC 3339; write one such as 2025-01-31T00:00:00Z", date)
	}
	return start.UTC(), nil
}

// parseCredentials reads one of the two ways. Its errors quote no secret.
func parseCredentials(raw json.RawMessage) (c credentials, err error) {
	if err := form.Decode(raw, &c); err != nil {
		return c, fmt.Errorf("it must be an object of strings with credentials_title %q or %q", tokenTitle, oauthTitle)
	}
	needed := []struct{ name, value string }{{"access_token", strings.TrimSpace(c.AccessToken)}}
	switch c.Title {
	case oauthTitle:
		needed = append(needed, []struct{ name, value string }{{"client_id", c.ClientID}, {"client_secret", c.ClientSecret}}...)
	case tokenTitle:
		c.ClientSecret = ""
	case "":
		return c, fmt.Errorf("credentials_title is missing; write %q or %q", tokenTitle, oauthTitle)
	default:
		return c, fmt.Errorf("credentials_title is %q; write %q or %q", c.Title, tokenTitle, oauthTitle)
	}
	for _, n := range needed {
		switch {
		case n.value == "":
			return c, fmt.Errorf("%s is missing; write that of the Intercom app, from the Developer Hub", n.name)
		case strings.ContainsFunc(n.value, func(r rune) bool { return r <= ' ' || r > '~' }):
			return c, fmt.Errorf("%s has characters that none has; copy it anew from the Developer Hub", n.name)
		}
	}
	c.AccessToken = needed[0].value
	return c, nil
}

// shareSecret takes the app's client secret for the signatures of its webhooks, where those are Intercom's and name none.
func (c *EndpointConfig) shareSecret() {
	var signature map[string]json.RawMessage
	if c.Access.clientSecret == "" || json.Unmarshal(c.SignatureConfig, &signature) != nil || string(signature["provider"]) != `"intercom"` {
		return
	}
	if !isNull(signature["clientSecret"]) && string(signature["clientSecret"]) != `""` {
		return
	}
	signature["clientSecret"], _ = json.Marshal(c.Access.clientSecret)
	c.SignatureConfig, _ = json.Marshal(signature) // of what was JSON before
}

func isNull(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}

// oauth2 says how Flow is granted access for a user.
func oauth2() *protocol.OAuth2 {
	const escaped = "{{#urlencode}}{{{ %s }}}{{/urlencode}}"
	with := func(names ...string) string {
		var query []string
		for _, name := range names {
			query = append(query, name+"="+fmt.Sprintf(escaped, name))
		}
		return strings.Join(query, "&")
	}
	return &protocol.OAuth2{
		Provider:                   "intercom",
		AuthUrlTemplate:            "https://app.intercom.com/oauth?" + with("client_id", "state"),
		AccessTokenUrlTemplate:     "https://api.intercom.io/auth/eagle/token",
		AccessTokenBody:            with("client_id", "client_secret", "code"),
		AccessTokenHeadersJsonMap:  map[string][]byte{"content-type": []byte(`"application/x-www-form-urlencoded"`)},
		AccessTokenResponseJsonMap: map[string][]byte{"access_token": []byte(`"/token"`)},
	}
}
