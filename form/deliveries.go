package form

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Deliveries are those of a file: one destination, and what is sent to it of which collections.
type Deliveries struct {
	Endpoint   json.RawMessage
	Deliveries []Delivery
}

// A Delivery is one of a file. Resource is its configuration, as a binding of Flow has it.
type Delivery struct {
	Name     string
	Source   string // the collection
	From     string // beginning, a time by RFC 3339, or empty for now
	Resource json.RawMessage
}

// ReadDeliveries reads a file of YAML: endpoint, and deliveries, each with source, from and the members of its resource, beside
// them or in resource. Errors name the place and the cure.
func ReadDeliveries(file string) (*Deliveries, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	value, err := FromYAML(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	d, err := deliveriesOf(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}

func deliveriesOf(value any) (*Deliveries, error) {
	members, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("it is no object; write endpoint and deliveries")
	}
	for name := range members {
		if name != "endpoint" && name != "deliveries" {
			return nil, fmt.Errorf("%s is not known; write endpoint and deliveries", name)
		}
	}
	d := new(Deliveries)
	var err error
	if d.Endpoint, err = json.Marshal(members["endpoint"]); err != nil {
		return nil, err
	}
	list, _ := members["deliveries"].([]any)
	if members["endpoint"] == nil || len(list) == 0 {
		return nil, errors.New("endpoint or deliveries is missing; write both, and at least one delivery")
	}
	names := map[string]bool{}
	for i, one := range list {
		made, err := deliveryOf(one)
		if err == nil && names[made.Name] {
			err = fmt.Errorf("the name %q is there twice; choose another", made.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("deliveries[%d]: %w", i, err)
		}
		names[made.Name] = true
		d.Deliveries = append(d.Deliveries, made)
	}
	return d, nil
}

func deliveryOf(value any) (d Delivery, err error) {
	members, ok := value.(map[string]any)
	if !ok {
		return d, errors.New("it is no object; write source and what is sent")
	}
	resource := map[string]any{}
	if nested, ok := members["resource"].(map[string]any); ok {
		resource = nested
	}
	for name, v := range members {
		text, isText := v.(string)
		switch {
		case name == "source" && isText && strings.TrimSpace(text) != "":
			d.Source = text
		case name == "from" && isText:
			d.From = text
		case name == "source" || name == "from":
			return d, fmt.Errorf("%s is no text; write the name of a collection, or where to begin", name)
		case name == "resource":
		default:
			resource[name] = v
		}
	}
	if d.Source == "" {
		return d, errors.New("source is missing; write the name of a collection such as preview/webhook-data")
	}
	if d.Name, _ = resource["name"].(string); d.Name == "" {
		return d, errors.New("name is missing; write one such as new-contacts")
	}
	d.Resource, err = json.Marshal(resource)
	return d, err
}
