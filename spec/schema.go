package spec

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/invopop/jsonschema"

	"source-intercom-ingest/protocol"
	"source-intercom-ingest/signature"
)

// DocumentationURL is where the form of the configuration sends a user who wants to know more.
const DocumentationURL = "https://go.estuary.dev/http-ingest"

// Spec answers what this connector is.
func Spec(*protocol.Request_Spec) (*protocol.Response_Spec, error) {
	endpoint, err := formOf(EndpointConfig{})
	if err != nil {
		return nil, err
	}
	resource, err := formOf(ResourceConfig{})
	if err != nil {
		return nil, err
	}
	return &protocol.Response_Spec{
		Protocol:                 protocol.Version,
		ConfigSchemaJson:         endpoint,
		ResourceConfigSchemaJson: resource,
		DocumentationUrl:         DocumentationURL,
		ResourcePathPointers:     []string{"/stream"},
	}, nil
}

// formOf makes the schema of a configuration.
func formOf(config any) (json.RawMessage, error) {
	schema := reflector.Reflect(config)
	schema.Title = reflect.TypeOf(config).Name()
	if property, ok := schema.Properties.Get("signatureConfig"); ok {
		*property = signatureForm()
	}
	annotate(schema)
	return json.Marshal(schema)
}

var reflector = jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true, DoNotReference: true}

// annotate adds what Flow's forms want to know: the order of the fields, which is theirs in the struct, and that null is as
// good as absent, which is so of all but what must be there and has no default.
func annotate(schema *jsonschema.Schema) {
	order := 0
	for field := schema.Properties.Oldest(); field != nil; field = field.Next() {
		property := field.Value
		if property.Extras == nil {
			property.Extras = map[string]any{}
		}
		property.Extras["order"] = order
		order++
		if property.Const == nil && (property.Default != nil || !slices.Contains(schema.Required, field.Key)) {
			allowNull(property)
		}
	}
}

// allowNull adds null to what a member may be, and makes it the default where there is no other. An object has none: its
// members' defaults would not be filled in.
func allowNull(property *jsonschema.Schema) {
	if property.Extras == nil {
		property.Extras = map[string]any{}
	}
	if property.Type != "object" && property.Default == nil {
		property.Extras["default"] = nil
	}
	if property.Enum != nil {
		property.Enum = append(property.Enum, nil)
	}
	property.Extras["type"] = []string{property.Type, "null"}
	property.Type = ""
}

// signatureForm offers the providers as branches that their name tells apart. Null is nobody's signature.
func signatureForm() jsonschema.Schema {
	form := jsonschema.Schema{
		Title:       "Signature Verification",
		Description: "Who signs the webhooks. Those that are not signed as the provider does are refused.",
		Type:        "object",
		Default:     map[string]any{"provider": "none"},
		Extras:      map[string]any{"discriminator": map[string]any{"propertyName": "provider"}},
	}
	for i, p := range signature.Providers() {
		branch := reflector.Reflect(p.Config)
		branch.Version, branch.Title = "", p.Title
		branch.Properties.Set("provider", &jsonschema.Schema{Title: "Provider", Description: "The sender.",
			Type: "string", Const: p.Name, Default: p.Name})
		_ = branch.Properties.MoveToFront("provider")
		branch.Required = append([]string{"provider"}, branch.Required...)
		annotate(branch)
		if i == 0 {
			allowNull(branch) // that of none alone: null is nobody else's
		}
		form.OneOf = append(form.OneOf, branch)
	}
	return form
}
