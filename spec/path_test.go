package spec

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestPathsMatchDecodedSegments(t *testing.T) {
	for _, c := range []struct {
		template, request string
		values            []string // nil: no match
	}{
		{"/webhook-data", "/webhook-data", []string{}},
		{"webhook-data", "/webhook%2Ddata", []string{}},
		{"/webhook-data", "/webhook-data/", nil},
		{"/hooks/", "/hooks/", []string{}},
		{"/hooks/", "/hooks/x", nil},
		{"/a b/ü", "/a%20b/%C3%BC", []string{}},
		{"/a%20b", "/a%20b", []string{}},
		{"/vendors/{vendorId}/products/{product-id}", "/vendors/a%2Fb/products/%7Bx%7D", []string{"a/b", "{x}"}},
		{"/vendors/{v}", "/vendors/a/b", nil},
		{"/vendors/{v}", "/vendors/", nil},
	} {
		path, err := ParsePath(c.template)
		if err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		var got []string
		mux := http.NewServeMux()
		pattern, wildcards := path.Pattern()
		mux.HandleFunc(pattern, func(_ http.ResponseWriter, r *http.Request) {
			got = []string{}
			for _, name := range wildcards {
				got = append(got, r.PathValue(name))
			}
		})
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", c.request, nil))
		if !slices.Equal(got, c.values) || (got == nil) != (c.values == nil) {
			t.Errorf("%s of %s: got %q, want %q", c.request, c.template, got, c.values)
		}
	}
}

func TestMalformedPathsAreRefusedWithACure(t *testing.T) {
	for _, text := range []string{"", "/", "/{}", "/{a", "/a}", "/{a}{b}", "/{a}.json", "/x{a}", "/{a...}", "/{$}", "/{*rest}", "/{a b}",
		"/{id}/x/{id}", "//", "/a//b", "/a/../b", "/.", "/a?b=c", "/a#b", "/a\n", "/swagger-ui", "/swagger-ui/", "/api-doc/openapi.json", "/healthz"} {
		if _, err := ParsePath(text); err == nil || !strings.Contains(err.Error(), "; ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPathsConflictWhereNeitherIsMoreSpecific(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"/a", "/a", true}, {"/a", "a", true}, {"/a", "/b", false}, {"/a", "/a/", false},
		{"/a/{x}", "/a/{y}", true}, {"/a/{x}", "/a/b", false}, {"/{x}/b", "/a/{y}", true},
		{"/{x}/{y}", "/a/{y}", false}, {"/{x}/b/c", "/a/{y}/d", false}, {"/a%62", "/ab", true},
	} {
		a, _ := ParsePath(c.a)
		b, _ := ParsePath(c.b)
		if a.Conflicts(b) != c.want || b.Conflicts(a) != c.want {
			t.Errorf("%s and %s: want %v", c.a, c.b, c.want)
		}
	}
}

// Whatever is accepted as a path can be served, beside another path unless they conflict.
func FuzzPaths(f *testing.F) {
	f.Add("/vendors/{vendorId}/products/{productId}", "/vendors/x/products/{p}")
	f.Add("/{a}/x", "/x/{b}")
	f.Add("/a%2Fb/", "a b/{x-y}")
	f.Fuzz(func(t *testing.T, one, two string) {
		a, err := ParsePath(one)
		if err != nil {
			return
		}
		b, err := ParsePath(two)
		if err != nil || a.Conflicts(b) {
			return
		}
		mux := http.NewServeMux()
		for _, p := range []Path{a, b} {
			pattern, _ := p.Pattern()
			mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {}) // panics if it can not be served
		}
	})
}
