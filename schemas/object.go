package schemas

import "encoding/json"

// Names of the members that the connector writes under /_meta of the documents of an API's objects.
const (
	Op          = "op"
	Source      = "source"
	FetchedAt   = "fetchedAt"
	UpdatedAt   = "updatedAt"
	WorkspaceID = "workspaceId"
)

// Times are the members of an API's objects that are promised to be seconds since 1970, where they are there.
var Times = []string{"created_at", "updated_at"}

// Object returns the schema of the documents of an API's objects, which these JSON pointers identify. It promises ids
// and times alone, and that a document whose op is d deletes the object; all else is left to the runtime's inference.
func Object(keys []string, times bool) json.RawMessage {
	meta := object{
		Op:          described("string", "What happened to the object since it was read last: c for created, u for updated, d for deleted."),
		Source:      described("string", "What made the connector read the object: poll, webhook or backfill."),
		FetchedAt:   dateTimeOf("When the object was read, in UTC."),
		UpdatedAt:   dateTimeOf("When the object was updated, in UTC; of a deletion, when that happened or was noticed."),
		WorkspaceID: described("string", "The workspace of the access token."),
	}
	about := described("object", "What the connector knows of the object beside what the API says.")
	about["properties"] = meta
	about["required"] = []string{Op, Source, FetchedAt, WorkspaceID}
	properties := object{"_meta": about}
	required := []string{"_meta"}
	for _, pointer := range keys {
		if name := Unescape(pointer[1:]); name != "" {
			properties[name] = described("string", "Identifies the object.")
			required = append(required, name)
		}
	}
	if times {
		properties[Times[0]] = object{"type": []string{"integer", "null"}, "description": "When the object was created, in seconds since 1970."}
		properties[Times[1]] = object{"type": []string{"integer", "null"}, "description": "When the object was updated, in seconds since 1970."}
	}
	deleted := object{"properties": object{"_meta": object{"properties": object{Op: object{"const": "d"}}, "required": []string{Op}}}, "required": []string{"_meta"}}
	return mustMarshal(object{
		"type":           "object",
		"x-infer-schema": true,
		"properties":     properties,
		"required":       required,
		"if":             deleted,
		"then":           object{"reduce": object{"strategy": "merge", "delete": true}},
	})
}

func dateTimeOf(description string) object {
	o := described("string", description)
	o["format"] = "date-time"
	return o
}
