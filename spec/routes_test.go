package spec

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// routesOf adds templates, each as its own value.
func routesOf(t testing.TB, templates ...string) *Routes[string] {
	t.Helper()
	routes := new(Routes[string])
	for _, text := range templates {
		p, err := ParsePath(text)
		if err != nil {
			t.Fatal(err)
		}
		routes.Add(p, p.String())
	}
	return routes
}

func TestRequestsFindTheirTemplates(t *testing.T) {
	for templates, requests := range map[string]map[string]string{ // the values of parameters behind the template, each behind a blank
		"/hook": {
			"/hook": "/hook", "/hook/": "/hook", "//hook": "/hook", "///hook": "/hook", "/./hook": "/hook", "/x/../hook": "/hook", "/hook//": "/hook",
			"/hook/.": "/hook", "/%2e/hook": "/hook", "/x/%2E%2e/hook": "/hook", "/../hook": "/hook", "/hook/x/..": "/hook", "/%68ook": "/hook",
			"/": "", "//": "", "": "", "*": "", "hook": "", "/Hook": "", "/hook/x": "", "/hookx": "", "/hoo": "", "/hook%2F": "", "/%2Fhook": "", "/x/..": "",
		},
		"/hooks/":          {"/hooks/": "/hooks/", "/hooks": "/hooks/", "//hooks": "/hooks/", "/hooks/x": ""},
		"/orders,/orders/": {"/orders": "/orders", "/orders/": "/orders/", "//orders": "/orders", "/orders//": "/orders/"},
		"/a b/ü":           {"/a%20b/%C3%BC": "/a b/ü"},
		"/a%20b":           {"/a%20b": "/a%20b"},
		"/a%2Fb,/a/b":      {"/a%2Fb": "/a%2Fb", "/a/b": "/a/b"},
		"/100%":            {"/100%25": "/100%"},
		"/%2e/x":           {"/%2e/x": "/%2e/x"},
		"/v/{x}/new,/v/acme/{y}": {
			"/v/acme/new": "/v/acme/{y} new", "/v/b/new": "/v/{x}/new b", "/v/acme/old": "/v/acme/{y} old", "/v/b/old": "", "/v/acme/": "", "/v//new": "",
			"/v/acme/new/": "/v/acme/{y} new", "/v/a%2Fb/new": "/v/{x}/new a/b", "/v/./acme/x": "/v/acme/{y} x",
		},
		"/v/acme/{y}/z,/v/{x}/new": {"/v/acme/new": "/v/{x}/new acme", "/v/acme/a/z": "/v/acme/{y}/z a"},
		"/vendors/{v}/products/{p-d}": {
			"/vendors/a%2Fb/products/%7Bx%7D": "/vendors/{v}/products/{p-d} a/b {x}", "/vendors//products/x": "", "/vendors/a/products/": "",
		},
		"/{x}/":                      {"/a": "/{x}/ a", "/a/": "/{x}/ a", "/": "", "//": ""},
		"/orders,/{x}/":              {"/orders": "/orders", "/orders/": "/{x}/ orders"}, // what has the very end goes before
		"/a/{x}/,/{y}/b":             {"/a/b": "/{y}/b a", "/a/c": "/a/{x}/ c", "/a/b/": "/a/{x}/ b"},
		"/orders,/{*rest}":           {"/orders/": "/orders", "//orders": "/orders", "/orders/1": "/{*rest} orders/1", "/b/": "/{*rest} b/", "/": ""},
		"/orders/,/{*rest}":          {"/orders": "/orders/"},
		"/files,/files/{*r}":         {"/files/": "/files", "/files/a/b": "/files/{*r} a/b", "/files": "/files"},
		"/files/{*r}":                {"/files": "", "/files/": "", "/files//": "", "/files/a%2Fb/c%20d": "/files/{*r} a/b/c d", "/files//a/../b": "/files/{*r} b"},
		"/a/{*r},/{x}/b":             {"/a/b": "/a/{*r} b", "/c/b": "/{x}/b c", "/a/b/c": "/a/{*r} b/c"},
		"/{x}/{*r},/{x}/b/c,/{*all}": {"/a/b/c": "/{x}/b/c a", "/a/b/d": "/{x}/{*r} a b/d", "/a": "/{*all} a"},
	} {
		routes := routesOf(t, strings.Split(templates, ",")...)
		for request, want := range requests {
			template, params, ok := routes.Find(request)
			if got := strings.Join(append([]string{template}, params...), " "); got != want || ok != (want != "") {
				t.Errorf("%s of %s finds %q, not %q", request, templates, got, want)
			}
		}
	}
}

// reference decides by comparing all templates with a path, segment by segment.
func reference(templates []Path, path string) string {
	segments := strings.Split(path[1:], "/")
	slash := len(segments) > 1 && segments[len(segments)-1] == ""
	if slash {
		segments = segments[:len(segments)-1]
	}
	kinds := func(p Path) (kinds []int) { // what each segment is matched by; nil if one is not
		for i, s := range p.segments {
			switch {
			case i >= len(segments) || segments[i] == "":
				return nil
			case s.rest:
				return append(kinds, 2)
			case s.param != "":
				kinds = append(kinds, 1)
			case s.literal == decoded(segments[i]):
				kinds = append(kinds, 0)
			default:
				return nil
			}
		}
		if len(kinds) < len(segments) {
			return nil
		}
		return kinds
	}
	best := func(fits func(Path) bool) (found Path, of []int) {
		for _, p := range templates {
			if k := kinds(p); k != nil && fits(p) && (of == nil || slices.Compare(k, of) < 0) {
				found, of = p, k
			}
		}
		return found, of
	}
	endsAlike := func(p Path) bool { return p.slash == slash }
	rest := func(p Path) bool { return p.segments[len(p.segments)-1].rest }
	p, kind := best(func(p Path) bool { return rest(p) || endsAlike(p) })
	if kind == nil || rest(p) {
		p, kind = best(func(Path) bool { return true })
		if q, alike := best(endsAlike); alike != nil && slices.Equal(alike, kind) {
			p = q // the other one differs in its end alone
		}
	}
	if kind == nil {
		return ""
	}
	return p.text
}

// Whatever is accepted as a path can be served beside any other that does not conflict, and is found as the reference
// finds it.
func FuzzPaths(f *testing.F) {
	f.Add("/vendors/{vendorId}/products/{productId}", "/vendors/x/products/{p}", "/vendors/x/products/y")
	f.Add("/{a}/x", "/x/{b}", "/x/x/")
	f.Add("/a%2Fb/", "a b/{x-y}", "//a%20b/./c")
	f.Add("/{*rest}", "/a/{b}/", "/a/b")
	f.Fuzz(func(t *testing.T, one, two, request string) {
		var templates []Path
		var routes Routes[string]
		for _, text := range []string{one, two} {
			p, err := ParsePath(text)
			if err == nil && (len(templates) == 0 || !p.Conflicts(templates[0])) {
				templates = append(templates, p)
				routes.Add(p, p.String())
			}
		}
		u, err := url.ParseRequestURI(request)
		if err != nil || !strings.HasPrefix(u.EscapedPath(), "/") {
			return
		}
		path := u.EscapedPath()
		found, params, _ := routes.Find(path)
		clean := Clean(path)
		if Clean(clean) != clean || !strings.HasPrefix(clean, "/") {
			t.Fatalf("%q is cleaned to %q", path, clean)
		}
		if path == clean {
			if want := reference(templates, path); found != want {
				t.Fatalf("%q finds %q among %v, not %q", path, found, templates, want)
			}
		}
		for _, p := range templates {
			if p.String() == found && len(params) != len(p.Params()) {
				t.Fatalf("%q has the values %q in %s", path, params, found)
			}
		}
	})
}
