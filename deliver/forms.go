package deliver

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/invopop/jsonschema"

	"source-intercom-ingest/deliver/condition"
	"source-intercom-ingest/form"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/protocol/materialize"
)

// DocumentationURL is where the form of the configuration sends a user who wants to know more.
const DocumentationURL = "https://go.estuary.dev/http-ingest"

// endpointChoices and resourceChoices are members that are one of several.
var (
	endpointChoices = map[string][]string{
		"auth":    {"none", "bearer", "basic", "header", "oauth2"},
		"signing": {"none", "elements", "standardWebhooks"},
	}
	resourceChoices = map[string][]string{"send": {"request", "event", "document", "intercom"}}
)

// Titles and configurations of what is chosen.
var branches = map[string]struct {
	title  string
	config any
}{
	"none": {"None", noAuth{}}, "bearer": {"Bearer Token", bearerAuth{}}, "basic": {"Basic", basicAuth{}}, "header": {"Header", headerAuth{}},
	"oauth2": {"OAuth 2.0 Client Credentials", oauth2Auth{}}, "elements": {"Elements", signingKeys{}}, "standardWebhooks": {"Standard Webhooks", signingKeys{}},
	"request": {"Request", requestConfig{}}, "event": {"Event", eventConfig{}}, "document": {"Document", documentConfig{}}, "intercom": {"Intercom", intercomConfig{}},
}

var endpointForm, resourceForm = forms()

func forms() (endpoint, resource json.RawMessage) {
	e := form.Reflect(EndpointConfig{})
	e.Title = "EndpointConfig"
	put(e, "auth", choiceForm("Authentication", "How requests are authenticated.", endpointChoices["auth"], true))
	put(e, "signing", choiceForm("Signing", "How requests are signed, so that the receiver knows the sender.", endpointChoices["signing"], true))
	if headers, ok := e.Properties.Get("headers"); ok {
		headers.AdditionalProperties = &jsonschema.Schema{Type: "string", Extras: map[string]any{"secret": true}}
	}
	for _, group := range []string{"network", "limits"} {
		if inside, ok := e.Properties.Get(group); ok {
			form.Annotate(inside)
		}
	}
	form.Annotate(e)
	r := form.Reflect(ResourceConfig{})
	r.Title = "ResourceConfig"
	put(r, "send", choiceForm("Send", "What is sent of each event.", resourceChoices["send"], false))
	put(r, "conditions", &jsonschema.Schema{Title: "Conditions", Type: "object",
		Description: "Which events are sent: all, any or not over comparisons of field, operator and value. By default all are."})
	form.Annotate(r)
	return mustJSON(e), mustJSON(r)
}

func mustJSON(schema *jsonschema.Schema) json.RawMessage {
	text, err := json.Marshal(schema)
	if err != nil {
		panic(err) // of a schema that is made here
	}
	return text
}

func put(into *jsonschema.Schema, name string, property *jsonschema.Schema) {
	if at, ok := into.Properties.Get(name); ok {
		*at = *property
	}
}

// choiceForm offers branches that their type tells apart.
func choiceForm(title, description string, names []string, optional bool) *jsonschema.Schema {
	offered := &jsonschema.Schema{Title: title, Description: description, Type: "object",
		Extras: map[string]any{"discriminator": map[string]any{"propertyName": "type"}}}
	for i, name := range names {
		b := branches[name]
		branch := form.Branch(b.config, b.title, "type", jsonschema.Schema{Title: "Type", Description: "Tells what is chosen.", Const: name})
		if i == 0 && optional {
			form.AllowNull(branch)
			offered.Default = map[string]any{"type": name}
		}
		offered.OneOf = append(offered.OneOf, branch)
	}
	return offered
}

// Spec answers what this connector is.
func Spec(*materialize.Request_Spec) (*materialize.Response_Spec, error) {
	return &materialize.Response_Spec{Protocol: protocol.Version, ConfigSchemaJson: endpointForm, ResourceConfigSchemaJson: resourceForm,
		DocumentationUrl: DocumentationURL}, nil
}

// unknown refuses members that a form does not know: a condition that is misspelt would send everything.
func unknown(where string, schema, config json.RawMessage) error {
	members, err := form.Unknown(schema, config)
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	var all []error
	for _, m := range members {
		all = append(all, fmt.Errorf("%s: %s", where, m))
	}
	return errors.Join(all...)
}

// parseConditions compiles those of a binding.
func parseConditions(raw json.RawMessage) (*condition.Condition, error) {
	if isNull(raw) {
		return nil, nil
	}
	return condition.Parse(raw, "conditions")
}

// sorted are the names of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
