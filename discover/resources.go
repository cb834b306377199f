package discover

import (
	"encoding/json"
	"fmt"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/schemas"
)

// A polledResource is the resource config of objects of Intercom's API.
type polledResource struct {
	Stream   string `json:"stream"`
	Resource string `json:"resource"`
	Interval string `json:"interval,omitempty"`
}

// resources offers what the API has, but for custom lists: these are a user's to add.
func (d *discovery) resources() error {
	if !d.config.Access.Granted() {
		return nil
	}
	for _, r := range intercom.Resources {
		if r.Way == intercom.Custom {
			continue
		}
		raw, err := json.Marshal(polledResource{r.Name, r.Name, r.Interval})
		if err != nil {
			return fmt.Errorf("encoding the resource config of %q: %w", r.Name, err)
		}
		d.found.Bindings = append(d.found.Bindings, &protocol.Response_Discovered_Binding{
			RecommendedName:    d.names.give(r.Name, r.Name),
			ResourceConfigJson: raw,
			DocumentSchemaJson: schemas.Object(r.Key, r.Timed()),
			Key:                r.Key,
			Disable:            r.Disabled,
			ResourcePath:       []string{r.Name},
		})
	}
	return nil
}
