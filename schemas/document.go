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
	Event      = "event"
	Mended     = "mended"
)

// An object is a JSON object as encoding/json decodes it, and writes it with sorted names: schemas come out the same
// each time, which discovery must.
type object = map[string]any

// Document returns the schema of the documents of a path with these parameters. It says what the connector writes
// under _meta; the sender's members are left to the runtime's inference. Those of Intercom's notifications are
// described, but nothing is required of them: a notification of a new shape is captured all the same.
func Document(pathParams []string, notifications bool) json.RawMessage {
	meta := requestMeta()
	meta[Mended] = described("boolean", "Whether half of a surrogate pair, which is no character, was replaced by U+FFFD.")
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
	properties := object{}
	if notifications {
		meta[Event] = event()
		for name, description := range envelope {
			properties[name] = object{"description": description}
		}
	}
	return documents(meta, required, properties, nil)
}

// Refused returns the schema of what is made of webhooks that are refused for their content.
func Refused() json.RawMessage {
	meta := requestMeta()
	meta[PathParams] = mapOfStrings("The values of the path's parameters.")
	violation := described("object", "Why the collection's write schema does not accept a document.")
	return documents(meta, []string{WebhookID, ReceivedAt}, object{
		"status":          described("integer", "The status that the sender would have heard."),
		"code":            described("string", "The reason in a word or two."),
		"reason":          described("string", "Why the webhook is refused."),
		"violations":      object{"type": "array", "items": violation, "description": "The places that the collection's write schema does not accept."},
		"contentType":     described("string", "The type of the body, as its sender named it."),
		"contentEncoding": described("string", "The encodings of the body, where they could not be undone."),
		"body":            described("string", "The body, where it is text."),
		"bodyBase64":      described("string", "The body, where it is not text."),
	}, []string{"status", "reason"})
}

// requestMeta describes what is known of every request.
func requestMeta() object {
	meta := object{
		WebhookID:  described("string", "Identifies this webhook: an id that the sender gave it, or a time-ordered UUID."),
		ReceivedAt: described("string", "When the webhook was received, in UTC."),
		ReqPath:    described("string", "The configured path that the webhook was sent to."),
		Headers:    mapOfStrings("The request's headers, with lower-case names. Those that carry secrets are left out."),
		Query:      mapOfStrings("The parameters of the request's query."),
	}
	meta[ReceivedAt].(object)["format"] = "date-time"
	return meta
}

// documents returns the schema of documents with these members of _meta, and others beside it.
func documents(meta object, required []string, properties object, requiredBeside []string) json.RawMessage {
	about := described("object", "What the connector knows of the webhook beside its body.")
	about["properties"] = meta
	about["required"] = required
	properties["_meta"] = about
	return mustMarshal(object{
		"type":           "object",
		"x-infer-schema": true,
		"properties":     properties,
		"required":       append([]string{"_meta"}, requiredBeside...),
	})
}

// event describes what the connector derives from a notification.
func event() object {
	e := described("object", "What happened to which object, derived from the notification. What can not be derived is left out.")
	attempt := described("integer", "Counts the deliveries of this notification, from 1.")
	occurredAt := described("string", "When it happened, in UTC, to the millisecond.")
	occurredAt["format"] = "date-time"
	e["properties"] = object{
		"topic":       described("string", "The topic, such as conversation.user.created."),
		"workspaceId": described("string", "The workspace that it happened in."),
		"objectType":  described("string", "The kind of object that it is about, such as conversation or contact."),
		"objectId":    described("string", "Identifies that object among those of its kind."),
		"relatedType": described("string", "The kind of the object that was attached to it, or detached from it."),
		"relatedId":   described("string", "Identifies that other object among those of its kind."),
		"mergedFrom":  described("string", "Identifies the object that was merged into it and is gone."),
		"operation":   described("string", "What happened to the object: created, updated or deleted."),
		"occurredAt":  occurredAt,
		"attempt":     attempt,
	}
	return e
}

// envelope describes the members of a notification, as Intercom's page "Webhook Notifications" lists them and as they
// are received.
var envelope = map[string]string{
	"type":              "Always notification_event.",
	"app_id":            "Identifies the workspace.",
	"id":                "Identifies the notification. A ping has none.",
	"topic":             "Names what happened, such as conversation.user.created.",
	"data":              "Holds the object that it happened to, as item.",
	"links":             "Links of the notification.",
	"self":              "A link to the notification.",
	"created_at":        "When the notification was made, in seconds since 1970.",
	"first_sent_at":     "When the notification was first sent, in seconds since 1970.",
	"delivered_at":      "When the notification was delivered, in seconds since 1970, or 0.",
	"delivery_status":   "The state of the delivery when the notification was sent.",
	"delivery_attempts": "Counts the deliveries of this notification, from 1.",
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
