package capture

import (
	"fmt"

	"source-intercom-ingest/protocol"
	"source-intercom-ingest/schemas"
	"source-intercom-ingest/signature"
	"source-intercom-ingest/spec"
)

// A binding takes the webhooks of one path to one collection.
type binding struct {
	index        uint32 // in Open's capture
	collection   string
	resourcePath []string
	path         spec.Path
	wildcards    []string // of the path's pattern, in the order of its parameters
	ids          ids
	validator    *schemas.Validator
}

// A boundResource is a binding as the runtime sends it, in Validate and in Open alike.
type boundResource interface {
	GetResourceConfigJson() []byte
	GetCollection() *protocol.CollectionSpec
}

// newBindings checks and prepares bindings for webhooks of a sender. Whatever would fail a session fails here, so Validate calls it too.
func newBindings[R boundResource](resources []R, sender *signature.Scheme) ([]*binding, error) {
	var bindings []*binding
	for i, resource := range resources {
		collection := resource.GetCollection()
		if collection.GetName() == "" {
			return nil, fmt.Errorf("binding %d comes without its collection; this connector needs each binding's collection beside it", i)
		}
		b, err := newBinding(uint32(i), resource.GetResourceConfigJson(), collection, sender)
		if err != nil {
			return nil, fmt.Errorf("binding %d (%s): %w", i, collection.Name, err)
		}
		for _, earlier := range bindings {
			if b.path.Conflicts(earlier.path) {
				return nil, fmt.Errorf("paths %q of %s and %q of %s match the same requests; change or remove one",
					earlier.path, earlier.collection, b.path, b.collection)
			}
		}
		bindings = append(bindings, b)
	}
	return bindings, nil
}

func newBinding(index uint32, resourceConfig []byte, collection *protocol.CollectionSpec, sender *signature.Scheme) (*binding, error) {
	config, err := spec.ParseResource(resourceConfig)
	if err != nil {
		return nil, err
	}
	if config.Path == "" {
		config.Path = collection.Name
	}
	path, err := spec.ParsePath(config.Path)
	if err != nil {
		return nil, err
	}
	validator, err := schemas.Compile(collection.WriteSchemaJson, collection.Key, path.Params())
	if err != nil {
		return nil, err
	}
	return &binding{
		index:        index,
		collection:   collection.Name,
		resourcePath: config.ResourcePath(),
		path:         path,
		ids:          newIDs(config, sender),
		validator:    validator,
	}, nil
}
