package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"source-intercom-ingest/form"
	"source-intercom-ingest/protocol"
)

// A task is a capture to run: what the runtime would have of it after a publication.
type task struct {
	spec  *protocol.CaptureSpec
	env   map[string]string // for the connector
	codec string            // "proto", "json", or empty for the environment's

	choose func(*protocol.Response_Discovered_Binding) bool // of what is discovered
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
	if err := t.known(ctx, c); err != nil {
		return err
	}
	if err := t.discover(ctx, c); err != nil {
		return err
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

// discover asks for bindings where the task has none, and for the collections that it does not have.
func (t *task) discover(ctx context.Context, c *connector) error {
	bound := len(t.spec.Bindings) > 0
	if bound && !slices.ContainsFunc(t.spec.Bindings, lacksCollection) {
		return nil
	}
	found, err := c.call(ctx, &protocol.Request{Discover: &protocol.Request_Discover{
		ConnectorType: t.spec.ConnectorType, ConfigJson: t.spec.ConfigJson, Name: t.spec.Name}})
	if err != nil {
		return fmt.Errorf("discovering bindings: %w", err)
	}
	if !bound {
		t.spec.Bindings = bindingsOf(found.GetDiscovered(), t.choose)
		return nil
	}
	for i, b := range t.spec.Bindings {
		if !lacksCollection(b) {
			continue
		}
		like := likest(found.GetDiscovered().GetBindings(), b.ResourceConfigJson)
		if like == nil {
			return fmt.Errorf("capture %s: bindings[%d]: the catalog has no collection %q, and discovery offers none for its resource; add it under collections, or the binding's path to those of the configuration",
				t.spec.Name, i, b.Collection.Name)
		}
		b.Collection.Key, b.Collection.WriteSchemaJson = like.Key, like.DocumentSchemaJson
	}
	return nil
}

func lacksCollection(b *protocol.CaptureSpec_Binding) bool {
	return len(b.Collection.WriteSchemaJson) == 0
}

// likest returns the discovered binding whose resource has the same values: as its name among those of the capture, or
// else of the other members that say what it takes.
func likest(discovered []*protocol.Response_Discovered_Binding, resource []byte) *protocol.Response_Discovered_Binding {
	var given map[string]any
	_ = json.Unmarshal(resource, &given) // the connector will say what is wrong with it
	for _, name := range []string{"stream", "path", "resource", "refused"} {
		for _, d := range discovered {
			var offered map[string]any
			if json.Unmarshal(d.ResourceConfigJson, &offered) == nil && given[name] != nil && offered[name] == given[name] {
				return d
			}
		}
	}
	return nil
}

// polled is how many bindings take objects of an API.
func (t *task) polled() (n int) {
	for _, b := range t.spec.Bindings {
		if pathOf(b).Resource != "" {
			n++
		}
	}
	return n
}

// known refuses members of the task's configurations that the connector's forms do not know: one that is misspelt is one
// that is not there.
func (t *task) known(ctx context.Context, c *connector) error {
	forms, err := c.call(ctx, &protocol.Request{Spec: &protocol.Request_Spec{ConnectorType: t.spec.ConnectorType, ConfigJson: []byte("{}")}})
	if err != nil {
		return fmt.Errorf("asking for the forms: %w", err)
	}
	unknown, err := form.Unknown(forms.GetSpec().GetConfigSchemaJson(), t.spec.ConfigJson)
	if err != nil || len(unknown) > 0 {
		return errors.Join(err, unknownMembers("capture "+t.spec.Name+": config", unknown))
	}
	for i, b := range t.spec.Bindings {
		unknown, err := form.Unknown(forms.GetSpec().GetResourceConfigSchemaJson(), b.ResourceConfigJson)
		if err != nil || len(unknown) > 0 {
			return errors.Join(err, unknownMembers(fmt.Sprintf("capture %s: bindings[%d]: resource", t.spec.Name, i), unknown))
		}
	}
	return nil
}

// isRefused tells that a resource takes webhooks that are refused.
func isRefused(resource []byte) bool {
	var p hookPath
	return json.Unmarshal(resource, &p) == nil && p.Refused
}

// notInNames are characters that names of collections do not have; Flow replaces them.
var notInNames = regexp.MustCompile(`[^\pL\pN\-_./]+`)

// bindingsOf binds what was discovered to collections of its own, as a first publication does.
func bindingsOf(found *protocol.Response_Discovered, choose func(*protocol.Response_Discovered_Binding) bool) []*protocol.CaptureSpec_Binding {
	var bindings []*protocol.CaptureSpec_Binding
	for _, b := range found.GetBindings() {
		if !choose(b) {
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
