package spec

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"

	"source-intercom-ingest/protocol"
	"source-intercom-ingest/signature"
)

// DocumentationURL is where the form of the configuration sends a user who wants to know more.
const DocumentationURL = "https://go.estuary.dev/http-ingest"

// Spec answers what this connector is.
func Spec(*protocol.Request_Spec) (*protocol.Response_Spec, error) {
	endpoint, err := form(EndpointConfig{})
	if err != nil {
		return nil, err
	}
	resource, err := form(ResourceConfig{})
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

// form makes the schema of a configuration.
func form(config any) (json.RawMessage, error) {
	schema := reflector.Reflect(config)
	schema.Title = reflect.TypeOf(config).Name()
	if property, ok := schema.Properties.Get("signatureConfig"); ok {
		*property = signatureForm()
	}
	annotate(schema)
	return json.Marshal(schema)
}

var reflector = jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true, DoNotReference: true}

// annotate adds what Flow's forms want to know: the order of the fields, which is theirs in the struct, and null as a
// second type of those that are tagged as nullable.
func annotate(schema *jsonschema.Schema) {
	order := 0
	for field := schema.Properties.Oldest(); field != nil; field = field.Next() {
		property := field.Value
		if property.Extras == nil {
			property.Extras = map[string]any{}
		}
		property.Extras["order"] = order
		order++
		if property.Extras["nullable"] == true {
			delete(property.Extras, "nullable")
			property.Extras["type"] = []string{property.Type, "null"}
			property.Type = ""
		}
	}
}

// signatureForm offers the providers as branches that their name tells apart.
func signatureForm() jsonschema.Schema {
	form := jsonschema.Schema{
		Title:       "Signature Verification",
		Description: "Who signs the webhooks. Those that are not signed as the provider does are refused.",
		Type:        "object",
		Default:     map[string]any{"provider": "none"},
		Extras:      map[string]any{"discriminator": map[string]any{"propertyName": "provider"}},
	}
	for _, p := range signature.Providers() {
		branch := reflector.Reflect(p.Config)
		branch.Version, branch.Title = "", p.Title
		branch.Properties.Set("provider", &jsonschema.Schema{Title: "Provider", Description: "The sender.",
			Type: "string", Const: p.Name, Default: p.Name})
		_ = branch.Properties.MoveToFront("provider")
		branch.Required = append([]string{"provider"}, branch.Required...)
		annotate(branch)
		form.OneOf = append(form.OneOf, branch)
	}
	return form
}
