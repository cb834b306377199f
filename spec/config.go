// Package spec is what a user configures: the endpoint, the resource of each binding and the paths of both, with the
// JSON Schemas that Flow's forms are made from. Member names are fixed, since existing captures use them.
package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
)

// EndpointConfig is the configuration of a capture.
type EndpointConfig struct {
	RequireAuthToken   string   `json:"requireAuthToken,omitempty" jsonschema:"title=Authentication Token" jsonschema_description:"Optional bearer token. Requests must then carry the header Authorization: Bearer followed by this token." jsonschema_extras:"secret=true"`
	Paths              []string `json:"paths,omitempty" jsonschema:"title=URL Paths,default=/webhook-data" jsonschema_description:"Paths that accept webhooks, one collection each. A segment in braces, as in /vendors/{vendorId}, is a parameter that is captured with each webhook."`
	AllowedCorsOrigins []string `json:"allowedCorsOrigins,omitempty" jsonschema:"title=CORS Allowed Origins" jsonschema_description:"Origins whose web pages may post webhooks. By default any origin may, or none where an authentication token is required." jsonschema_extras:"advanced=true"`
}

// ResourceConfig is the configuration of a binding.
type ResourceConfig struct {
	Stream       string `json:"stream,omitempty" jsonschema:"title=Stream" jsonschema_description:"The name of this binding among those of the capture." jsonschema_extras:"nullable=true"`
	Path         string `json:"path,omitempty" jsonschema:"title=URL Path" jsonschema_description:"The path that accepts this binding's webhooks. Defaults to the name of the collection." jsonschema_extras:"nullable=true"`
	IDFromHeader string `json:"idFromHeader,omitempty" jsonschema:"title=ID From Header" jsonschema_description:"A header that identifies each webhook, required in every request then. By default every webhook gets a new id." jsonschema_extras:"nullable=true"`
}

// ParseEndpoint reads and checks the configuration of a capture. Members that are unknown or null are as if absent.
func ParseEndpoint(raw []byte) (EndpointConfig, error) {
	var c EndpointConfig
	var older struct {
		RequireAuthToken *string `json:"require_auth_token"`
	}
	err := decode(raw, &c)
	if err == nil {
		err = decode(raw, &older)
	}
	if err == nil {
		if older.RequireAuthToken != nil && c.RequireAuthToken == "" {
			c.RequireAuthToken = *older.RequireAuthToken
		}
		err = c.check(raw)
	}
	if err != nil {
		return c, fmt.Errorf("endpoint config: %w", err)
	}
	return c, nil
}

func (c *EndpointConfig) check(raw []byte) error {
	token := strings.TrimSpace(c.RequireAuthToken)
	if token == "" && isSet(raw, "requireAuthToken", "require_auth_token") {
		return errors.New("requireAuthToken is empty; set a token, or remove the member to accept webhooks without one")
	}
	c.RequireAuthToken = token
	var paths []Path
	for i, text := range c.Paths {
		path, err := ParsePath(text)
		if err != nil {
			return fmt.Errorf("paths[%d]: %w", i, err)
		}
		for _, earlier := range paths {
			if path.Conflicts(earlier) {
				return fmt.Errorf("paths %q and %q match the same requests; change or remove one", earlier, path)
			}
		}
		paths = append(paths, path)
		c.Paths[i] = path.String()
	}
	if slices.Contains(c.AllowedCorsOrigins, "*") {
		if len(c.AllowedCorsOrigins) > 1 {
			return fmt.Errorf("allowedCorsOrigins %q has %q beside others; list either that alone or the origins to allow", c.AllowedCorsOrigins, "*")
		}
		if token != "" {
			return fmt.Errorf("allowedCorsOrigins is %q while requireAuthToken is set; list the origins that may post with the token, or remove one of the two", c.AllowedCorsOrigins)
		}
	}
	return nil
}

// isSet tells that one of the members is there and not null.
func isSet(raw []byte, names ...string) bool {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(raw, &members) // decoded before without an error
	return slices.ContainsFunc(names, func(name string) bool {
		member, ok := members[name]
		return ok && string(member) != "null"
	})
}

// CORSOrigins returns the origins whose pages may post: "*" for any, none at all if empty.
func (c EndpointConfig) CORSOrigins() []string {
	if c.AllowedCorsOrigins == nil && c.RequireAuthToken == "" {
		return []string{"*"}
	}
	return c.AllowedCorsOrigins
}

// secretHeaders carry what authenticates a request, which is never captured.
var secretHeaders = []string{"authorization", "proxy-authorization", "cookie"}

var isHeaderName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").MatchString

// ParseResource reads and checks the configuration of a binding. Members that are unknown or null are as if absent.
func ParseResource(raw []byte) (ResourceConfig, error) {
	var c ResourceConfig
	if err := decode(raw, &c); err != nil {
		return c, fmt.Errorf("resource config: %w", err)
	}
	switch name := c.IDFromHeader; {
	case name == "":
	case !isHeaderName(name):
		return c, fmt.Errorf("resource config: idFromHeader %q is not the name of a header; write one such as X-Request-Id", name)
	case slices.Contains(secretHeaders, strings.ToLower(name)):
		return c, fmt.Errorf("resource config: idFromHeader %q names a header that carries secrets; choose one that identifies the webhook", name)
	}
	c.IDFromHeader = textproto.CanonicalMIMEHeaderKey(c.IDFromHeader)
	return c, nil
}

// ResourcePath identifies the binding to the runtime: its stream. Captures that are older than paths have none, and
// one binding, of this fixed name.
func (c ResourceConfig) ResourcePath() []string {
	if c.Stream == "" {
		return []string{LegacyStream}
	}
	return []string{c.Stream}
}

// LegacyStream names the one binding that is offered where no paths are configured.
const LegacyStream = "webhook-data"

// decode reads a JSON object into a struct, and says of a member of the wrong type which, what it is and what it must be.
func decode(raw []byte, into any) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 {
		return nil
	}
	err := json.Unmarshal(raw, into)
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	if wrong.Field == "" {
		return fmt.Errorf("it is a JSON %s; write an object", wrong.Value)
	}
	want := "a string"
	if strings.HasPrefix(wrong.Type.String(), "[]") {
		want = "a list of strings"
	}
	return fmt.Errorf("%s is a JSON %s%s; write %s", wrong.Field, wrong.Value, quoted(raw, wrong.Field), want)
}

// quoted returns the text of a member for an error, unless it may hold a secret.
func quoted(raw []byte, field string) string {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(raw, &members) // only the member's type was wrong
	value, ok := members[field]
	if !ok || isSecret(field) || len(value) > 100 {
		return ""
	}
	return " (" + string(value) + ")"
}

func isSecret(field string) bool {
	return field == "requireAuthToken" || field == "require_auth_token"
}
