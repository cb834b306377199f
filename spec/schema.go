package spec

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"

	"source-intercom-ingest/protocol"
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

// form makes the schema of a struct, with the annotations of Flow's forms: the order of the fields is theirs in the
// struct, and the tag nullable adds null to a field's type.
func form(config any) (json.RawMessage, error) {
	r := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true, DoNotReference: true}
	schema := r.Reflect(config)
	schema.Title = reflect.TypeOf(config).Name()
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
	return json.Marshal(schema)
}
