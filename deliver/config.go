package deliver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sosodev/duration"

	"source-intercom-ingest/deliver/egress"
	"source-intercom-ingest/form"
	"source-intercom-ingest/signature"
)

// EndpointConfig is the configuration of a materialization: one destination, and all secrets.
type EndpointConfig struct {
	Address   string            `json:"address" jsonschema:"title=Address" jsonschema_description:"Where events are sent, such as https://api.example.com/hooks. Paths of bindings are behind it." jsonschema_extras:"order=0"`
	AllowHTTP bool              `json:"allowHttp,omitempty" jsonschema:"title=Allow HTTP,default=false" jsonschema_description:"Whether the address may be one of http, over which anyone on the way reads along."`
	Auth      json.RawMessage   `json:"auth,omitempty"`
	Signing   json.RawMessage   `json:"signing,omitempty"`
	Headers   map[string]string `json:"headers,omitempty" jsonschema:"title=Headers" jsonschema_description:"Headers of every request, which are kept secret."`
	Network   network           `json:"network,omitempty" jsonschema:"title=Network" jsonschema_description:"How the destination is reached." jsonschema_extras:"advanced=true"`
	Limits    limits            `json:"limits,omitempty" jsonschema:"title=Limits" jsonschema_description:"How much is sent at a time." jsonschema_extras:"advanced=true"`
	Patience  string            `json:"patience,omitempty" jsonschema:"title=Patience,default=1h" jsonschema_description:"How long a destination may fail before the task does, a duration such as 90s or PT2H. Nothing is skipped then." jsonschema_extras:"advanced=true"`
}

type network struct {
	AllowedAddresses  []string `json:"allowedAddresses,omitempty" jsonschema:"title=Allowed Addresses" jsonschema_description:"IP addresses and networks that may be reached though they are not public, such as 10.1.2.0/24."`
	Proxy             string   `json:"proxy,omitempty" jsonschema:"title=Proxy" jsonschema_description:"A proxy that requests go through, such as http://proxy.example.com:3128. Those of the environment are ignored." jsonschema_extras:"secret=true"`
	CACertificate     string   `json:"caCertificate,omitempty" jsonschema:"title=CA Certificate" jsonschema_description:"Who signs the destination's certificate, in PEM. By default those that the system trusts." jsonschema_extras:"multiline=true"`
	ClientCertificate string   `json:"clientCertificate,omitempty" jsonschema:"title=Client Certificate" jsonschema_description:"The certificate that is shown to the destination, in PEM." jsonschema_extras:"multiline=true"`
	ClientKey         string   `json:"clientKey,omitempty" jsonschema:"title=Client Key" jsonschema_description:"The private key of the client certificate, in PEM." jsonschema_extras:"secret=true,multiline=true"`
	Timeout           string   `json:"timeout,omitempty" jsonschema:"title=Timeout,default=15s" jsonschema_description:"How long a request may take, with its answer, a duration such as 15s or PT1M."`
}

type limits struct {
	Concurrency       *int     `json:"concurrency,omitempty" jsonschema:"title=Concurrency,minimum=1,maximum=256,default=8" jsonschema_description:"How many requests are made at a time."`
	RequestsPerSecond *float64 `json:"requestsPerSecond,omitempty" jsonschema:"title=Requests per Second,exclusiveMinimum=0" jsonschema_description:"How many requests are begun in a second, at most. By default as many as there are."`
}

// Ways to authenticate.
type (
	bearerAuth struct {
		Token string `json:"token" jsonschema:"title=Token" jsonschema_description:"The token that is sent as Authorization: Bearer." jsonschema_extras:"secret=true"`
	}
	basicAuth struct {
		Username string `json:"username" jsonschema:"title=Username" jsonschema_description:"The name of the user."`
		Password string `json:"password" jsonschema:"title=Password" jsonschema_description:"The user's password." jsonschema_extras:"secret=true"`
	}
	headerAuth struct {
		Name  string `json:"name" jsonschema:"title=Header" jsonschema_description:"The name of the header, such as X-Api-Key."`
		Value string `json:"value" jsonschema:"title=Value" jsonschema_description:"What the header says." jsonschema_extras:"secret=true"`
	}
	oauth2Auth struct {
		TokenURL     string   `json:"tokenUrl" jsonschema:"title=Token URL" jsonschema_description:"Where access tokens are asked for."`
		ClientID     string   `json:"clientId" jsonschema:"title=Client ID" jsonschema_description:"Identifies the client."`
		ClientSecret string   `json:"clientSecret" jsonschema:"title=Client Secret" jsonschema_description:"The client's secret." jsonschema_extras:"secret=true"`
		Scopes       []string `json:"scopes,omitempty" jsonschema:"title=Scopes" jsonschema_description:"What access is asked for."`
	}
	noAuth struct{}
)

// signingKeys are those of both schemes.
type signingKeys struct {
	Key         string `json:"key" jsonschema:"title=Key" jsonschema_description:"The key that requests are signed with." jsonschema_extras:"secret=true"`
	PreviousKey string `json:"previousKey,omitempty" jsonschema:"title=Previous Key" jsonschema_description:"The key before the current one. Requests are signed with both while keys are rotated." jsonschema_extras:"secret=true"`
}

// Defaults and bounds of an endpoint.
const (
	defaultTimeout     = 15 * time.Second
	defaultPatience    = time.Hour
	defaultConcurrency = 8
	mostConcurrency    = 256
	mostTimeout        = 10 * time.Minute
)

// A Destination is a checked endpoint.
type Destination struct {
	address     *url.URL
	client      *egress.Client
	authorize   authorizer
	signer      *signature.Signer
	headers     map[string]string
	concurrency int
	perSecond   float64 // zero is without limit
	patience    time.Duration
	secrets     []string // what nobody may read
	overruled   []string // headers that are configured and never sent so
}

// ParseEndpoint checks the configuration of an endpoint. Its errors name the member and the cure, and quote no secret.
func ParseEndpoint(config []byte) (*Destination, error) {
	if err := unknown("endpoint config", endpointForm, normal(config, endpointChoices)); err != nil {
		return nil, err
	}
	var c EndpointConfig
	if err := form.Decode(config, &c); err != nil {
		return nil, fmt.Errorf("endpoint config: %w", err)
	}
	d, err := c.destination()
	if err != nil {
		return nil, fmt.Errorf("endpoint config: %w", err)
	}
	return d, nil
}

func (c *EndpointConfig) destination() (*Destination, error) {
	d := &Destination{headers: map[string]string{}}
	var err error
	if d.address, err = addressOf("address", c.Address, c.AllowHTTP); err != nil {
		return nil, err
	}
	timeout, err := durationOf("network.timeout", c.Network.Timeout, defaultTimeout)
	if err != nil {
		return nil, err
	}
	if timeout > mostTimeout {
		return nil, fmt.Errorf("network.timeout %q is longer than %v; write a shorter one", c.Network.Timeout, mostTimeout)
	}
	if d.patience, err = durationOf("patience", c.Patience, defaultPatience); err != nil {
		return nil, err
	}
	if err := c.Limits.check(d); err != nil {
		return nil, err
	}
	if d.client, err = egress.New(egress.Config{Allowed: c.Network.AllowedAddresses, Proxy: c.Network.Proxy, CA: c.Network.CACertificate,
		Certificate: c.Network.ClientCertificate, Key: c.Network.ClientKey, Timeout: timeout, Connections: d.concurrency}); err != nil {
		return nil, fmt.Errorf("network.%w", err)
	}
	if err := d.client.Check(d.address.Hostname()); err != nil {
		return nil, fmt.Errorf("address %q: %w", c.Address, err)
	}
	if err := errors.Join(d.authenticate(c.Auth, c.AllowHTTP), d.sign(c.Signing)); err != nil {
		return nil, err
	}
	for name, value := range c.Headers {
		if err := headerError(name, value); err != nil {
			return nil, fmt.Errorf("headers: %w", err)
		}
		d.secrets = append(d.secrets, value)
		if d.reserves(name) {
			d.overruled = append(d.overruled, name)
			continue
		}
		d.headers[name] = value
	}
	return d, nil
}

// addressOf reads a URL that secrets and events are sent to.
func addressOf(member, text string, allowHTTP bool) (*url.URL, error) {
	address, err := url.Parse(strings.TrimSpace(text))
	switch {
	case strings.TrimSpace(text) == "":
		return nil, fmt.Errorf("%s is missing; write one such as https://api.example.com/hooks", member)
	case strings.Contains(text, "{{"):
		return nil, fmt.Errorf("%s is a template, and is never one; put what differs into the path of a binding", member)
	case err != nil || address.Host == "" || address.Opaque != "" || address.Scheme != "https" && address.Scheme != "http":
		return nil, fmt.Errorf("%s is no address of https; write one such as https://api.example.com/hooks", member)
	case address.User != nil:
		return nil, fmt.Errorf("%s holds a user's name or password; write them into auth, of type basic", member)
	case address.RawQuery != "" || address.ForceQuery || address.Fragment != "":
		return nil, fmt.Errorf("%s has a query or a fragment; remove it, and write parameters into the query of a binding's request", member)
	case address.Scheme == "http" && !allowHTTP:
		return nil, fmt.Errorf("%s is one of http, over which anyone on the way reads along; write https, or set allowHttp", member)
	}
	if dotted(address.EscapedPath()) {
		return nil, fmt.Errorf("%s has a segment . or ..; write where it leads", member)
	}
	address.Path = strings.TrimRight(address.Path, "/")
	address.RawPath = strings.TrimRight(address.RawPath, "/")
	return address, nil
}

// dotted tells that a path has a segment that leads elsewhere.
func dotted(escaped string) bool {
	for _, segment := range strings.FieldsFunc(escaped, func(r rune) bool { return r == '/' || r == '\\' }) {
		if plain, err := url.PathUnescape(segment); err != nil || plain == "." || plain == ".." {
			return true
		}
	}
	return false
}

func durationOf(member, text string, otherwise time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		iso, isoErr := duration.Parse(text)
		if err = isoErr; err == nil {
			d = iso.ToTimeDuration()
		}
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s %q is no duration; write one such as 15s, 1h or PT90S", member, text)
	}
	return d, nil
}

func (l limits) check(d *Destination) error {
	d.concurrency = defaultConcurrency
	if l.Concurrency != nil {
		d.concurrency = *l.Concurrency
	}
	if d.concurrency < 1 || d.concurrency > mostConcurrency {
		return fmt.Errorf("limits.concurrency is %d; write a number from 1 to %d", d.concurrency, mostConcurrency)
	}
	if l.RequestsPerSecond != nil {
		if d.perSecond = *l.RequestsPerSecond; d.perSecond <= 0 {
			return fmt.Errorf("limits.requestsPerSecond is %v; write a number above 0, or leave it out", d.perSecond)
		}
	}
	return nil
}

// sign reads how requests are signed.
func (d *Destination) sign(raw json.RawMessage) error {
	scheme, members, err := chosen(raw, "signing", "none", endpointChoices["signing"]...)
	if err != nil || scheme == "none" {
		return err
	}
	var keys signingKeys
	if err := form.Decode(members, &keys); err != nil {
		return errors.New("signing: it must be an object with texts for key and previousKey")
	}
	d.secrets = append(d.secrets, keys.Key, keys.PreviousKey)
	if d.signer, err = signature.NewSigner(scheme, keys.Key, keys.PreviousKey); err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	return nil
}
