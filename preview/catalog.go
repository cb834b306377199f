package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"source-intercom-ingest/protocol"
)

// A catalog is a Flow catalog, as far as a preview of a capture reads it.
type catalog struct {
	Import      []string              `yaml:"import"`
	Captures    map[string]capture    `yaml:"captures"`
	Collections map[string]collection `yaml:"collections"`
}

// A capture is a task of the catalog. Which program its endpoint names does not matter: preview runs itself.
type capture struct {
	Endpoint struct {
		Local *struct {
			Config   inline            `yaml:"config"`
			Env      map[string]string `yaml:"env"`
			Protobuf bool              `yaml:"protobuf"`
		} `yaml:"local"`
		Connector *struct {
			Config inline `yaml:"config"`
		} `yaml:"connector"`
	} `yaml:"endpoint"`
	Bindings []struct {
		Resource inline `yaml:"resource"`
		Target   string `yaml:"target"`
		Disable  bool   `yaml:"disable"`
		Backfill uint32 `yaml:"backfill"`
	} `yaml:"bindings"`
}

// A collection has one schema, or one for writing beside one for reading, which preview does not need.
type collection struct {
	Key         []string `yaml:"key"`
	Schema      inline   `yaml:"schema"`
	WriteSchema inline   `yaml:"writeSchema"`
}

// An inline value stands in the catalog, or in a file that it names there.
type inline struct {
	value any
	dir   string // of the catalog
}

// UnmarshalYAML keeps the value as it stands; json looks behind the name of a file.
func (i *inline) UnmarshalYAML(node *yaml.Node) error { return node.Decode(&i.value) }

// json returns the value as JSON text; none if there is no value.
func (i inline) json() ([]byte, error) {
	value := i.value
	if name, ok := value.(string); ok {
		text, err := os.ReadFile(filepath.Join(i.dir, name))
		if err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(text, &value); err != nil {
			return nil, fmt.Errorf("parsing %s: %w", name, err)
		}
	}
	if value == nil {
		return nil, nil
	}
	if members, ok := value.(map[string]any); ok && members["sops"] != nil {
		return nil, errors.New("it is encrypted with sops; decrypt it first")
	}
	return json.Marshal(value)
}

// readCatalog reads a catalog with all that it imports.
func readCatalog(file string, seen map[string]bool) (*catalog, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the catalog: %w", err)
	}
	c := new(catalog)
	if err := yaml.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("parsing %s: %w", file, err)
	}
	dir := filepath.Dir(file)
	c.resolve(dir)
	seen[filepath.Clean(file)] = true
	for _, name := range c.Import {
		if name = filepath.Join(dir, name); seen[name] {
			continue
		}
		imported, err := readCatalog(name, seen)
		if err != nil {
			return nil, err
		}
		imported.Captures, imported.Collections = merge(imported.Captures, c.Captures), merge(imported.Collections, c.Collections)
		c.Captures, c.Collections = imported.Captures, imported.Collections
	}
	return c, nil
}

// merge lets the entries of a catalog win over those of what it imports.
func merge[V any](into, from map[string]V) map[string]V {
	if into == nil {
		return from
	}
	maps.Copy(into, from)
	return into
}

// resolve tells every inline value which folder the names of its file are relative to.
func (c *catalog) resolve(dir string) {
	for name, task := range c.Captures {
		if task.Endpoint.Local != nil {
			task.Endpoint.Local.Config.dir = dir
		}
		if task.Endpoint.Connector != nil {
			task.Endpoint.Connector.Config.dir = dir
		}
		for i := range task.Bindings {
			task.Bindings[i].Resource.dir = dir
		}
		c.Captures[name] = task
	}
	for name, collection := range c.Collections {
		collection.Schema.dir, collection.WriteSchema.dir = dir, dir
		c.Collections[name] = collection
	}
}

// capture returns the capture of a name, or the only one.
func (c *catalog) capture(name string) (string, capture, error) {
	names := slices.Sorted(maps.Keys(c.Captures))
	switch {
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
	c, err := readCatalog(file, map[string]bool{})
	if err != nil {
		return nil, err
	}
	name, found, err := c.capture(name)
	if err != nil {
		return nil, err
	}
	t := &task{spec: &protocol.CaptureSpec{Name: name, ConnectorType: protocol.CaptureSpec_LOCAL}}
	var config inline
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
	if t.spec.ConfigJson, err = config.json(); err != nil {
		return nil, fmt.Errorf("capture %s: config: %w", name, err)
	}
	for i, b := range found.Bindings {
		if b.Disable {
			continue
		}
		bound, err := c.binding(b.Resource, b.Target)
		if err != nil {
			return nil, fmt.Errorf("capture %s: bindings[%d]: %w", name, i, err)
		}
		bound.Backfill = b.Backfill
		t.spec.Bindings = append(t.spec.Bindings, bound)
	}
	return t, nil
}

// binding brings a binding's resource and its collection together, as a publication does.
func (c *catalog) binding(resource inline, target string) (*protocol.CaptureSpec_Binding, error) {
	config, err := resource.json()
	if err != nil {
		return nil, fmt.Errorf("resource: %w", err)
	}
	into, ok := c.Collections[target]
	if !ok {
		return nil, fmt.Errorf("target %q is not among the catalog's collections; add it", target)
	}
	schema := into.Schema
	if into.WriteSchema.value != nil {
		schema = into.WriteSchema
	}
	text, err := schema.json()
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", target, err)
	}
	return &protocol.CaptureSpec_Binding{
		ResourceConfigJson: config,
		Collection:         &protocol.CollectionSpec{Name: target, Key: into.Key, UuidPtr: "/_meta/uuid", WriteSchemaJson: text},
	}, nil
}
