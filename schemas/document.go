// Package schemas knows the documents of this connector as JSON Schemas: the schema that discovery offers for them,
// validators of collections' write schemas, and which of those schemas need no document to be looked at.
package schemas

import "encoding/json"

// Names of the members that the connector writes under a document's /_meta.
const (
	WebhookID  = "webhookId"
	ReceivedAt = "receivedAt"
	ReqPath    = "reqPath"
	PathParams = "pathParams"
	Query      = "query"
	Headers    = "headers"
)

type object = map[string]any

// Document returns the schema of the documents of a path with these parameters. It says what the connector writes
// under _meta; the sender's members are left to the runtime's inference.
func Document(pathParams []string) json.RawMessage {
	meta := object{
		WebhookID:  described("string", "Identifies this webhook: an id that the sender gave it, or a time-ordered UUID."),
		ReceivedAt: described("string", "When the webhook was received, in UTC."),
		ReqPath:    described("string", "The configured path that the webhook was sent to."),
		Headers:    mapOfStrings("The request's headers, with lower-case names. Those that carry secrets are left out."),
		Query:      mapOfStrings("The parameters of the request's query."),
	}
	meta[ReceivedAt].(object)["format"] = "date-time"
	required := []string{WebhookID, ReceivedAt}
	if len(pathParams) > 0 {
		properties := object{}
		for _, name := range pathParams {
			properties[name] = described("string", "The segment of the request's path that stands for {"+name+"}.")
		}
		params := described("object", "The values of the path's parameters.")
		params["properties"] = properties
		params["required"] = pathParams
		meta[PathParams] = params
		required = append(required, PathParams)
	}
	about := described("object", "What the connector knows of the webhook beside its body.")
	about["properties"] = meta
	about["required"] = required
	return mustMarshal(object{
		"type":           "object",
		"x-infer-schema": true,
		"properties":     object{"_meta": about},
		"required":       []string{"_meta"},
	})
}

func described(kind, description string) object {
	return object{"type": kind, "description": description}
}

func mapOfStrings(description string) object {
	o := described("object", description)
	o["additionalProperties"] = object{"type": "string"}
	return o
}

func mustMarshal(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps and strings always marshal
	}
	return raw
}
