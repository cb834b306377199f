package pages

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// openAPI returns the description of the API as OpenAPI 3.1.0, JSON text: POST and PUT of each path, with the write
// schemas of its collections as components. Schemas of that version are JSON Schema 2020-12, as those of collections are,
// so that they pass as they are; only what names a schema by its id or anchor is pointed to its place.
func (s Site) openAPI() []byte {
	schemas, paths := object{}, object{}
	d := describer{s, schemas, map[string]bool{}}
	for _, h := range s.Hooks {
		schema := d.schema(h)
		paths[h.Path.Expand(func(param string) string { return "{" + param + "}" })] = object{
			"post": d.operation(h, "post", schema),
			"put":  d.operation(h, "put", schema),
		}
	}
	components := object{"schemas": schemas, "responses": responses}
	document := object{
		"openapi": "3.1.0",
		"info": object{
			"title":       "source-intercom-ingest",
			"version":     s.Version,
			"description": "Webhooks that are posted here are captured. The answer is 200 once they are durable.",
		},
		"paths":      paths,
		"components": components,
	}
	if s.Config.NeedsToken() {
		components["securitySchemes"] = object{"bearer": object{"type": "http", "scheme": "bearer"}}
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		panic(err) // it is made of JSON
	}
	return text
}

// A describer collects what the paths of a site refer to.
type describer struct {
	site    Site
	schemas object
	taken   map[string]bool // names of schemas and of operations
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// name makes one that nothing else has, of the characters that names in OpenAPI have.
func (d describer) name(text string) string {
	name := strings.Trim(notInNames.ReplaceAllString(text, "_"), "_")
	for n := 2; d.taken[name]; n++ {
		name = strings.TrimSuffix(name, "_"+strconv.Itoa(n-1)) + "_" + strconv.Itoa(n)
	}
	d.taken[name] = true
	return name
}

// operation describes how webhooks are sent to a path.
func (d describer) operation(h Hook, method string, schema any) object {
	operation := object{
		"operationId": d.name(method + "_" + h.Path.String()),
		"tags":        []string{"Webhooks"},
		"summary":     "Capture a webhook",
		"description": "The body is a JSON object, or an array of them, which are captured together or not at all. " +
			"It may be compressed with gzip, deflate, br or zstd.",
		"requestBody": object{
			"required": true,
			"content":  object{"application/json": object{"schema": schema, "example": h.example(d.site.Config.Notifies())}},
		},
		"parameters": d.parameters(h),
		"responses":  d.site.responsesOf(),
	}
	if d.site.Config.NeedsToken() {
		operation["security"] = []any{object{"bearer": []any{}}}
	}
	return operation
}

// schema adds those of the path's collections, any of which may take a webhook, and refers to them.
func (d describer) schema(h Hook) any {
	var some []any
	for _, c := range h.Collections {
		name := d.name(c.Name[strings.LastIndexByte(c.Name, '/')+1:])
		schema := decode(c.WriteSchema)
		if _, ok := schema.(object); !ok {
			schema = object{"type": "object"} // any
		}
		place := "/components/schemas/" + name
		d.schemas[name] = component(dropMeta(component(schema, "")), place)
		some = append(some, object{"$ref": "#" + place})
	}
	if len(some) == 1 {
		return some[0]
	}
	return object{"anyOf": some}
}

// parameters are what a path takes beside a body.
func (d describer) parameters(h Hook) []any {
	list := []any{}
	add := func(in, name, description string, required bool) {
		list = append(list, object{"in": in, "name": name, "description": description, "required": required, "schema": object{"type": "string"}})
	}
	for _, name := range h.Path.Params() {
		add("path", name, "It is captured with the webhook.", true)
	}
	needed := map[string]bool{}
	for _, header := range d.site.Config.Signature.Requires() {
		needed[http.CanonicalHeaderKey(header.Name)] = true
		add("header", header.Name, "Carries "+header.Means+".", true)
	}
	for _, name := range h.idHeaders() {
		if !needed[name] {
			add("header", name, "Identifies the webhook. A retry has the same.", true)
		}
	}
	return append(list, object{
		"in": "query", "name": "query", "description": "Any parameters. They are captured with the webhook.",
		"style": "form", "explode": true, "example": object{},
		"schema": object{"type": "object", "additionalProperties": object{"type": "string"}},
	})
}

// responsesOf are the answers that the configuration makes possible.
func (s Site) responsesOf() object {
	refer := func(name string) object { return object{"$ref": "#/components/responses/" + name} }
	possible := object{
		"200": refer("Published"), "400": refer("Refused"), "408": refer("Refused"), "413": refer("Refused"),
		"415": refer("Refused"), "503": refer("ComeBack"),
	}
	if s.Config.NeedsToken() || s.Config.Signature.Signs() {
		possible["401"] = refer("Refused")
	}
	if s.Config.NeedsToken() || len(s.Config.AllowedSources) > 0 {
		possible["403"] = refer("Refused")
	}
	if s.Config.Notifies() {
		possible["429"] = refer("ComeBack")
	}
	return possible
}

// responses by the names that operations refer to.
var responses = object{
	"Published": answer("The webhook is durable.", object{
		"published": object{"type": "integer", "minimum": 0, "description": "How many documents it became."},
	}, "published"),
	"Refused": answer("The webhook is refused; sent again as it is, it will be again.", object{
		"error":  object{"type": "string", "description": "What is wrong, and where."},
		"offset": object{"type": "integer", "description": "The byte of the decompressed body that is wrong."},
		"violations": object{"type": "array", "description": "What the collection's schema does not accept.", "items": object{
			"type": "object",
			"properties": object{
				"document":         object{"type": "integer", "description": "The index of the document in the body."},
				"instanceLocation": object{"type": "string", "description": "A JSON pointer into the document."},
				"keyword":          object{"type": "string", "description": "The keyword of the schema."},
				"error":            object{"type": "string"},
			},
		}},
	}, "error"),
	"ComeBack": withRetry(answer("There is no room now, or the commit takes too long: send it again.", object{
		"error": object{"type": "string", "description": "Why it is not captured now."},
	}, "error")),
}

// answer describes a JSON body with these members.
func answer(description string, properties object, required string) object {
	return object{"description": description, "content": object{"application/json": object{"schema": object{
		"type": "object", "properties": properties, "required": []any{required},
	}}}}
}

// withRetry adds the header that says when to come back.
func withRetry(response object) object {
	response["headers"] = object{"Retry-After": object{
		"description": "After how many seconds.", "schema": object{"type": "integer"},
	}}
	return response
}
