package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/deliver/template"
	"source-intercom-ingest/deliver/value"
	"source-intercom-ingest/form"
)

// intercomConfig is an action of Intercom's API.
type intercomConfig struct {
	Action string         `json:"action" jsonschema:"title=Action,enum=upsertContact,enum=trackEvent,enum=tagContact,enum=addNote" jsonschema_description:"What is done in Intercom."`
	Fields map[string]any `json:"fields" jsonschema:"title=Fields" jsonschema_description:"The members of Intercom's request, by their names there, each with a template. One that is a single tag keeps the type of its value; one that is null is left out."`
}

// intercomVersion is that of the API whose requests these are.
const intercomVersion = "2.16"

// A plan makes several requests, each through do, and returns the answer that counts.
type plan func(ctx context.Context, do func(context.Context, *message) answer) answer

// A task is an action of Intercom's: its fields, and the requests for them.
type task struct {
	to     *Destination
	fields []typed
	// requires are names of which one must be configured; nil for none.
	requires [][]string
	plan     func(*steps) plan
}

// A typed is a member whose template makes a JSON value, or a text, or which holds others.
type typed struct {
	name   string
	made   *template.Template
	asJSON bool
	inside []typed
	plain  json.RawMessage // without a template
}

// person names contacts, in the order in which they are found.
var person = []string{"id", "external_id", "user_id", "email"}

var tasks = map[string]task{
	"upsertContact": {requires: [][]string{{"external_id", "email"}}, plan: (*steps).upsert},
	"trackEvent":    {requires: [][]string{{"event_name"}, {"id", "user_id", "email"}}, plan: (*steps).track},
	"tagContact":    {requires: [][]string{person, {"tag_id", "tag"}}, plan: (*steps).tag},
	"addNote":       {requires: [][]string{person, {"body"}}, plan: (*steps).note},
}

func intercomAction(to *Destination, members json.RawMessage, set *template.Set) (action, error) {
	var c intercomConfig
	if err := form.Decode(members, &c); err != nil {
		return action{}, fmt.Errorf("intercom: %w", err)
	}
	t, ok := tasks[c.Action]
	if !ok {
		return action{}, fmt.Errorf("intercom.action is %q; choose one of %s", c.Action, strings.Join(sorted(tasks), ", "))
	}
	for _, needed := range t.requires {
		if !slices.ContainsFunc(needed, func(name string) bool { return c.Fields[name] != nil }) {
			return action{}, fmt.Errorf("intercom.fields: %s needs %s; add it", c.Action, strings.Join(needed, " or "))
		}
	}
	var err error
	if t.fields, err = typedOf(c.Fields, set); err != nil {
		return action{}, fmt.Errorf("intercom.fields.%w", err)
	}
	t.to = to
	return action{prepare: t.prepare}, nil
}

// isTag tells that a text is a single tag of a value.
var isTag = regexp.MustCompile(`^\{\{[^#^/>!&={}][^{}]*\}\}$`).MatchString

func typedOf(given map[string]any, set *template.Set) (all []typed, err error) {
	for _, name := range sorted(given) {
		f := typed{name: name}
		switch v := given[name].(type) {
		case string:
			place := template.Text
			if f.asJSON = isTag(strings.TrimSpace(v)); f.asJSON {
				v, place = strings.TrimSpace(v), template.JSON
			}
			f.made, err = set.Compile(v, place)
		case map[string]any:
			f.inside, err = typedOf(v, set)
			if f.inside == nil {
				f.inside = []typed{}
			}
		default:
			f.plain, err = json.Marshal(v)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// object renders fields. Those that are null are left out, and so are objects of such alone.
func object(fields []typed, in *input) ([]byte, error) {
	b := []byte{'{'}
	for _, f := range fields {
		v, err := f.render(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if string(v) == "null" || string(v) == "{}" && len(f.inside) > 0 {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, f.name)
		b = append(append(b, ':'), v...)
	}
	return append(b, '}'), nil
}

func (f typed) render(in *input) ([]byte, error) {
	switch {
	case f.inside != nil:
		return object(f.inside, in)
	case f.made == nil:
		return f.plain, nil
	}
	text, err := f.made.Append(nil, in.Data)
	if err != nil || f.asJSON {
		return text, err
	}
	return jsontext.AppendQuote(nil, text)
}

// isID tells that a text is an id of Intercom's.
var isID = regexp.MustCompile(`^[0-9A-Za-z_-]+$`).MatchString

// Steps are the requests of an action, for one document.
type steps struct {
	to     *Destination
	id     string
	fields *value.Value // as they are rendered
	when   string       // the event happened
}

func (t task) prepare(in *input) (*message, error) {
	body, err := object(t.fields, in)
	if err != nil {
		return nil, fmt.Errorf("fields.%w", err)
	}
	rendered, err := value.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	for _, needed := range t.requires {
		if !slices.ContainsFunc(needed, func(name string) bool { return !rendered.Member(name).Empty() }) {
			return nil, fmt.Errorf("fields: the document has nothing for %s", strings.Join(needed, " or "))
		}
	}
	if id := rendered.Member("id"); !id.Empty() && !isID(id.Text()) {
		return nil, errors.New("fields.id: the document has no id of a contact there")
	}
	s := &steps{to: t.to, id: in.id, fields: rendered, when: in.date}
	m := s.request(http.MethodPost, "", body)
	m.plan = t.plan(s)
	return m, nil
}

// request makes one of the requests.
func (s *steps) request(method, path string, body []byte) *message {
	address, _ := behind(s.to.address, path) // of ids, which have letters and digits alone
	return &message{id: s.id, method: method, address: address, body: body, header: http.Header{
		"Content-Type": {contentJSON}, "Accept": {contentJSON}, "Intercom-Version": {intercomVersion}}}
}

// search asks for the contact that the fields name; an id that is empty is nobody's.
func (s *steps) search(ctx context.Context, do func(context.Context, *message) answer) (id string, a answer) {
	field, v := "external_id", s.fields.Member("external_id")
	if v.Empty() {
		v = s.fields.Member("user_id")
	}
	if v.Empty() {
		field, v = "email", s.fields.Member("email")
	}
	body := []byte(`{"query":{"field":"` + field + `","operator":"=","value":`)
	body, _ = jsontext.AppendQuote(body, v.Text())
	a = do(ctx, s.request(http.MethodPost, "/contacts/search", append(body, "}}"...)))
	if a.status != http.StatusOK {
		return "", a
	}
	found, err := value.Parse(a.body)
	if err != nil {
		a.err = errors.New("the answer to the search is no JSON")
		return "", a
	}
	if id = found.At(value.Path{"data", "0", "id"}).Text(); id != "" && !isID(id) {
		a.err = errors.New("the answer to the search has an id that is none")
	}
	return id, a
}

// inConflict is the id of a contact that an answer names.
var inConflict = regexp.MustCompile(`with id=([0-9A-Za-z]+)`)

// upsert updates the contact that is found, or creates it. One that the search does not know yet is named by the conflict.
func (s *steps) upsert() plan {
	return func(ctx context.Context, do func(context.Context, *message) answer) answer {
		id, a := s.search(ctx, do)
		if a.failed(http.StatusOK) {
			return a
		}
		if id == "" {
			a = do(ctx, s.request(http.MethodPost, "/contacts", s.fields.Raw()))
			found := inConflict.FindSubmatch(a.body)
			if a.status != http.StatusConflict || found == nil {
				return a
			}
			id = string(found[1])
		}
		return do(ctx, s.request(http.MethodPut, "/contacts/"+id, s.fields.Raw()))
	}
}

// track sends an event. One without a time happened when its document did.
func (s *steps) track() plan {
	return func(ctx context.Context, do func(context.Context, *message) answer) answer {
		body := s.fields.Raw()
		if s.fields.Member("created_at") == nil {
			if at := secondsOf(s.when); at != "" {
				body = append([]byte(`{"created_at":`+at+`,`), body[1:]...)
			}
		}
		return do(ctx, s.request(http.MethodPost, "/events", body))
	}
}

// contact is the id of the contact that the fields name.
func (s *steps) contact(ctx context.Context, do func(context.Context, *message) answer) (string, answer) {
	if id := s.fields.Member("id"); !id.Empty() {
		return id.Text(), answer{status: http.StatusOK}
	}
	id, a := s.search(ctx, do)
	if !a.failed(http.StatusOK) && id == "" {
		a.status, a.reason = http.StatusNotFound, "Intercom has no such contact"
	}
	return id, a
}

// tag puts a tag on a contact. A tag that is named is created where there is none.
func (s *steps) tag() plan {
	return func(ctx context.Context, do func(context.Context, *message) answer) answer {
		contact, a := s.contact(ctx, do)
		if a.failed(http.StatusOK) {
			return a
		}
		tag := s.fields.Member("tag_id").Text()
		if tag == "" {
			body, _ := jsontext.AppendQuote([]byte(`{"name":`), s.fields.Member("tag").Text())
			if a = do(ctx, s.request(http.MethodPost, "/tags", append(body, '}'))); a.failed(http.StatusOK) {
				return a
			}
			made, err := value.Parse(a.body)
			if err != nil || made.Member("id").Empty() {
				a.err = errors.New("the answer to the tag has no id")
				return a
			}
			tag = made.Member("id").Text()
		}
		body, _ := jsontext.AppendQuote([]byte(`{"id":`), tag)
		return do(ctx, s.request(http.MethodPost, "/contacts/"+contact+"/tags", append(body, '}')))
	}
}

// note adds a note to a contact.
func (s *steps) note() plan {
	return func(ctx context.Context, do func(context.Context, *message) answer) answer {
		contact, a := s.contact(ctx, do)
		if a.failed(http.StatusOK) {
			return a
		}
		return do(ctx, s.request(http.MethodPost, "/contacts/"+contact+"/notes", without(s.fields, person...)))
	}
}
