package spec

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/invopop/jsonschema"

	"source-intercom-ingest/intercom"
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
		Oauth2:                   oauth2(),
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
	if property, ok := schema.Properties.Get("credentials"); ok {
		*property = credentialsForm()
	}
	if property, ok := schema.Properties.Get("resource"); ok {
		for _, name := range intercom.ResourceNames() {
			property.Enum = append(property.Enum, name)
		}
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
		branch := branchOf(p.Config, p.Title, "provider", jsonschema.Schema{Title: "Provider", Description: "The sender.", Const: p.Name})
		if i == 0 {
			allowNull(branch) // that of none alone: null is nobody else's
		}
		form.OneOf = append(form.OneOf, branch)
	}
	return form
}

// branchOf makes one of the branches of a oneOf, which the constant of one member tells from the others.
func branchOf(config any, title, name string, discriminator jsonschema.Schema) *jsonschema.Schema {
	branch := reflector.Reflect(config)
	branch.Version, branch.Title = "", title
	discriminator.Type, discriminator.Default = "string", discriminator.Const
	branch.Properties.Set(name, &discriminator)
	_ = branch.Properties.MoveToFront(name)
	branch.Required = append([]string{name}, branch.Required...)
	annotate(branch)
	return branch
}

// credentialsForm offers the ways to grant access to Intercom's API. None is chosen before a user does so.
func credentialsForm() jsonschema.Schema {
	const name = "credentials_title"
	kind := func(title string) jsonschema.Schema {
		return jsonschema.Schema{Title: "Authentication", Description: "How access is granted.", Const: title}
	}
	oauth := branchOf(oauthCredentials{}, "OAuth", name, kind(oauthTitle))
	oauth.Extras = map[string]any{"x-oauth2-provider": "intercom"}
	token := branchOf(tokenCredentials{}, "Access Token", name, kind(tokenTitle))
	allowNull(token) // as if there were none
	return jsonschema.Schema{
		Title:       "Access to Intercom's API",
		Description: "Lets the capture read the objects of a workspace and their history, beside its webhooks.",
		Type:        "object",
		Extras:      map[string]any{"discriminator": map[string]any{"propertyName": name}},
		OneOf:       []*jsonschema.Schema{oauth, token},
	}
}
