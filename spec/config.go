// Package spec is what a user configures: the endpoint, the resource of each binding and the paths of both, with the
// JSON Schemas that Flow's forms are made from. Member names are fixed, since existing captures use them.
package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"source-intercom-ingest/form"
	"source-intercom-ingest/intercom"
	"source-intercom-ingest/signature"
)

// EndpointConfig is the configuration of a capture.
type EndpointConfig struct {
	RequireAuthToken   string          `json:"requireAuthToken,omitempty" jsonschema:"title=Authentication Token" jsonschema_description:"Optional bearer token. Requests must then carry the header Authorization: Bearer followed by this token." jsonschema_extras:"secret=true"`
	SignatureConfig    json.RawMessage `json:"signatureConfig,omitempty"`
	Paths              []string        `json:"paths,omitempty" jsonschema:"title=URL Paths,pattern=/.+,default=/webhook-data" jsonschema_description:"Paths that accept webhooks, one collection each. A segment in braces, as in /vendors/{vendorId}, is a parameter that is captured with each webhook."`
	AllowedCorsOrigins []string        `json:"allowedCorsOrigins,omitempty" jsonschema:"title=CORS Allowed Origins" jsonschema_description:"Origins whose web pages may post webhooks. By default any origin may, or none where an authentication token is required." jsonschema_extras:"advanced=true"`
	AllowedSources     []string        `json:"allowedSources,omitempty" jsonschema:"title=Allowed Sources" jsonschema_description:"IP addresses and CIDR blocks that may send webhooks, and intercom:us, intercom:eu or intercom:au for the addresses that Intercom publishes. By default any may." jsonschema_extras:"advanced=true"`
	TrustedProxies     *int            `json:"trustedProxies,omitempty" jsonschema:"title=Trusted Proxies,minimum=0,maximum=16,default=1" jsonschema_description:"How many proxies in front append to the X-Forwarded-For header, of which Flow's own is one. The address of a sender is taken from there." jsonschema_extras:"advanced=true"`

	Collections string   `json:"collections,omitempty" jsonschema:"title=Collections,enum=path,enum=object,default=path" jsonschema_description:"Whether discovery offers one collection for each path, or one for each kind of Intercom's objects: conversations, contacts and so on." jsonschema_extras:"advanced=true"`
	Workspaces  []string `json:"workspaces,omitempty" jsonschema:"title=Workspaces" jsonschema_description:"Ids of the Intercom workspaces to capture. Notifications of others are dropped. By default those of all that installed the app are captured." jsonschema_extras:"advanced=true"`

	Credentials json.RawMessage `json:"credentials,omitempty"`
	StartDate   string          `json:"startDate,omitempty" jsonschema:"title=Start Date,format=date-time" jsonschema_description:"From when on objects of Intercom's API are captured, by when they were updated last. By default all of them are. Needs credentials."`
	APIBaseURL  string          `json:"apiBaseUrl,omitempty" jsonschema:"title=API Base URL" jsonschema_description:"Where Intercom's API is asked, such as https://api.eu.intercom.io. By default that is told by the region of the access token's workspace." jsonschema_extras:"advanced=true"`
	APIVersion  string          `json:"apiVersion,omitempty" jsonschema:"title=API Version,default=2.14" jsonschema_description:"The version of Intercom's API that is asked for." jsonschema_extras:"advanced=true"`
	RateShare   *int            `json:"rateShare,omitempty" jsonschema:"title=Share of the Rate Limit,minimum=1,maximum=100,default=80" jsonschema_description:"How many percent of the access token's rate limit may be used." jsonschema_extras:"advanced=true"`

	CommitTimeout *int `json:"commitTimeout,omitempty" jsonschema:"title=Commit Timeout,minimum=1,maximum=300,default=30" jsonschema_description:"How many seconds a webhook may wait for its commit before its sender is told to come back." jsonschema_extras:"advanced=true"`
	MaxBodyBytes  *int `json:"maxBodyBytes,omitempty" jsonschema:"title=Maximum Body Size,minimum=1,maximum=67108864,default=67108864" jsonschema_description:"How many bytes a webhook may have after decompression." jsonschema_extras:"advanced=true"`

	// Closed tells that requireAuthToken is there and empty: no webhook can carry that token, so that all are refused.
	// Signature, Sources and Access are made from the members above as well.
	Closed    bool              `json:"-"`
	Signature *signature.Scheme `json:"-"`
	Sources   Sources           `json:"-"`
	Access    Access            `json:"-"`
}

// ResourceConfig is the configuration of a binding.
type ResourceConfig struct {
	Stream       string   `json:"stream,omitempty" jsonschema:"title=Stream" jsonschema_description:"The name of this binding among those of the capture."`
	Path         string   `json:"path,omitempty" jsonschema:"title=URL Path" jsonschema_description:"The path that accepts this binding's webhooks. Defaults to the name of the collection."`
	IDFromHeader string   `json:"idFromHeader,omitempty" jsonschema:"title=ID From Header" jsonschema_description:"A header that identifies each webhook, required in every request then. By default the sender's own id is taken, where its signature says who it is, or else a new one."`
	Topics       []string `json:"topics,omitempty" jsonschema:"title=Topics" jsonschema_description:"Topics of the notifications that go to this binding, such as conversation.user.created, conversation.* or *.created. By default all that no other binding of the path takes."`
	EmptyBody    string   `json:"emptyBody,omitempty" jsonschema:"title=Empty Body,enum=refuse,enum=capture,default=refuse" jsonschema_description:"Whether a webhook without a body is refused, or captured as an empty document with its headers and query."`
	Refused      bool     `json:"refused,omitempty" jsonschema:"title=Refused Webhooks,default=false" jsonschema_description:"Whether this binding takes the webhooks of all paths that are authentic but refused for their content, with their bodies and the reasons. It has no path of its own."`
	IDFromBody   string   `json:"idFromBody,omitempty" jsonschema:"title=ID From Body" jsonschema_description:"A JSON pointer such as /messageId to a string or an integer in each document that identifies it, required then."`

	Resource      string `json:"resource,omitempty" jsonschema:"title=Resource" jsonschema_description:"The objects of Intercom's API that this binding takes instead of webhooks, such as conversations, or custom for any list. Needs credentials."`
	Interval      string `json:"interval,omitempty" jsonschema:"title=Interval,format=duration" jsonschema_description:"How long after one look at the resource the next begins, as an ISO 8601 duration such as PT5M. By default that of the resource."`
	FilterNulls   bool   `json:"filterNulls,omitempty" jsonschema:"title=Filter Nulls,default=false" jsonschema_description:"Whether members that are null are left out of the resource's documents, at every depth."`
	URL           string `json:"url,omitempty" jsonschema:"title=List URL" jsonschema_description:"Of a custom resource: the path of a list of Intercom's API with its query, such as /macros."`
	IDField       string `json:"idField,omitempty" jsonschema:"title=ID Field" jsonschema_description:"Of a custom resource: a JSON pointer to what identifies each object, such as /id."`
	UpdatedField  string `json:"updatedField,omitempty" jsonschema:"title=Updated Field" jsonschema_description:"Of a custom resource: a JSON pointer to when each object was updated, such as /updated_at. Without one, objects are compared by their content."`
	UpdatedFormat string `json:"updatedFormat,omitempty" jsonschema:"title=Updated Format,default=seconds" jsonschema_description:"Of a custom resource: how that is written: seconds, milliseconds, rfc3339, or a layout of Go's such as 2006-01-02 15:04:05."`
	Timezone      string `json:"timezone,omitempty" jsonschema:"title=Time Zone,default=UTC" jsonschema_description:"Of a custom resource: the zone of times that are written without one, such as Europe/Dublin."`
	Deleted       string `json:"deleted,omitempty" jsonschema:"title=Deleted,enum=ignore,enum=snapshot,default=ignore" jsonschema_description:"Of a custom resource: whether an object that is no longer in the list is ignored, or captured as deleted."`

	// Polled is made from the members above; nil where the binding takes webhooks.
	Polled *Polled `json:"-"`
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

// check refuses what could not work, and makes what the members mean. raw tells an empty member from one that is absent.
func (c *EndpointConfig) check(raw []byte) error {
	token := strings.TrimSpace(c.RequireAuthToken)
	c.Closed = token == "" && isSet(raw, "requireAuthToken", "require_auth_token")
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
	var err error
	if c.Access, err = c.parseAccess(); err != nil {
		return err
	}
	c.shareSecret()
	if c.Signature, err = signature.Parse(c.SignatureConfig); err != nil {
		return fmt.Errorf("signatureConfig: %w", err)
	}
	if c.Sources, err = newSources(c.AllowedSources, c.TrustedProxies); err != nil {
		return err
	}
	switch c.Collections {
	case "":
		c.Collections = ByPath
	case ByPath, ByObject:
	default:
		return fmt.Errorf("collections is %q; choose %s or %s", c.Collections, ByPath, ByObject)
	}
	if err := inRange("commitTimeout", c.CommitTimeout, MaxCommitTimeout); err != nil {
		return err
	}
	if err := inRange("maxBodyBytes", c.MaxBodyBytes, MaxBodyBytes); err != nil {
		return err
	}
	if slices.Contains(c.Workspaces, "") {
		return fmt.Errorf("workspaces %q has one without a name; write ids such as those of app_id in notifications", c.Workspaces)
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

// Bounds of what a user may configure. A webhook becomes a message of the runtime, which takes 64 MiB.
const (
	MaxBodyBytes         = 64 << 20
	MaxCommitTimeout     = 300 // seconds
	defaultCommitTimeout = 30  // the runtime commits about once a second; without for so long, it is held up
)

// CommitDeadline returns how long a webhook may wait for its commit.
func (c EndpointConfig) CommitDeadline() time.Duration {
	if c.CommitTimeout == nil {
		return defaultCommitTimeout * time.Second
	}
	return time.Duration(*c.CommitTimeout) * time.Second
}

// BodyLimit returns how many bytes a webhook may have after decompression.
func (c EndpointConfig) BodyLimit() int64 {
	if c.MaxBodyBytes == nil {
		return MaxBodyBytes
	}
	return int64(*c.MaxBodyBytes)
}

// inRange refuses a number that is set and out of its range.
func inRange(field string, n *int, most int) error {
	if n != nil && (*n < 1 || *n > most) {
		return fmt.Errorf("%s is %d; write 1 to %d", field, *n, most)
	}
	return nil
}

// What discovery offers for each path: one binding, or one for each family of objects.
const (
	ByPath   = "path"
	ByObject = "object"
)

// Notifies tells that the sender is one whose requests are notifications with topics.
func (c EndpointConfig) Notifies() bool { return c.Signature.Provider == "intercom" }

// ClientSecret returns that of Intercom's app; none where Intercom is not the sender.
func (c EndpointConfig) ClientSecret() string {
	var signature struct {
		ClientSecret string `json:"clientSecret"`
	}
	if !c.Notifies() || json.Unmarshal(c.SignatureConfig, &signature) != nil {
		return ""
	}
	return signature.ClientSecret
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

// NeedsToken tells that webhooks need a bearer token.
func (c EndpointConfig) NeedsToken() bool { return c.RequireAuthToken != "" || c.Closed }

// CORSOrigins returns the origins whose pages may post: "*" for any, none at all if empty.
func (c EndpointConfig) CORSOrigins() []string {
	if c.AllowedCorsOrigins == nil && !c.NeedsToken() {
		return []string{"*"}
	}
	return c.AllowedCorsOrigins
}

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
	case signature.IsSecretHeader(name):
		return c, fmt.Errorf("resource config: idFromHeader %q names a header that carries a secret or a signature, which is never captured; choose one that identifies the webhook", name)
	}
	switch {
	case c.IDFromBody != "" && c.IDFromHeader != "":
		return c, fmt.Errorf("resource config: idFromHeader %q and idFromBody %q are both set; remove one", c.IDFromHeader, c.IDFromBody)
	case c.IDFromBody != "" && (c.IDFromBody[0] != '/' || badEscape(c.IDFromBody)):
		return c, fmt.Errorf("resource config: idFromBody %q is not a JSON pointer; write one such as /messageId", c.IDFromBody)
	case c.IDFromBody == "/_meta" || strings.HasPrefix(c.IDFromBody, "/_meta/"):
		return c, fmt.Errorf("resource config: idFromBody %q points to what the connector writes; choose a member of the sender's", c.IDFromBody)
	}
	for i, topic := range c.Topics {
		if !intercom.Pattern(topic).Possible() {
			return c, fmt.Errorf("resource config: topics[%d] %q matches no topic; write one such as conversation.user.created, conversation.*, *.created or *", i, topic)
		}
	}
	switch {
	case !slices.Contains([]string{"", refuseEmpty, CaptureEmpty}, c.EmptyBody):
		return c, fmt.Errorf("resource config: emptyBody is %q; choose %s or %s", c.EmptyBody, refuseEmpty, CaptureEmpty)
	case c.EmptyBody == CaptureEmpty && len(c.Topics) > 0:
		return c, fmt.Errorf("resource config: emptyBody is %q beside topics %q, and an empty body has no topic; set it on the binding of the path without topics", c.EmptyBody, c.Topics)
	case c.Refused && (c.Path != "" || len(c.Topics) > 0 || c.IDFromHeader != "" || c.IDFromBody != "" || c.EmptyBody == CaptureEmpty):
		return c, errors.New("resource config: refused is true beside members that are about webhooks of one path; remove path, topics, idFromHeader, idFromBody and emptyBody")
	}
	c.IDFromHeader = textproto.CanonicalMIMEHeaderKey(c.IDFromHeader)
	if err := c.parsePolled(); err != nil {
		return c, fmt.Errorf("resource config: %w", err)
	}
	return c, nil
}

// What emptyBody says of a webhook without a body.
const (
	refuseEmpty  = "refuse"
	CaptureEmpty = "capture"
)

// ResourcePath identifies the binding to the runtime: its stream. Captures that are older than paths have none, and
// one binding, of this fixed name.
func (c ResourceConfig) ResourcePath() []string {
	if c.Stream == "" && c.Resource != "" {
		return []string{c.Resource}
	}
	if c.Stream == "" {
		return []string{LegacyStream}
	}
	return []string{c.Stream}
}

// badEscape finds a ~ that is neither ~0 nor ~1 (RFC 6901).
func badEscape(pointer string) bool {
	return strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(pointer), "~")
}

// RefusedStream names the binding that is offered for what is refused; no path is like it.
const RefusedStream = "#refused"

// LegacyStream names the one binding that is offered where no paths are configured.
const LegacyStream = "webhook-data"

// decode reads a JSON object into a struct, and says of a member of the wrong type which, what it is and what it must be.
func decode(raw []byte, into any) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 {
		return nil
	}
	err := form.Decode(raw, into)
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	if wrong.Field == "" {
		return fmt.Errorf("it is a JSON %s; write an object", wrong.Value)
	}
	want := "a string"
	switch {
	case strings.HasPrefix(wrong.Type.String(), "[]"):
		want = "a list of strings"
	case wrong.Type.Kind() == reflect.Bool:
		want = "true or false"
	case wrong.Type.Kind() == reflect.Int:
		want = "a whole number"
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

// isSecret tells which members are never quoted.
func isSecret(field string) bool {
	return slices.Contains([]string{"requireAuthToken", "require_auth_token", "signatureConfig", "credentials"}, field)
}
