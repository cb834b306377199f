package schemas

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// uuidPlaceholder is what the runtime puts at /_meta/uuid before it validates a document.
const uuidPlaceholder = "DocUUIDPlaceholder-329Bb50aa48EAa9ef"

// Documents of this connector begin with what it writes under _meta, and the runtime adds an id.
var metaStart = []byte(`{"_meta":{"`)

const withUUID = `{"_meta":{"uuid":"` + uuidPlaceholder + `","`

// MaxViolations bounds the reply to a document that is wrong in many places; the first ones tell what is wrong.
const MaxViolations = 20

// A Validator decides whether the runtime would accept a document of one collection: by its write schema and its key.
// It is safe for concurrent use.
type Validator struct {
	schema  *jsonschema.Schema
	glance  *acceptor // for documents that are plainly right; nil if there is no telling
	keys    []key     // those that are not the connector's own to write
	covered bool
}

// A Violation is one reason why a document is refused.
type Violation struct {
	// Document is the index of the document in the request.
	Document int `json:"document"`
	// InstanceLocation is a JSON pointer into the document.
	InstanceLocation string `json:"instanceLocation"`
	// Keyword of the schema that the value there fails, or "key" where the collection's key is missing.
	Keyword string `json:"keyword"`
	Error   string `json:"error"`
}

// Compile prepares a collection's write schema (JSON text) and key (JSON pointers) for documents of a path with these
// parameters. No schema at all accepts every document.
func Compile(writeSchema []byte, keys []string, pathParams []string) (*Validator, error) {
	if len(writeSchema) == 0 {
		writeSchema = []byte("true")
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(writeSchema))
	if err != nil {
		return nil, fmt.Errorf("parsing the write schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(nil) // a bundled schema refers to nothing outside
	c.DefaultDraft(draft(schema))
	registerFormats(c)
	registerUniqueItems(c)
	const url = "flow://write-schema"
	if err := c.AddResource(url, withOwnUniqueItems(withPrefixItems(schema))); err != nil {
		return nil, fmt.Errorf("compiling the write schema: %w", err)
	}
	compiled, err := c.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("compiling the write schema: %w", err)
	}
	shape := written(pathParams)
	v := &Validator{schema: compiled}
	for _, pointer := range keys {
		if k := newKey(pointer, schema); !k.writtenAs(shape) {
			v.keys = append(v.keys, k)
		}
	}
	v.covered = len(v.keys) == 0 && covers(schema, shape)
	v.glance = newAcceptor(compiled, v.keys)
	return v, nil
}

// Covered tells that every document is accepted whose _meta is wholly the connector's, so that none need be checked.
func (v *Validator) Covered() bool { return v.covered }

// Accepts tells at a glance that the runtime would accept the document, as Validate takes it. Where it does not tell,
// Validate does, with ten times the work and a dozen times the memory.
func (v *Validator) Accepts(doc []byte) bool {
	rest, ok := bytes.CutPrefix(doc, metaStart)
	return ok && v.glance != nil && v.glance.accepts(withUUID+string(rest))
}

// Validate returns why the runtime would refuse the document, JSON text that is known to be valid and without duplicate
// names, or nothing.
// Its cost is in proportion to the text: no number reaches the validator with more digits than a double can mean.
func (v *Validator) Validate(doc []byte) []Violation {
	value := decode(doc)
	if root, ok := value.(object); ok {
		if meta, ok := root["_meta"].(object); ok {
			meta["uuid"] = uuidPlaceholder
		}
	}
	violations := violationsOf(v.schema.Validate(value))
	for _, k := range v.keys {
		if err := k.check(value); err != nil {
			violations = append(violations, Violation{InstanceLocation: k.pointer, Keyword: "key", Error: err.Error()})
		}
	}
	return violations[:min(len(violations), MaxViolations)]
}

var english = message.NewPrinter(language.English)

// violationsOf flattens a validation error to the innermost reasons, which are the ones that a sender can mend.
func violationsOf(err error) []Violation {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		if err != nil {
			return []Violation{{Keyword: "type", Error: err.Error()}}
		}
		return nil
	}
	var found []Violation
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if len(found) == MaxViolations {
			return
		}
		for _, cause := range e.Causes {
			walk(cause)
		}
		if len(e.Causes) == 0 {
			path := e.ErrorKind.KeywordPath()
			found = append(found, Violation{
				InstanceLocation: pointerTo(e.InstanceLocation),
				Keyword:          keyword(path, e.SchemaURL),
				Error:            shorten(e.ErrorKind.LocalizedString(english)),
			})
		}
	}
	walk(invalid)
	return found
}

// keyword names the keyword that failed; a schema that is false has none but its own place in the schema.
func keyword(path []string, schemaURL string) string {
	if len(path) > 0 {
		return path[0]
	}
	return schemaURL[strings.LastIndexByte(schemaURL, '/')+1:]
}

// shorten cuts a message that quotes the sender's value to a length that can be read.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// draft chooses the meaning of schemas that name none: 2020-12, unless they use what only 2019-09 has.
func draft(schema any) *jsonschema.Draft {
	if uses(schema, "$recursiveRef") {
		return jsonschema.Draft2019
	}
	return jsonschema.Draft2020
}

// uses finds a keyword anywhere in a schema.
func uses(schema any, keyword string) bool {
	switch v := schema.(type) {
	case object:
		for name, sub := range v {
			if name == keyword || uses(sub, keyword) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(sub any) bool { return uses(sub, keyword) })
	}
	return false
}

// withPrefixItems writes the tuples of draft 2019-09 (items as an array, additionalItems) as those of 2020-12, since
// the runtime understands both side by side. Schemas that name their draft stay as they are.
func withPrefixItems(schema any) any {
	root, ok := schema.(object)
	if !ok || root["$schema"] != nil || draft(schema) != jsonschema.Draft2020 {
		return schema
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case object:
			changed := make(object, len(v))
			for name, sub := range v {
				if !slices.Contains([]string{"const", "enum", "default", "examples"}, name) {
					sub = walk(sub)
				}
				changed[name] = sub
			}
			if tuple, ok := changed["items"].([]any); ok {
				changed["prefixItems"] = tuple
				delete(changed, "items")
				if rest, ok := changed["additionalItems"]; ok {
					changed["items"] = rest
				}
			}
			return changed
		case []any:
			changed := make([]any, len(v))
			for i, sub := range v {
				changed[i] = walk(sub)
			}
			return changed
		}
		return v
	}
	return walk(schema)
}

func (v Violation) String() string {
	return fmt.Sprintf("%s at %q of document %d", v.Error, v.InstanceLocation, v.Document)
}
