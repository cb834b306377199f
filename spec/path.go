package spec

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A Path is a template of URL paths, as OpenAPI has them: a segment in braces stands for any one segment, and in the end
// one such as {*rest} for all that is left of a path.
type Path struct {
	text     string
	segments []segment
	slash    bool // at the end
}

// A segment is a literal, a parameter, or the parameter that takes the rest of a path.
type segment struct {
	literal string // decoded
	param   string // empty for a literal
	rest    bool
}

// OwnPages are the paths of the connector's own pages, which no binding has.
var OwnPages = []string{"/", "/healthz", "/api-doc/openapi.json", "/swagger-ui", "/swagger-ui/", "/swagger-ui/index.html",
	"/swagger-ui/start.js", "/swagger-ui/style.css", "/swagger-ui/swagger-ui-bundle.js", "/swagger-ui/swagger-ui.css",
	"/swagger-ui/favicon-32x32.png"}

// ParsePath reads a template. A leading slash is added where it lacks one.
func ParsePath(text string) (Path, error) {
	p := Path{text: "/" + strings.TrimPrefix(text, "/")}
	wrong := func(reason, cure string) (Path, error) {
		return Path{}, fmt.Errorf("path %q %s; %s", text, reason, cure)
	}
	if p.text == "/" {
		return wrong("is the connector's own page", "choose another, such as /webhook-data")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == '?' || r == '#' || r == 0x7f }) {
		return wrong("holds a character that no URL path has", "write the path alone, without a query or a fragment")
	}
	parts := strings.Split(p.text[1:], "/")
	if last := len(parts) - 1; last > 0 && parts[last] == "" {
		parts, p.slash = parts[:last], true
	}
	for i, part := range parts {
		s, ok := parseSegment(part)
		switch {
		case !ok:
			return wrong(fmt.Sprintf("has the malformed parameter %q", part), "a parameter is a whole segment, such as /{vendorId}, or /{*rest} for all that is left of the path")
		case s.rest && (i < len(parts)-1 || p.slash):
			return wrong(fmt.Sprintf("has %q before its end", part), "let what takes the rest of a path be the last segment")
		case s.param != "" && slices.Contains(p.Params(), s.param):
			return wrong("has the parameter "+part+" twice", "give each parameter a name of its own")
		case part == "", part == ".", part == "..":
			return wrong(fmt.Sprintf("has the segment %q, which no request is sent with", part), "remove it")
		}
		p.segments = append(p.segments, s)
	}
	if own := p.Expand(func(param string) string { return "{" + param + "}" }); slices.Contains(OwnPages, own) {
		return wrong("is taken by the connector's own pages", "choose another, such as /webhook-data")
	}
	return p, nil
}

// parseSegment reads a segment of a template; not ok if its braces are not those of a parameter.
func parseSegment(part string) (s segment, ok bool) {
	if !strings.ContainsAny(part, "{}") {
		return segment{literal: decoded(part)}, true
	}
	name, opened := strings.CutPrefix(part, "{")
	name, closed := strings.CutSuffix(name, "}")
	name, rest := strings.CutPrefix(name, "*")
	return segment{param: name, rest: rest}, opened && closed && name != "" && !strings.ContainsAny(name, "{}*")
}

// decoded returns what a segment of a URL means: as it is, where its escapes are none.
func decoded(segment string) string {
	if text, err := url.PathUnescape(segment); err == nil {
		return text
	}
	return segment
}

// String returns the template as it was configured, with its leading slash.
func (p Path) String() string { return p.text }

// Params returns the names of the parameters, in order.
func (p Path) Params() []string {
	var names []string
	for _, s := range p.segments {
		if s.param != "" {
			names = append(names, s.param)
		}
	}
	return names
}

// TakesRest tells that the last parameter takes the rest of a path.
func (p Path) TakesRest() bool { return p.segments[len(p.segments)-1].rest }

// Expand returns the path as a URL has it, with these texts in place of the parameters.
func (p Path) Expand(value func(param string) string) string {
	var b strings.Builder
	for _, s := range p.segments {
		b.WriteByte('/')
		if s.param == "" {
			b.WriteString(url.PathEscape(s.literal))
		} else {
			b.WriteString(value(s.param))
		}
	}
	if p.slash {
		b.WriteByte('/')
	}
	return b.String()
}

// Conflicts tells that no request could tell which of the templates it is for: they differ in the names of their
// parameters at most.
func (p Path) Conflicts(q Path) bool {
	return p.slash == q.slash && slices.EqualFunc(p.segments, q.segments, func(s, t segment) bool {
		return s.literal == t.literal && s.rest == t.rest && (s.param == "") == (t.param == "")
	})
}
