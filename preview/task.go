package preview

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"source-intercom-ingest/protocol"
)

// A task is a capture to run: what the runtime would have of it after a publication.
type task struct {
	spec  *protocol.CaptureSpec
	env   map[string]string // for the connector
	codec string            // "proto", "json", or empty for the environment's
}

// prefix of the collections that are made for what a capture without a catalog discovers.
const prefix = "preview/"

// newTask makes the capture that runs where no catalog is given. Its bindings come from discovery.
func newTask(paths []string) (*task, error) {
	config, err := json.Marshal(map[string]any{"paths": paths})
	if err != nil {
		return nil, err
	}
	return &task{spec: &protocol.CaptureSpec{
		Name:          prefix + "webhooks",
		ConnectorType: protocol.CaptureSpec_LOCAL,
		ConfigJson:    config,
	}}, nil
}

// override sets members of the endpoint's configuration.
func (t *task) override(members map[string]any) error {
	config := map[string]json.RawMessage{}
	if len(t.spec.ConfigJson) > 0 {
		if err := json.Unmarshal(t.spec.ConfigJson, &config); err != nil {
			return fmt.Errorf("capture %s: config: %w", t.spec.Name, err)
		}
	}
	for name, value := range members {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		config[name] = text
	}
	var err error
	t.spec.ConfigJson, err = json.Marshal(config)
	return err
}

// prepare asks the connector, as a publication does, for its bindings where there are none, for its opinion of the
// task, and to make the endpoint ready.
func (t *task) prepare(ctx context.Context, c *connector) error {
	if len(t.spec.Bindings) == 0 {
		found, err := c.call(ctx, &protocol.Request{Discover: &protocol.Request_Discover{
			ConnectorType: t.spec.ConnectorType, ConfigJson: t.spec.ConfigJson, Name: t.spec.Name}})
		if err != nil {
			return fmt.Errorf("discovering bindings: %w", err)
		}
		t.spec.Bindings = bindingsOf(found.GetDiscovered())
	}
	validate := &protocol.Request_Validate{
		Name: t.spec.Name, ConnectorType: t.spec.ConnectorType, ConfigJson: t.spec.ConfigJson}
	for _, b := range t.spec.Bindings {
		validate.Bindings = append(validate.Bindings, &protocol.Request_Validate_Binding{
			ResourceConfigJson: b.ResourceConfigJson, Collection: b.Collection, Backfill: b.Backfill})
	}
	validated, err := c.call(ctx, &protocol.Request{Validate: validate})
	if err != nil {
		return fmt.Errorf("validating the capture: %w", err)
	}
	answers := validated.GetValidated().GetBindings()
	if len(answers) != len(t.spec.Bindings) {
		return fmt.Errorf("validating the capture: the connector answered %d of %d bindings", len(answers), len(t.spec.Bindings))
	}
	for i, b := range t.spec.Bindings {
		b.ResourcePath = answers[i].ResourcePath
	}
	if _, err := c.call(ctx, &protocol.Request{Apply: &protocol.Request_Apply{Capture: t.spec, Version: "preview"}}); err != nil {
		return fmt.Errorf("applying the capture: %w", err)
	}
	return nil
}

// notInNames are characters that names of collections do not have; Flow replaces them.
var notInNames = regexp.MustCompile(`[^\pL\pN\-_./]+`)

// bindingsOf binds what was discovered to collections of its own, as a first publication does.
func bindingsOf(found *protocol.Response_Discovered) []*protocol.CaptureSpec_Binding {
	var bindings []*protocol.CaptureSpec_Binding
	for _, b := range found.GetBindings() {
		if b.Disable {
			continue
		}
		bindings = append(bindings, &protocol.CaptureSpec_Binding{
			ResourceConfigJson: b.ResourceConfigJson,
			ResourcePath:       b.ResourcePath,
			Collection: &protocol.CollectionSpec{
				Name:            prefix + notInNames.ReplaceAllString(b.RecommendedName, "_"),
				Key:             b.Key,
				UuidPtr:         "/_meta/uuid",
				WriteSchemaJson: b.DocumentSchemaJson,
			},
		})
	}
	return bindings
}
