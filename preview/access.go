package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/protocol"
)

// access adds what is polled to the members of the endpoint's configuration that the command line sets.
func (c *Command) access(overrides map[string]any) error {
	if err := notEmpty("--access-token", "INTERCOM_ACCESS_TOKEN", c.AccessToken); err != nil {
		return err
	}
	if c.Credentials != "" && c.AccessToken != nil {
		return errors.New("--credentials and --access-token both say how access is granted; leave one out")
	}
	if c.Credentials != "" {
		text, err := os.ReadFile(c.Credentials)
		if err != nil {
			return fmt.Errorf("--credentials: %w", err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil || members["credentials"] == nil {
			return fmt.Errorf("--credentials %s: it is not a JSON object with a member credentials, as login --save writes it", c.Credentials)
		}
		for name, value := range members {
			overrides[name] = value
		}
	}
	if c.AccessToken != nil {
		overrides["credentials"] = map[string]string{"credentials_title": "Private App Credentials", "access_token": strings.TrimSpace(*c.AccessToken)}
	}
	if c.StartDate != "" {
		overrides["startDate"] = c.StartDate
	}
	if c.APIBaseURL != "" {
		overrides["apiBaseUrl"] = c.APIBaseURL
	}
	names := intercom.ResourceNames()
	for _, name := range c.Resource {
		if !slices.Contains(names, name) || name == "custom" {
			return fmt.Errorf("--resource %q is none; choose of %s", name, strings.Join(names[:len(names)-1], ", "))
		}
	}
	switch {
	case c.polls() || len(c.Resource) == 0 && c.StartDate == "":
		return nil
	case c.Source == "":
		return errors.New("--resource and --start-date are about Intercom's API; add --access-token or --credentials")
	}
	return nil
}

// polls tells that the command line grants access to Intercom's API.
func (c *Command) polls() bool { return c.AccessToken != nil || c.Credentials != "" }

// takesWebhooks tells that the command line is about webhooks, too: without a word about them, a workspace is only copied.
func (c *Command) takesWebhooks() bool {
	return !c.polls() || len(c.Path) > 0 || c.ClientSecret != nil || c.AuthToken != nil || c.Source != ""
}

// choose drops bindings that are discovered and not wanted, and takes those that are wanted and offered disabled.
func (c *Command) choose(b *protocol.Response_Discovered_Binding) bool {
	var resource struct {
		Resource string `json:"resource"`
	}
	_ = json.Unmarshal(b.ResourceConfigJson, &resource) // the connector has written it
	switch {
	case resource.Resource == "":
		return c.takesWebhooks() && (!b.Disable || isRefused(b.ResourceConfigJson)) // a person wants to see what is refused
	case len(c.Resource) > 0:
		return slices.Contains(c.Resource, resource.Resource)
	}
	return !b.Disable
}
