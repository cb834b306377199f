package deliver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/deliver/template"
	"source-intercom-ingest/deliver/value"
	"source-intercom-ingest/form"
	"source-intercom-ingest/scan"
)

// eventConfig is the standardised event.
type eventConfig struct {
	Path         string   `json:"path,omitempty" jsonschema:"title=Path" jsonschema_description:"The path behind the address, a template."`
	Objects      []string `json:"objects,omitempty" jsonschema:"title=Objects" jsonschema_description:"Kinds of objects whose events are sent, such as contacts. By default those of all are."`
	FilterNulls  bool     `json:"filterNulls,omitempty" jsonschema:"title=Filter Nulls,default=false" jsonschema_description:"Whether members that are null are left out of raw."`
	Tags         []string `json:"tags,omitempty" jsonschema:"title=Tags" jsonschema_description:"Tags of the instance, which are sent with each event."`
	InstanceName string   `json:"instanceName,omitempty" jsonschema:"title=Instance Name" jsonschema_description:"The name of the instance, which is sent with each event."`
	ElementKey   string   `json:"elementKey,omitempty" jsonschema:"title=Element Key,default=intercom" jsonschema_description:"What the events are of."`
}

// documentConfig is the document as it is.
type documentConfig struct {
	Path   string `json:"path,omitempty" jsonschema:"title=Path" jsonschema_description:"The path behind the address, a template."`
	Method string `json:"method,omitempty" jsonschema:"title=Method,enum=POST,enum=PUT,enum=PATCH,default=POST" jsonschema_description:"The method of the request."`
}

const contentJSON = "application/json"

// posted makes an action that sends a body of JSON, behind the address.
func posted(to *Destination, path, method string, set *template.Set, body func(*input) []byte) (action, error) {
	r, err := requestConfig{Path: path, Method: method}.compile(to, set)
	if err != nil {
		return action{}, err
	}
	return action{prepare: func(in *input) (*message, error) {
		m, err := r.prepare(in)
		if err != nil {
			return nil, err
		}
		m.body = body(in)
		m.header.Set("Content-Type", contentJSON)
		return m, nil
	}}, nil
}

func documentAction(to *Destination, members json.RawMessage, set *template.Set) (action, error) {
	var c documentConfig
	if err := form.Decode(members, &c); err != nil {
		return action{}, fmt.Errorf("document: %w", err)
	}
	if c.Method == http.MethodGet || c.Method == http.MethodDelete {
		return action{}, fmt.Errorf("document.method is %q; choose POST, PUT or PATCH", c.Method)
	}
	a, err := posted(to, c.Path, c.Method, set, func(in *input) []byte { return in.raw })
	if err != nil {
		return a, fmt.Errorf("document.%w", err)
	}
	return a, nil
}

func eventAction(to *Destination, members json.RawMessage, set *template.Set) (action, error) {
	c := eventConfig{ElementKey: "intercom"}
	if err := form.Decode(members, &c); err != nil {
		return action{}, fmt.Errorf("event: %w", err)
	}
	a, err := posted(to, c.Path, http.MethodPost, set, c.body)
	if err != nil {
		return a, fmt.Errorf("event.%w", err)
	}
	if len(c.Objects) > 0 {
		a.refuses = c.refuses
	}
	return a, nil
}

// refuses tells that a document is of none of the objects to monitor.
func (c *eventConfig) refuses(in *input) string {
	kind := plural(in.objectType)
	if slices.ContainsFunc(c.Objects, func(o string) bool { return strings.EqualFold(plural(strings.TrimSpace(o)), kind) }) {
		return ""
	}
	return fmt.Sprintf("send.event.objects: %s are not among %q", kind, c.Objects)
}

// body writes the standardised event: what happened to which object, and what its origin sent, as raw.
func (c *eventConfig) body(in *input) []byte {
	b := make([]byte, 0, len(in.raw)+512)
	b = member(append(b, `{"message":`...), '{', "eventId", in.id)
	if c.InstanceName != "" {
		b = member(b, ',', "instanceName", c.InstanceName)
	}
	if len(c.Tags) > 0 {
		b = append(b, `,"instanceTags":[`...)
		for i, tag := range c.Tags {
			if i > 0 {
				b = append(b, ',')
			}
			b, _ = jsontext.AppendQuote(b, tag)
		}
		b = append(b, ']')
	}
	b = append(b, `,"events":[`...)
	b = member(b, '{', "elementKey", c.ElementKey)
	b = member(b, ',', "eventType", in.happened)
	b = member(b, ',', "objectType", plural(in.objectType))
	b = member(b, ',', "objectId", in.objectID)
	b = member(b, ',', "date", in.date)
	b = append(b, `}],"raw":`...)
	raw := without(in.Document, "_meta") // as its origin sent it
	if c.FilterNulls {
		raw = scan.AppendWithoutNulls(nil, raw)
	}
	return append(append(b, raw...), "}}"...)
}

// member appends a member that is a text, behind a brace or a comma.
func member(b []byte, before byte, name, text string) []byte {
	b = append(append(append(append(b, before), '"'), name...), `":`...)
	b, _ = jsontext.AppendQuote(b, text)
	return b
}

// without is an object but for some members; text that is none is as it is.
func without(object *value.Value, names ...string) []byte {
	if !slices.ContainsFunc(names, func(name string) bool { return object.Member(name) != nil }) {
		return object.Raw()
	}
	b := []byte{'{'}
	for name, v := range object.Members() {
		if slices.Contains(names, name) {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, name)
		b = append(append(b, ':'), v.Raw()...)
	}
	return append(b, '}')
}
