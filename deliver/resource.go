package deliver

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sync/semaphore"

	"source-intercom-ingest/deliver/condition"
	"source-intercom-ingest/deliver/template"
	"source-intercom-ingest/deliver/value"
	"source-intercom-ingest/form"
)

// ResourceConfig is the configuration of a binding: which events of a collection are sent, and what is sent of them.
type ResourceConfig struct {
	Name       string            `json:"name" jsonschema:"title=Name" jsonschema_description:"The name of this delivery among those of the task. It is part of what identifies what is sent." jsonschema_extras:"x-collection-name=true"`
	Conditions json.RawMessage   `json:"conditions,omitempty"`
	Send       json.RawMessage   `json:"send"`
	Variables  map[string]string `json:"variables,omitempty" jsonschema:"title=Variables" jsonschema_description:"Names for values of the document, each with a JSON pointer to it."`
	Templates  map[string]string `json:"templates,omitempty" jsonschema:"title=Templates" jsonschema_description:"Templates by name, which others may use."`
	Success    []any             `json:"success,omitempty" jsonschema:"title=Success" jsonschema_description:"Statuses that mean success, such as 200 or 2xx. By default all of 2xx do." jsonschema_extras:"advanced=true"`
	OrderBy    string            `json:"orderBy,omitempty" jsonschema:"title=Order By" jsonschema_description:"A JSON pointer. Events with the same value there are sent one after the other. By default those of one object are." jsonschema_extras:"advanced=true"`
}

// A delivery is a checked binding.
type delivery struct {
	name       string
	collection string
	stateKey   string
	conditions *condition.Condition
	variables  []variable
	statuses   []status // of success
	order      value.Path
	action     action
	room       *semaphore.Weighted // bytes of what is not settled
}

// A variable is a name for a place in documents.
type variable struct {
	name string
	path value.Path
}

// An action makes what is sent of a document.
type action struct {
	// refuses tells why a document is not sent, apart from conditions; empty if it is.
	refuses func(*input) string
	// prepare renders. An error is the document's fault.
	prepare func(*input) (*message, error)
}

// An input is a document, as actions see it.
type input struct {
	template.Data
	raw []byte
	id  string
	subject
}

// A status is one of success, or a hundred of them.
type status struct{ from, to int }

// parseResource checks the configuration of a binding. Its errors name the member and the cure.
func (d *Destination) parseResource(config []byte) (*delivery, error) {
	if err := unknown("resource config", resourceForm, normal(config, resourceChoices)); err != nil {
		return nil, err
	}
	var c ResourceConfig
	if err := form.Decode(config, &c); err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Name) == "" {
		return nil, fmt.Errorf("name is missing; write one such as new-contacts")
	}
	made := &delivery{name: c.Name}
	var err error
	if made.conditions, err = parseConditions(c.Conditions); err != nil {
		return nil, err
	}
	for _, name := range sorted(c.Variables) {
		v := variable{name: name}
		if v.path, err = value.PointerPath(c.Variables[name]); err != nil {
			return nil, fmt.Errorf("variables.%s: %w", name, err)
		}
		if _, both := c.Templates[name]; both || name == "" || strings.ContainsAny(name, ". \t") {
			return nil, fmt.Errorf("variables.%s: the name is that of a template too, or is empty, or has a dot or a space; choose another", name)
		}
		made.variables = append(made.variables, v)
	}
	if made.statuses, err = statusesOf(c.Success); err != nil {
		return nil, err
	}
	if c.OrderBy != "" {
		if made.order, err = value.PointerPath(c.OrderBy); err != nil {
			return nil, fmt.Errorf("orderBy: %w", err)
		}
	}
	set := template.NewSet(c.Templates)
	if err := set.Check(); err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	kind, members, err := chosen(c.Send, "send", "", resourceChoices["send"]...)
	if err != nil {
		return nil, err
	}
	if made.action, err = actions[kind](d, members, set); err != nil {
		return nil, fmt.Errorf("send.%w", err)
	}
	return made, nil
}

// actions are the ways to send, by what send chooses. Errors begin with the member within send.
var actions map[string]func(*Destination, json.RawMessage, *template.Set) (action, error)

func init() { // of functions that lead back to the forms
	actions = map[string]func(*Destination, json.RawMessage, *template.Set) (action, error){
		"request": requestAction, "event": eventAction, "document": documentAction, "intercom": intercomAction}
}

func statusesOf(given []any) (all []status, err error) {
	for i, one := range given {
		text := fmt.Sprint(one)
		if hundred, ok := strings.CutSuffix(strings.ToLower(text), "xx"); ok && len(hundred) == 1 && hundred[0] >= '2' && hundred[0] <= '5' {
			n := int(hundred[0]-'0') * 100
			all = append(all, status{n, n + 99})
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 200 || n > 599 {
			return nil, fmt.Errorf("success[%d] is %v; write a status such as 200, or 2xx", i, one)
		}
		all = append(all, status{n, n})
	}
	if len(given) == 0 {
		all = []status{{200, 299}}
	}
	return all, nil
}

// succeeds tells that a status means success.
func (d *delivery) succeeds(code int) bool {
	for _, s := range d.statuses {
		if code >= s.from && code <= s.to {
			return true
		}
	}
	return false
}

// read makes the input of a document.
func (d *delivery) read(raw []byte) (*input, error) {
	document, err := value.Parse(raw)
	if err != nil {
		return nil, err
	}
	in := &input{Data: template.Data{Document: document}, raw: raw, subject: subjectOf(document, d.collection)}
	for _, v := range d.variables {
		in.Variables = append(in.Variables, template.Variable{Name: v.name, Value: document.At(v.path)})
	}
	in.id = d.identity(in)
	return in, nil
}

// filtered names what said that a document is not sent; empty if it is.
func (d *delivery) filtered(in *input) string {
	ok, no := d.conditions.Match(condition.Data{Document: in.Document, Variable: func(name string) (*value.Value, bool) {
		for _, v := range in.Variables {
			if v.Name == name {
				return v.Value, true
			}
		}
		return nil, false
	}})
	if !ok {
		return no
	}
	if d.action.refuses != nil {
		return d.action.refuses(in)
	}
	return ""
}
