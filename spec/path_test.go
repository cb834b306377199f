package spec

import (
	"slices"
	"strings"
	"testing"
)

func TestMalformedPathsAreRefusedWithACure(t *testing.T) {
	for _, text := range []string{"", "/", "/{}", "/{a", "/a}", "/{a}{b}", "/{a}.json", "/x{a}", "/{*}", "/{*a}/b", "/{*a}/", "/{a*}", "/{**a}", "/x{*a}",
		"/{a{b}}", "/{id}/x/{id}", "/{id}/{*id}", "//", "/a//b", "/a/../b", "/.", "/a?b=c", "/a#b", "/a\n", "/swagger-ui", "/swagger-ui/",
		"/swagger-ui/start.js", "/api-doc/openapi.json", "/healthz", "health%7A"} {
		if _, err := ParsePath(text); err == nil || !strings.Contains(err.Error(), "; ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPathsThatAreTaken(t *testing.T) {
	for text, params := range map[string][]string{
		"/healthz/": nil, "/healthz/x": nil, "/healthzz": nil, "/healthz/{x}": {"x"}, "/swagger-ui/x": nil, "/swagger-ui/{x}": {"x"}, "/api-doc": nil,
		"/api-doc/openapi.json/": nil, "/Healthz": nil, "/{*rest}": {"rest"}, "/a/{b}/{*c d}": {"b", "c d"}, "/{my id}": {"my id"},
		"/{my-id}": {"my-id"}, "/{my.id}/": {"my.id"}, "/{id:int}": {"id:int"}, "/{ü}": {"ü"}, "/{-}": {"-"}, "/{$}": {"$"}, "in": nil, "/100%": nil,
	} {
		p, err := ParsePath(text)
		if err != nil || !slices.Equal(p.Params(), params) {
			t.Errorf("%s: %q, %v", text, p.Params(), err)
		}
	}
}

// Only paths that differ in the names of their parameters can not be told apart.
func TestPathsConflict(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"/a", "/a", true}, {"/a", "a", true}, {"/a", "/b", false}, {"/a", "/a/", false}, {"/a", "/A", false},
		{"/a/{x}", "/a/{y}", true}, {"/a/{x}", "/a/b", false}, {"/{x}/b", "/a/{y}", false}, {"/a%62", "/ab", true}, {"/a%2Fb", "/a/b", false},
		{"/{x}/{y}", "/a/{y}", false}, {"/{x}/b/c", "/a/{y}/d", false}, {"/{*x}", "/{*y}", true}, {"/{*x}", "/{y}", false}, {"/{x}/", "/{y}", false},
	} {
		a, _ := ParsePath(c.a)
		b, _ := ParsePath(c.b)
		if a.Conflicts(b) != c.want || b.Conflicts(a) != c.want {
			t.Errorf("%s and %s: want %v", c.a, c.b, c.want)
		}
	}
}
