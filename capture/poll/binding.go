package poll

import (
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/schemas"
	"source-intercom-ingest/spec"
)

// A Binding takes the objects of one resource to one collection.
type Binding struct {
	spec.Polled
	index        uint32 // in Open's capture
	collection   string
	resourcePath []string
	stateKey     string
	counter      uint32 // of backfills that a user has asked for
	validator    *schemas.Validator
	lens         lens     // of its own objects
	members      []string // of the lens
	documents    prometheus.Counter
	broods       broods // of a resource of children
}

// ResourcePath identifies the binding to the runtime.
func (b *Binding) ResourcePath() []string { return b.resourcePath }

// A Bound is a binding as the runtime sends it, in Validate and in Open alike.
type Bound interface {
	GetResourceConfigJson() []byte
	GetCollection() *protocol.CollectionSpec
}

// Bind checks and prepares the bindings that are polled, and leaves out those that take webhooks.
func Bind[R Bound](resources []R, access spec.Access) ([]*Binding, error) {
	var bindings []*Binding
	taken := map[string]string{}
	for i, resource := range resources {
		config, err := spec.ParseResource(resource.GetResourceConfigJson())
		if err != nil || config.Polled == nil {
			continue // it is about webhooks, whose errors are found there
		}
		b, err := newBinding(uint32(i), config, resource.GetCollection())
		name := resource.GetCollection().GetName()
		if err == nil && !access.Granted() {
			err = fmt.Errorf("resource %s is read from Intercom's API, and credentials are missing; add them to the endpoint config, or disable the binding", b.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("binding %d (%s): %w", i, name, err)
		}
		if other, ok := taken[b.Name]; ok && b.Way != intercom.Custom {
			return nil, fmt.Errorf("bindings of %s and %s both take the resource %s; remove one", other, name, b.Name)
		}
		taken[b.Name] = name
		if keyed, ok := any(resource).(interface{ GetStateKey() string }); ok {
			b.stateKey = keyed.GetStateKey()
		}
		if counted, ok := any(resource).(interface{ GetBackfill() uint32 }); ok {
			b.counter = counted.GetBackfill()
		}
		if b.stateKey == "" {
			b.stateKey = strings.Join(b.resourcePath, "/")
		}
		bindings = append(bindings, b)
	}
	return bindings, nil
}

func newBinding(index uint32, config spec.ResourceConfig, collection *protocol.CollectionSpec) (*Binding, error) {
	if collection.GetName() == "" {
		return nil, fmt.Errorf("it comes without its collection; this connector needs each binding's collection beside it")
	}
	b := &Binding{Polled: *config.Polled, index: index, collection: collection.Name, resourcePath: config.ResourcePath()}
	var err error
	if b.validator, err = schemas.CompileObject(collection.WriteSchemaJson, collection.Key, b.Key); err != nil {
		return nil, err
	}
	b.lens = newLens(pointers(b.Polled)...)
	b.members = b.lens.members()
	return b, nil
}

// sublists are the lists in a contact that hold its first entries only.
var sublists = []string{"tags", "companies"}

// pointers are where the values are that are read of a resource's objects.
func pointers(p spec.Polled) []string {
	at := append([]string{}, p.Key...)
	at = append(at, order(p), "/id", "/created_at", "/updated_at")
	switch p.Name {
	case "conversations", "tickets":
		parts := "/" + strings.TrimSuffix(p.Name, "s") + "_parts"
		at = append(at, parts, parts+parts)
	case "conversation_parts", "ticket_parts":
		parent := "/" + strings.TrimSuffix(p.Name, "_parts")
		at = append(at, parent+"_id", parent+"_updated_at")
	case "company_segments", "contact_notes":
		at = append(at, p.Key...)
	case "contacts":
		for _, list := range sublists {
			at = append(at, "/"+list+"/has_more", "/"+list+"/data")
		}
	}
	return at
}

// order is where an object says when it was changed; empty for nowhere.
func order(p spec.Polled) string {
	if p.Way == intercom.Custom {
		return p.Updated
	}
	if p.Order == "" {
		return ""
	}
	return "/" + p.Order
}
