package deliver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"source-intercom-ingest/deliver/template"
	"source-intercom-ingest/form"
)

// requestConfig is a request that a user writes. All but the method and the content type are templates.
type requestConfig struct {
	Method      string            `json:"method,omitempty" jsonschema:"title=Method,enum=GET,enum=POST,enum=PUT,enum=PATCH,enum=DELETE,default=POST" jsonschema_description:"The method of the request."`
	Path        string            `json:"path,omitempty" jsonschema:"title=Path" jsonschema_description:"The path behind the address, a template whose values are escaped as one segment each."`
	Query       map[string]string `json:"query,omitempty" jsonschema:"title=Query" jsonschema_description:"Parameters of the query, each with a template."`
	Headers     map[string]string `json:"headers,omitempty" jsonschema:"title=Headers" jsonschema_description:"Headers, each with a template. Secrets belong into the endpoint's."`
	Cookies     map[string]string `json:"cookies,omitempty" jsonschema:"title=Cookies" jsonschema_description:"Cookies, each with a template."`
	ContentType string            `json:"contentType,omitempty" jsonschema:"title=Content Type,default=application/json" jsonschema_description:"The type of the body. In JSON, XML and forms values are escaped as these need."`
	Body        string            `json:"body,omitempty" jsonschema:"title=Body" jsonschema_description:"The body, a template." jsonschema_extras:"multiline=true"`
}

// A message is a request that is rendered once. Attempts add who asks, and when.
type message struct {
	id      string
	method  string
	address *url.URL
	header  http.Header
	body    []byte
	plan    plan // of several requests; nil for this one
}

// size is what a message holds of memory, about.
func (m *message) size() int { return len(m.body) + len(m.address.Path) + len(m.address.RawQuery) }

// A field is a named template.
type field struct {
	name string
	*template.Template
}

// A request is a compiled [requestConfig].
type request struct {
	to      *Destination
	method  string
	path    *template.Template
	query   []field
	headers []field
	cookies []field
	content string
	json    bool
	body    *template.Template // nil for none
}

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

func requestAction(to *Destination, members json.RawMessage, set *template.Set) (action, error) {
	var c requestConfig
	if err := form.Decode(members, &c); err != nil {
		return action{}, fmt.Errorf("request: %w", err)
	}
	r, err := c.compile(to, set)
	if err != nil {
		return action{}, fmt.Errorf("request.%w", err)
	}
	return action{prepare: r.prepare}, nil
}

// compile makes a request of a configuration. Errors begin with the member.
func (c requestConfig) compile(to *Destination, set *template.Set) (r *request, err error) {
	r = &request{to: to, method: strings.ToUpper(c.Method), content: c.ContentType}
	if r.method == "" {
		r.method = http.MethodPost
	}
	if !slices.Contains(methods, r.method) {
		return nil, fmt.Errorf("method is %q; choose one of %s", c.Method, strings.Join(methods, ", "))
	}
	if r.path, err = compilePath(c.Path, set); err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	for _, of := range []struct {
		member string
		given  map[string]string
		to     *[]field
	}{{"query", c.Query, &r.query}, {"headers", c.Headers, &r.headers}, {"cookies", c.Cookies, &r.cookies}} {
		if *of.to, err = fields(of.given, set); err != nil {
			return nil, fmt.Errorf("%s.%w", of.member, err)
		}
	}
	if err := r.checkNames(); err != nil {
		return nil, err
	}
	if r.content == "" {
		r.content = "application/json"
	}
	place, err := placeOf(r.content)
	if err != nil {
		return nil, err
	}
	r.json = place == template.JSON
	if c.Body != "" {
		if r.body, err = set.Compile(c.Body, place); err == nil {
			err = r.body.Fixed()
		}
		if err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
	}
	return r, nil
}

// compilePath compiles a path, which leads nowhere but behind the address.
func compilePath(path string, set *template.Set) (*template.Template, error) {
	if i := strings.IndexAny(path, "?#\\"); i >= 0 && !strings.Contains(path[:i], "{{") {
		return nil, fmt.Errorf("at byte %d: %q is no part of a path; write parameters into query", i, path[i:i+1])
	}
	if strings.Contains(path, "://") || strings.HasPrefix(path, "//") {
		return nil, errors.New("at byte 0: it names a host; write the path alone, and the host into the endpoint's address")
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, errors.New("it has a control character; remove it")
	}
	for _, segment := range strings.Split(path, "/") {
		if plain, _ := url.PathUnescape(segment); plain == ".." || plain == "." {
			return nil, fmt.Errorf("at byte %d: the segment %s leads elsewhere; write where it leads", strings.Index(path, segment), segment)
		}
	}
	if path != "" && path[0] != '/' && !strings.HasPrefix(path, "{{") {
		path = "/" + path
	}
	return set.Compile(path, template.Segment)
}

func fields(given map[string]string, set *template.Set) (all []field, err error) {
	for _, name := range sorted(given) {
		compiled, err := set.Compile(given[name], template.Text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, field{name, compiled})
	}
	return all, nil
}

// checkNames checks those of headers and cookies, and leaves out headers that are not a user's to write.
func (r *request) checkNames() error {
	var headers []field
	for _, h := range r.headers {
		if err := headerError(h.name, ""); err != nil {
			return fmt.Errorf("headers: %w", err)
		}
		if r.to.reserves(h.name) {
			r.to.overruled = append(r.to.overruled, h.name)
			continue
		}
		if textproto.CanonicalMIMEHeaderKey(h.name) == "Content-Type" {
			return fmt.Errorf("headers.%s: write it as contentType, which also tells how values are escaped in the body", h.name)
		}
		headers = append(headers, h)
	}
	r.headers = headers
	for _, c := range r.cookies {
		if err := headerError(c.name, ""); err != nil {
			return fmt.Errorf("cookies: the name %q is none of a cookie; write one such as session", c.name)
		}
	}
	return nil
}

// placeOf tells what values are escaped for in a body of a type.
func placeOf(content string) (template.Place, error) {
	kind, _, err := mime.ParseMediaType(content)
	if err != nil || badHeaderValue(content) {
		return 0, fmt.Errorf("contentType %q is no type; write one such as application/json", content)
	}
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return template.JSON, nil
	case kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml"):
		return template.XML, nil
	case kind == "application/x-www-form-urlencoded":
		return template.Form, nil
	}
	return template.Text, nil
}

// prepare renders the request for a document.
func (r *request) prepare(in *input) (*message, error) {
	m := &message{id: in.id, method: r.method, header: http.Header{}}
	path, err := r.path.Append(nil, in.Data)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	if m.address, err = behind(r.to.address, string(path)); err != nil {
		return nil, err
	}
	query := url.Values{}
	if err := each(r.query, "query", in, func(name, text string) error { query.Set(name, text); return nil }); err != nil {
		return nil, err
	}
	m.address.RawQuery = query.Encode()
	if err := each(r.headers, "headers", in, func(name, text string) error {
		m.header.Set(name, text)
		return headerError(name, text)
	}); err != nil {
		return nil, err
	}
	var cookies []string
	if err := each(r.cookies, "cookies", in, func(name, text string) error {
		cookies = append(cookies, name+"="+text)
		if strings.ContainsAny(text, " \",;\\") || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return errors.New("the value has a character that a cookie can not have; put it through encodeUrl")
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if len(cookies) > 0 {
		m.header.Set("Cookie", strings.Join(cookies, "; "))
	}
	if r.body == nil {
		return m, nil
	}
	if m.body, err = r.body.Append(make([]byte, 0, len(in.raw)), in.Data); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	m.header.Set("Content-Type", r.content)
	if r.json && !json.Valid(m.body) {
		return nil, fmt.Errorf("body: %w", notJSON(m.body))
	}
	return m, nil
}

// each renders templates one after the other.
func each(all []field, member string, in *input, use func(name, text string) error) error {
	for _, f := range all {
		text, err := f.Append(nil, in.Data)
		if err == nil {
			err = use(f.name, string(text))
		}
		if err != nil {
			return fmt.Errorf("%s.%s: %w", member, f.name, err)
		}
	}
	return nil
}

// behind is a path behind an address, as it is escaped. It leads nowhere else.
func behind(address *url.URL, escaped string) (*url.URL, error) {
	if dotted(escaped) {
		return nil, errors.New("path: a segment of it is . or .., which leads elsewhere")
	}
	full := strings.TrimRight(address.EscapedPath(), "/") + escaped
	plain, err := url.PathUnescape(full)
	if err != nil || strings.ContainsAny(escaped, "?#\\ ") {
		return nil, errors.New("path: it is none; escape what is not a letter or a digit")
	}
	to := *address
	to.Path, to.RawPath = plain, full
	return &to, nil
}

// notJSON says where a body stops being JSON, and nothing of what it holds.
func notJSON(body []byte) error {
	err := json.NewDecoder(bytes.NewReader(body)).Decode(new(json.RawMessage))
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		return fmt.Errorf("what was rendered is no JSON, at byte %d of it", syntax.Offset)
	}
	return errors.New("what was rendered is no JSON")
}
