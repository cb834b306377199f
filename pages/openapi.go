package pages

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/spec"
)

// openAPI returns the description of the API as OpenAPI 3.1.0, JSON text: POST and PUT of each path, with what its
// collections take as components. Where signed, the example's signature is given, if it can be.
func (s Site) openAPI(signed bool) []byte {
	paths, components := object{}, object{"schemas": object{}, "responses": responses}
	d := describer{s, components["schemas"].(object), map[string]bool{}, signed}
	for _, h := range s.Hooks {
		if path, ok := s.described(h); ok {
			body, example := d.body(h), h.example(s.Config)
			paths[path] = object{"post": d.operation(h, "post", body, example), "put": d.operation(h, "put", body, example)}
		}
	}
	document := object{
		"openapi": "3.1.0",
		"info": object{
			"title":       "source-intercom-ingest",
			"version":     s.Version,
			"license":     object{"name": "That of the connector", "url": spec.DocumentationURL},
			"description": "Webhooks that are posted here are captured. The answer is 200 once they are durable.",
		},
		"servers":    []any{object{"url": "/", "description": "Where this description is from."}},
		"tags":       []any{object{"name": "Webhooks", "description": "What senders do."}},
		"security":   []any{},
		"paths":      paths,
		"components": components,
	}
	if s.Config.NeedsToken() {
		components["securitySchemes"] = object{"bearer": object{"type": "http", "scheme": "bearer"}}
		document["security"] = []any{object{"bearer": []any{}}}
	}
	return encode(document)
}

// encode writes JSON as browsers do.
func encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // it is made of JSON
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// described returns a hook's path as OpenAPI has it: without the slash at its end, which only counts where it tells two
// paths apart. A path that takes what another leaves can not be told from that one there, and is left out.
func (s Site) described(h Hook) (path string, ok bool) {
	names := aliases(h.Path)
	brace := func(param string) string { return "{" + names[param] + "}" }
	shape := func(p spec.Path) string { return p.Expand(func(string) string { return "{}" }) }
	path = h.Path.Expand(brace)
	short := strings.TrimSuffix(path, "/")
	for _, other := range s.Hooks {
		switch p := other.Path; {
		case h.Path.TakesRest() && !p.TakesRest() && shape(p) == shape(h.Path):
			return "", false
		case shape(p)+"/" == shape(h.Path):
			short = path
		}
	}
	return short, true
}

// aliases returns names of a path's parameters that every tool takes.
func aliases(p spec.Path) map[string]string {
	names, d := map[string]string{}, describer{taken: map[string]bool{}}
	for _, param := range p.Params() {
		names[param] = d.name(param)
	}
	return names
}

// A describer collects what the paths of a site refer to.
type describer struct {
	site    Site
	schemas object
	taken   map[string]bool // names of schemas and of operations
	signed  bool
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// name makes one that nothing else has, of the characters that names in OpenAPI have.
func (d describer) name(text string) string {
	name := cmp.Or(strings.Trim(notInNames.ReplaceAllString(text, "_"), "_"), "unnamed")
	for n := 2; d.taken[name]; n++ {
		name = strings.TrimSuffix(name, "_"+strconv.Itoa(n-1)) + "_" + strconv.Itoa(n)
	}
	d.taken[name] = true
	return name
}

// operation describes how webhooks are sent to a path.
func (d describer) operation(h Hook, method string, body, example any) object {
	return object{
		"operationId": d.name(method + "_" + h.Path.String()),
		"tags":        []string{"Webhooks"},
		"summary":     "Capture a webhook",
		"description": "The body is a JSON object, or an array of them, which are captured together or not at all. " +
			"It may be compressed with gzip, deflate, br or zstd.",
		"requestBody": object{
			"required": true,
			"content":  object{"application/json": object{"schema": body, "example": example}},
		},
		"parameters": d.parameters(h, example),
		"responses":  d.site.responsesOf(),
	}
}

// body describes what is sent to a path: a document that any of its collections takes, or several of them.
func (d describer) body(h Hook) any {
	var some []any
	for _, c := range h.Collections {
		some = append(some, object{"$ref": d.document(c)})
	}
	document := some[0]
	if len(some) > 1 {
		document = object{"anyOf": some}
	}
	return object{"oneOf": []any{document, object{"type": "array", "items": document}}}
}

// parameters are what a path takes beside a body.
func (d describer) parameters(h Hook, example any) []any {
	list := []any{}
	signature := ""
	if d.signed {
		signature = d.site.signature(example)
	}
	add := func(in, name, description string, required bool) {
		list = append(list, object{"in": in, "name": name, "description": description, "required": required, "schema": object{"type": "string"}})
	}
	names := aliases(h.Path)
	params := h.Path.Params()
	for i, name := range params {
		about := "It is captured with the webhook, as " + name + "."
		if h.Path.TakesRest() && i == len(params)-1 {
			about = "The rest of the path, one segment or more. " + about
		}
		add("path", names[name], about, true)
	}
	needed := map[string]bool{}
	for _, header := range d.site.Config.Signature.Requires() {
		needed[http.CanonicalHeaderKey(header.Name)] = true
		add("header", header.Name, "Carries "+header.Means+".", true)
		if header.Name == intercom.SignatureHeader && signature != "" {
			list[len(list)-1].(object)["example"] = signature
		}
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
	}, "published", 1),
	"Refused": answer("The webhook is refused; sent again as it is, it will be again.", object{
		"error":  object{"type": "string", "description": "What is wrong, and where."},
		"offset": object{"type": "integer", "description": "The byte of the decompressed body that is wrong."},
		"violations": object{"type": "array", "description": "What the collection's schema does not accept.", "items": object{
			"type": "object", "additionalProperties": true,
			"properties": object{
				"document":         object{"type": "integer", "description": "The index of the document in the body."},
				"instanceLocation": object{"type": "string", "description": "A JSON pointer into the document."},
				"keyword":          object{"type": "string", "description": "The keyword of the schema."},
				"error":            object{"type": "string"},
			},
		}},
	}, "error", "the body is empty"),
	"ComeBack": withRetry(answer("There is no room now, or the commit takes too long: send it again.", object{
		"error": object{"type": "string", "description": "Why it is not captured now."},
	}, "error", "the queue is full; send it again")),
}

// answer describes a JSON body with these members, and one that has but the member that is required.
func answer(description string, properties object, required string, example any) object {
	return object{"description": description, "content": object{"application/json": object{
		"schema":  object{"type": "object", "properties": properties, "required": []any{required}, "additionalProperties": true},
		"example": object{required: example},
	}}}
}

// withRetry adds the header that says when to come back.
func withRetry(response object) object {
	response["headers"] = object{"Retry-After": object{
		"description": "After how many seconds.", "schema": object{"type": "integer"},
	}}
	return response
}
