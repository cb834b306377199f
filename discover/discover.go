// Package discover offers the bindings of a configuration: one for each URL path, or several by the topics of the path, and
// one for each resource of Intercom's API where access to it is granted.
package discover

import (
	"encoding/json"
	"fmt"
	"strings"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/schemas"
	"source-intercom-ingest/spec"
)

// resource is a resource config with every member written out, as the runtime keeps it.
type resource struct {
	Stream       *string `json:"stream"`
	Path         *string `json:"path"`
	IDFromHeader *string `json:"idFromHeader"`
}

// familyResource is that of a binding for some topics of a path.
type familyResource struct {
	resource
	Topics []string `json:"topics"`
}

// Discover answers the bindings of the configured paths, in order. Captures that are older than paths have none, and
// keep the one binding that they know.
func Discover(req *protocol.Request_Discover) (*protocol.Response_Discovered, error) {
	config, err := spec.ParseEndpoint(req.ConfigJson)
	if err != nil {
		return nil, err
	}
	d := discovery{config: config, found: new(protocol.Response_Discovered), names: names{}}
	for _, text := range config.Paths {
		if err := d.path(text); err != nil {
			return nil, err
		}
	}
	if len(config.Paths) == 0 {
		if err := d.add(spec.LegacyStream, spec.LegacyStream, resource{}, nil); err != nil {
			return nil, err
		}
	}
	if err := d.refused(); err != nil {
		return nil, err
	}
	return d.found, d.resources()
}

// A refusedResource is that of the binding for what is refused.
type refusedResource struct {
	Stream  string `json:"stream"`
	Refused bool   `json:"refused"`
}

// refused offers what takes webhooks that are refused for their content. It is for who asks for it: others rather let
// their senders know.
func (d *discovery) refused() error {
	raw, err := json.Marshal(refusedResource{spec.RefusedStream, true})
	if err != nil {
		return fmt.Errorf("encoding the resource config of %q: %w", spec.RefusedStream, err)
	}
	d.found.Bindings = append(d.found.Bindings, &protocol.Response_Discovered_Binding{
		RecommendedName:    d.names.give("refused", spec.RefusedStream),
		ResourceConfigJson: raw,
		DocumentSchemaJson: schemas.Refused(),
		Key:                []string{"/_meta/" + schemas.WebhookID},
		Disable:            true,
		ResourcePath:       []string{spec.RefusedStream},
		IsFallbackKey:      true,
	})
	return nil
}

// A discovery collects the bindings of one configuration.
type discovery struct {
	config spec.EndpointConfig
	found  *protocol.Response_Discovered
	names  names
}

// path offers what takes the webhooks of a path: one binding for each family of objects if so configured, and one for
// all the rest.
func (d *discovery) path(text string) error {
	path, err := spec.ParsePath(text)
	if err != nil {
		return err
	}
	name := strings.Trim(text, "/")
	if d.config.Collections == spec.ByObject {
		for _, family := range intercom.Families {
			stream := text + "#" + family.Name
			config := familyResource{resource{Stream: &stream, Path: &text}, family.Topics}
			if err := d.add(name+"/"+family.Name, stream, config, path.Params()); err != nil {
				return err
			}
		}
	}
	return d.add(name, text, resource{Stream: &text, Path: &text}, path.Params())
}

// add offers a binding. Its schema is that of notifications where the sender is Intercom or bindings have topics.
func (d *discovery) add(name, stream string, config any, pathParams []string) error {
	raw, err := json.Marshal(config)
	if err != nil {
		return fmt.Errorf("encoding the resource config of %q: %w", stream, err)
	}
	notifies := d.config.Notifies() || d.config.Collections == spec.ByObject
	d.found.Bindings = append(d.found.Bindings, &protocol.Response_Discovered_Binding{
		RecommendedName:    d.names.give(name, stream),
		ResourceConfigJson: raw,
		DocumentSchemaJson: schemas.Document(pathParams, notifies),
		Key:                []string{"/_meta/" + schemas.WebhookID},
		ResourcePath:       []string{stream},
		IsFallbackKey:      true, // a webhook never deletes, so users may choose another key
	})
	return nil
}
