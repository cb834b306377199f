// Package discover offers the bindings of a configuration: one for each URL path.
package discover

import (
	"encoding/json"
	"fmt"
	"strings"

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

// Discover answers one binding for each of the configured paths, in order. Captures that are older than paths have
// none, and keep the one binding that they know.
func Discover(req *protocol.Request_Discover) (*protocol.Response_Discovered, error) {
	config, err := spec.ParseEndpoint(req.ConfigJson)
	if err != nil {
		return nil, err
	}
	found := new(protocol.Response_Discovered)
	for _, text := range config.Paths {
		path, err := spec.ParsePath(text)
		if err != nil {
			return nil, err
		}
		offer, err := binding(strings.Trim(text, "/"), text, resource{Stream: &text, Path: &text}, path.Params())
		if err != nil {
			return nil, err
		}
		found.Bindings = append(found.Bindings, offer)
	}
	if len(config.Paths) == 0 {
		offer, err := binding(spec.LegacyStream, spec.LegacyStream, resource{}, nil)
		if err != nil {
			return nil, err
		}
		found.Bindings = append(found.Bindings, offer)
	}
	return found, nil
}

func binding(name, stream string, config resource, pathParams []string) (*protocol.Response_Discovered_Binding, error) {
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("encoding the resource config of %q: %w", stream, err)
	}
	return &protocol.Response_Discovered_Binding{
		RecommendedName:    name,
		ResourceConfigJson: raw,
		DocumentSchemaJson: schemas.Document(pathParams),
		Key:                []string{"/_meta/" + schemas.WebhookID},
		ResourcePath:       []string{stream},
		IsFallbackKey:      true, // a webhook never deletes, so users may choose another key
	}, nil
}
