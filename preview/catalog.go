package preview

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"source-intercom-ingest/form"
	"source-intercom-ingest/protocol"
)

// catalogSchema lists the members of Flow's catalogs, so that one that is misspelt is seen.
//
//go:embed catalog.schema.json
var catalogSchema []byte

// A catalog is a Flow catalog, as far as a preview of a capture reads it.
type catalog struct {
	Import      []string              `json:"import"`
	Captures    map[string]capture    `json:"captures"`
	Collections map[string]collection `json:"collections"`

	library library
}

// A capture is a task of the catalog. Which program its endpoint names does not matter: preview runs itself.
type capture struct {
	Endpoint struct {
		Local *struct {
			Config   any               `json:"config"`
			Env      map[string]string `json:"env"`
			Protobuf bool              `json:"protobuf"`
		} `json:"local"`
		Connector *struct {
			Config any `json:"config"`
		} `json:"connector"`
	} `json:"endpoint"`
	Bindings []struct {
		Resource any    `json:"resource"`
		Target   any    `json:"target"`
		Disable  bool   `json:"disable"`
		Backfill uint32 `json:"backfill"`
	} `json:"bindings"`

	dir string // of the catalog, which the names of its files are relative to
}

// A collection has one schema, or one for writing beside one for reading, which preview does not need.
type collection struct {
	Key         []string `json:"key"`
	Schema      any      `json:"schema"`
	WriteSchema any      `json:"writeSchema"`

	dir string
}

// A place is where a value stands: in a file of a folder, or as a whole, where references to its own parts are to itself.
type place struct{ dir, file string }

// inline returns a value that stands in the catalog, or in a file, or at a location of one, that it names there.
func (c *catalog) inline(value any, dir string) (found any, in place, err error) {
	in = place{dir: dir}
	if name, ok := value.(string); ok {
		file, pointer, part := strings.Cut(name, "#")
		file = filepath.Join(dir, file)
		if value, err = c.library.at(file, pointer); err != nil {
			return nil, in, fmt.Errorf("%s: %w", name, err)
		}
		if in.dir = filepath.Dir(file); part {
			in.file = file
		}
	}
	if members, ok := value.(map[string]any); ok && members["sops"] != nil {
		return nil, in, errors.New("it is encrypted with sops; decrypt it first")
	}
	return value, in, nil
}

// config returns a configuration as JSON text.
func (c *catalog) config(value any, dir string) ([]byte, error) {
	found, _, err := c.inline(value, dir)
	if err != nil {
		return nil, err
	}
	return asJSON(found)
}

// readCatalog reads a catalog with all that it imports.
func readCatalog(file string, files library, seen map[string]bool) (*catalog, error) {
	value, err := files.at(file, "")
	if err != nil {
		return nil, fmt.Errorf("reading the catalog: %w", err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	if unknown, err := form.Unknown(catalogSchema, text); err != nil || len(unknown) > 0 {
		return nil, errors.Join(err, unknownMembers(file, unknown))
	}
	c := &catalog{library: files}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("parsing %s: %w", file, err)
	}
	dir := filepath.Dir(file)
	c.resolve(dir)
	seen[filepath.Clean(file)] = true
	for _, name := range c.Import {
		if name = filepath.Join(dir, name); seen[name] {
			continue
		}
		imported, err := readCatalog(name, files, seen)
		if err != nil {
			return nil, err
		}
		c.Captures, c.Collections = joined(imported.Captures, c.Captures), joined(imported.Collections, c.Collections)
	}
	return c, nil
}

// unknownMembers is the error of members that nothing knows. Each may be one that is misspelt, without which a capture
// would be another: one that is open to all, for one.
func unknownMembers(where string, unknown []form.Member) error {
	var all []string
	for _, m := range unknown {
		all = append(all, m.String())
	}
	return fmt.Errorf("%s: %s", where, strings.Join(all, "; "))
}

// joined lets the entries of a catalog win over those of what it imports.
func joined[V any](into, from map[string]V) map[string]V {
	if into == nil {
		return from
	}
	maps.Copy(into, from)
	return into
}

// resolve tells which folder the names of files are relative to.
func (c *catalog) resolve(dir string) {
	for name, task := range c.Captures {
		task.dir = dir
		c.Captures[name] = task
	}
	for name, collection := range c.Collections {
		collection.dir = dir
		c.Collections[name] = collection
	}
}

// capture returns the capture of a name, or the only one.
func (c *catalog) capture(name string) (string, capture, error) {
	names := slices.Sorted(maps.Keys(c.Captures))
	switch {
	case len(names) == 0:
		return "", capture{}, errors.New("the catalog has no captures; add one under captures")
	case name == "" && len(names) == 1:
		name = names[0]
	case name == "":
		return "", capture{}, fmt.Errorf("the catalog has the captures %q; choose one with --name", names)
	}
	task, ok := c.Captures[name]
	if !ok {
		return "", capture{}, fmt.Errorf("the catalog has no capture %q, but %q", name, names)
	}
	return name, task, nil
}

// readTask makes the task that a catalog's capture describes.
func readTask(file, name string) (*task, error) {
	c, err := readCatalog(file, library{}, map[string]bool{})
	if err != nil {
		return nil, err
	}
	name, found, err := c.capture(name)
	if err != nil {
		return nil, err
	}
	t := &task{spec: &protocol.CaptureSpec{Name: name, ConnectorType: protocol.CaptureSpec_LOCAL}}
	var config any
	switch {
	case found.Endpoint.Local != nil:
		config, t.env = found.Endpoint.Local.Config, found.Endpoint.Local.Env
		if t.codec = "json"; found.Endpoint.Local.Protobuf {
			t.codec = "proto"
		}
	case found.Endpoint.Connector != nil:
		config = found.Endpoint.Connector.Config
	default:
		return nil, fmt.Errorf("capture %s has no endpoint; give it a local or a connector one", name)
	}
	if t.spec.ConfigJson, err = c.config(config, found.dir); err != nil {
		return nil, fmt.Errorf("capture %s: config: %w", name, err)
	}
	for i, b := range found.Bindings {
		if b.Disable || b.Target == nil {
			continue
		}
		bound, err := c.binding(b.Resource, b.Target, found.dir)
		if err != nil {
			return nil, fmt.Errorf("capture %s: bindings[%d]: %w", name, i, err)
		}
		bound.Backfill = b.Backfill
		t.spec.Bindings = append(t.spec.Bindings, bound)
	}
	if len(found.Bindings) > 0 && len(t.spec.Bindings) == 0 {
		return nil, fmt.Errorf("capture %s: all of its bindings are disabled; enable one, or remove bindings to have those that are discovered", name)
	}
	return t, nil
}

// binding brings a binding's resource and its collection together, as a publication does. A collection that the catalog
// does not have is the one that will be discovered, which has no schema yet.
func (c *catalog) binding(resource, to any, dir string) (*protocol.CaptureSpec_Binding, error) {
	config, err := c.config(resource, dir)
	if err != nil {
		return nil, fmt.Errorf("resource: %w", err)
	}
	target, ok := to.(string)
	if !ok || target == "" {
		return nil, errors.New("target is no name of a collection; write one such as acmeCo/orders")
	}
	b := &protocol.CaptureSpec_Binding{ResourceConfigJson: config, Collection: &protocol.CollectionSpec{Name: target, UuidPtr: "/_meta/uuid"}}
	into, ok := c.Collections[target]
	if !ok {
		return b, nil
	}
	if len(into.Key) == 0 {
		return nil, fmt.Errorf("collection %s has no key; add one such as key: [/_meta/webhookId]", target)
	}
	schema := into.Schema
	if into.WriteSchema != nil {
		schema = into.WriteSchema
	}
	found, in, err := c.inline(schema, into.dir)
	if err == nil {
		found, err = c.library.bundled(found, in)
	}
	if err == nil && found == nil {
		err = errors.New("there is none; add schema, or writeSchema and readSchema")
	}
	if err == nil {
		b.Collection.WriteSchemaJson, err = asJSON(found)
	}
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", target, err)
	}
	b.Collection.Key = into.Key
	return b, nil
}
