package spec

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"

	"source-intercom-ingest/form"
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
	schema := form.Reflect(config)
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
	form.Annotate(schema)
	return json.Marshal(schema)
}

// signatureForm offers the providers as branches that their name tells apart. Null is nobody's signature.
func signatureForm() jsonschema.Schema {
	offered := jsonschema.Schema{
		Title:       "Signature Verification",
		Description: "Who signs the webhooks. Those that are not signed as the provider does are refused.",
		Type:        "object",
		Default:     map[string]any{"provider": "none"},
		Extras:      map[string]any{"discriminator": map[string]any{"propertyName": "provider"}},
	}
	for i, p := range signature.Providers() {
		branch := form.Branch(p.Config, p.Title, "provider", jsonschema.Schema{Title: "Provider", Description: "The sender.", Const: p.Name})
		if i == 0 {
			form.AllowNull(branch) // that of none alone: null is nobody else's
		}
		offered.OneOf = append(offered.OneOf, branch)
	}
	return offered
}

// credentialsForm offers the ways to grant access to Intercom's API. None is chosen before a user does so.
func credentialsForm() jsonschema.Schema {
	const name = "credentials_title"
	kind := func(title string) jsonschema.Schema {
		return jsonschema.Schema{Title: "Authentication", Description: "How access is granted.", Const: title}
	}
	oauth := form.Branch(oauthCredentials{}, "OAuth", name, kind(oauthTitle))
	oauth.Extras = map[string]any{"x-oauth2-provider": "intercom"}
	token := form.Branch(tokenCredentials{}, "Access Token", name, kind(tokenTitle))
	form.AllowNull(token) // as if there were none
	return jsonschema.Schema{
		Title:       "Access to Intercom's API",
		Description: "Lets the capture read the objects of a workspace and their history, beside its webhooks.",
		Type:        "object",
		Extras:      map[string]any{"discriminator": map[string]any{"propertyName": name}},
		OneOf:       []*jsonschema.Schema{oauth, token},
	}
}
