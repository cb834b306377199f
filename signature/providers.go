package signature

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"source-intercom-ingest/form"
)

// A Provider is a sender that the configuration can name.
type Provider struct {
	Name, Title string
	// Config is a pointer to the zero value of what a user configures of it; its struct tags make the form.
	Config Config
}

// A Config is what a user configures of a provider.
type Config interface {
	// scheme makes what the configuration describes. Its errors name a field and a cure.
	scheme() (*Scheme, error)
}

// Providers returns all that can be configured, none first, which is the default.
func Providers() []Provider {
	return []Provider{
		{"none", "None", new(noneConfig)},
		{"intercom", "Intercom", new(intercomConfig)},
		{"zoom", "Zoom", new(zoomConfig)},
		{"knock", "Knock", new(knockConfig)},
		{"twilio", "Twilio SendGrid", new(twilioConfig)},
		{"github", "GitHub", new(githubConfig)},
		{"stripe", "Stripe", new(stripeConfig)},
		{"shopify", "Shopify", new(shopifyConfig)},
		{"slack", "Slack", new(slackConfig)},
		{"hubspot", "HubSpot", new(hubspotConfig)},
		{"zendesk", "Zendesk", new(zendeskConfig)},
		{"meta", "Meta", new(metaConfig)},
		{"trello", "Trello", new(trelloConfig)},
		{"standardWebhooks", "Standard Webhooks", new(standardWebhooksConfig)},
		{"custom", "Custom", new(customConfig)},
	}
}

// Parse makes the scheme that a configuration describes, a JSON object with a member provider. No configuration is
// that of none. Unknown members and nulls are as if absent.
func Parse(raw []byte) (*Scheme, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return &Scheme{Provider: "none"}, nil
	}
	var named struct {
		Provider *string `json:"provider"`
	}
	if err := form.Decode(raw, &named); err != nil {
		return nil, errors.New("it must be an object whose provider is a string; choose one of " + names())
	}
	if named.Provider == nil {
		return nil, errors.New("provider is missing; choose one of " + names())
	}
	for _, p := range Providers() {
		if p.Name != *named.Provider {
			continue
		}
		if err := form.Decode(raw, p.Config); err != nil {
			return nil, fmt.Errorf("provider %s: %w", p.Name, typeError(err))
		}
		s, err := p.Config.scheme()
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", p.Name, err)
		}
		s.Provider = p.Name
		return s, nil
	}
	return nil, fmt.Errorf("provider %q is unknown; choose one of %s", *named.Provider, names())
}

func names() string {
	var all []string
	for _, p := range Providers() {
		all = append(all, p.Name)
	}
	return strings.Join(all, ", ")
}

// typeError says which member is of the wrong type, and not what it is: it may be a secret.
func typeError(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	want := "a string"
	if wrong.Type.Kind().String() == "int" {
		want = "a whole number"
	}
	return fmt.Errorf("%s is a JSON %s; write %s", wrong.Field, strings.Fields(wrong.Value)[0], want)
}

// secretError refuses a secret that is empty.
func secretError(field, secret, from string) error {
	if strings.TrimSpace(secret) == "" {
		return fmt.Errorf("%s is empty; copy it from %s", field, from)
	}
	return nil
}

// oneOf refuses a value that is not among the choices; empty is the first of them.
func oneOf(field, value string, choices ...string) (string, error) {
	if value == "" {
		return choices[0], nil
	}
	if !slices.Contains(choices, value) {
		return "", fmt.Errorf("%s %q is unknown; choose one of %s", field, value, strings.Join(choices, ", "))
	}
	return value, nil
}

// noneConfig is that of senders who do not sign.
type noneConfig struct{}

func (*noneConfig) scheme() (*Scheme, error) { return new(Scheme), nil }
