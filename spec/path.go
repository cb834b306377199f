package spec

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A Path is a template of URL paths, as OpenAPI has them: a segment in braces stands for any one segment.
type Path struct {
	text     string
	segments []segment
}

// A segment is a literal or a parameter.
type segment struct {
	literal string // decoded
	param   string // empty for a literal
}

// ownPages are the first segments of the connector's own pages.
var ownPages = []string{"swagger-ui", "api-doc", "healthz"}

var isParam = regexp.MustCompile(`^\{[\pL\pN_]+(?:[.-][\pL\pN_]+)*\}$`).MatchString

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
	for i, part := range parts {
		s := segment{literal: part}
		switch {
		case isParam(part):
			s = segment{param: part[1 : len(part)-1]}
			if slices.Contains(p.Params(), s.param) {
				return wrong("has the parameter "+part+" twice", "give each parameter a name of its own")
			}
		case strings.ContainsAny(part, "{}"):
			return wrong(fmt.Sprintf("has the malformed parameter %q", part), "a parameter is a whole segment, such as /{vendorId}, named with letters, digits, _ and -")
		case part == "" && i < len(parts)-1, part == ".", part == "..":
			return wrong(fmt.Sprintf("has the segment %q, which no request is sent with", part), "remove it")
		default:
			if decoded, err := url.PathUnescape(part); err == nil {
				s.literal = decoded
			}
		}
		p.segments = append(p.segments, s)
	}
	if first := p.segments[0]; slices.Contains(ownPages, first.literal) {
		return wrong("is taken by the connector's own pages", "choose another, such as /webhook-data")
	}
	return p, nil
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

// Pattern returns the template for [net/http.ServeMux], and the wildcards' names there: it has other rules for names.
func (p Path) Pattern() (pattern string, wildcards []string) {
	pattern = p.Expand(func(string) string {
		name := fmt.Sprintf("p%d", len(wildcards))
		wildcards = append(wildcards, name)
		return "{" + name + "}"
	})
	if strings.HasSuffix(p.text, "/") {
		pattern += "{$}"
	}
	return pattern, wildcards
}

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
	return b.String()
}

// Conflicts tells that some request matches both templates and neither is the more specific one for it. The names of
// parameters do not count.
func (p Path) Conflicts(q Path) bool {
	if len(p.segments) != len(q.segments) {
		return false
	}
	var pWins, qWins bool
	for i, s := range p.segments {
		t := q.segments[i]
		switch {
		case s.param == "" && t.param == "":
			if s.literal != t.literal {
				return false
			}
		case s.param == "":
			pWins = true
		case t.param == "":
			qWins = true
		}
	}
	return pWins == qWins
}
