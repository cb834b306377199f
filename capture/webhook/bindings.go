package webhook

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/pages"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/schemas"
	"source-intercom-ingest/signature"
	"source-intercom-ingest/spec"
)

// A Binding takes the webhooks of one path to one collection.
type Binding struct {
	index        uint32 // in Open's capture
	about        pages.Collection
	resourcePath []string
	path         spec.Path
	topics       []intercom.Pattern // none stands for what no other binding of the path takes
	ids          ids
	validator    *schemas.Validator
	documents    prometheus.Counter // acknowledged ones
	takesEmpty   bool               // an empty body as an empty object
	refused      bool               // it takes what is refused for its content, of all paths
}

// ResourcePath identifies the binding to the runtime.
func (b *Binding) ResourcePath() []string { return b.resourcePath }

// A Bound is a binding as the runtime sends it, in Validate and in Open alike.
type Bound interface {
	GetResourceConfigJson() []byte
	GetCollection() *protocol.CollectionSpec
}

// Bind checks and prepares bindings for webhooks of a sender, and leaves out those that take none. Whatever would fail a session
// fails here, so Validate calls it too.
func Bind[R Bound](resources []R, sender *signature.Scheme) ([]*Binding, error) {
	var bindings []*Binding
	for i, resource := range resources {
		collection := resource.GetCollection()
		if collection.GetName() == "" {
			return nil, fmt.Errorf("binding %d comes without its collection; this connector needs each binding's collection beside it", i)
		}
		b, err := newBinding(uint32(i), resource.GetResourceConfigJson(), collection, sender)
		if err != nil {
			return nil, fmt.Errorf("binding %d (%s): %w", i, collection.Name, err)
		}
		if b == nil {
			continue
		}
		for _, earlier := range bindings {
			if err := compatible(earlier, b); err != nil {
				return nil, err
			}
		}
		bindings = append(bindings, b)
	}
	return bindings, nil
}

// compatible refuses two bindings of which no request could tell which one it is for.
func compatible(a, b *Binding) error {
	switch {
	case a.refused && b.refused:
		return fmt.Errorf("bindings of %s and %s both have refused: true; remove one", a.about.Name, b.about.Name)
	case a.refused || b.refused || !a.path.Conflicts(b.path):
		return nil
	case a.path.String() != b.path.String() || len(a.topics) == 0 && len(b.topics) == 0:
		return fmt.Errorf("paths %q of %s and %q of %s match the same requests; change or remove one, or give bindings of one path topics that tell them apart",
			a.path, a.about.Name, b.path, b.about.Name)
	case equalTopics(a.topics, b.topics):
		return fmt.Errorf("bindings of %s and %s at path %q have the same topics %q; change or remove one", a.about.Name, b.about.Name, a.path, a.topics)
	}
	return nil
}

// equalTopics compares what patterns are written, not what they match: overlapping ones are meant.
func equalTopics(a, b []intercom.Pattern) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// newBinding prepares the binding at an index of the capture; none where it takes no webhooks. The path defaults to the name of the collection, as it
// did before resource configs had one.
func newBinding(index uint32, resourceConfig []byte, collection *protocol.CollectionSpec, sender *signature.Scheme) (*Binding, error) {
	config, err := spec.ParseResource(resourceConfig)
	if err != nil || config.Polled != nil {
		return nil, err
	}
	var path spec.Path
	if !config.Refused {
		if path, err = spec.ParsePath(cmp.Or(config.Path, collection.Name)); err != nil {
			return nil, err
		}
	}
	validator, err := schemas.Compile(collection.WriteSchemaJson, collection.Key, path.Params())
	if err != nil {
		return nil, err
	}
	var topics []intercom.Pattern
	for _, topic := range config.Topics {
		topics = append(topics, intercom.Pattern(topic))
	}
	return &Binding{
		topics: topics,
		index:  index,
		about: pages.Collection{
			Name: collection.Name, Key: collection.Key, WriteSchema: collection.WriteSchemaJson, Topics: config.Topics,
			IDFromHeader: config.IDFromHeader, IDFromBody: config.IDFromBody,
		},
		resourcePath: config.ResourcePath(),
		path:         path,
		ids:          newIDs(config, sender),
		takesEmpty:   config.EmptyBody == spec.CaptureEmpty,
		refused:      config.Refused,
		validator:    validator,
	}, nil
}
