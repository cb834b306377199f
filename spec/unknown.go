package spec

import (
	"fmt"

	"source-intercom-ingest/form"
	"source-intercom-ingest/protocol"
)

// Unknown says which members of a capture's configurations the forms do not know. They are ignored, as Flow has members
// of its own there, but one that is misspelt may leave an endpoint open.
func Unknown(endpoint []byte, resources ...[]byte) ([]string, error) {
	forms, err := Spec(new(protocol.Request_Spec))
	if err != nil {
		return nil, err
	}
	found, err := unknown(nil, "endpoint config", forms.ConfigSchemaJson, endpoint)
	for i, resource := range resources {
		if err == nil {
			found, err = unknown(found, fmt.Sprintf("resource config of binding %d", i), forms.ResourceConfigSchemaJson, resource)
		}
	}
	return found, err
}

func unknown(to []string, where string, schema, config []byte) ([]string, error) {
	members, err := form.Unknown(schema, config)
	for _, m := range members {
		to = append(to, where+": "+m.String())
	}
	return to, err
}
