package capture

import (
	"net/http"

	"source-intercom-ingest/spec"
)

// A router hands each request to the page or the hook that its path is for. It never redirects: senders do not follow.
type router struct {
	*server
	pages map[string]http.Handler // by their very paths
	hooks spec.Routes[*hook]
	// closed refuses all webhooks. What senders ask before they send, which needs no token, is answered as ever.
	closed bool
}

func (t *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if path == "" && r.Method != http.MethodConnect {
		path = "/" // of a target such as http://host, as proxies are asked for
	}
	if page := t.pages[path]; page != nil {
		t.show(page, w, r)
		return
	}
	h, params, ok := t.hooks.Find(path)
	switch {
	case ok:
		r.Pattern = h.path.String() // under which its answer is counted
		for i, name := range h.params {
			r.SetPathValue(name, params[i])
		}
		if t.closed && (r.Method == http.MethodPost || r.Method == http.MethodPut) {
			t.writeRefusal(w, r, refuse(http.StatusForbidden, "the bearer token that is required is empty, so that none is right; the capture's owner must set one"))
			return
		}
		h.ServeHTTP(w, r)
	case r.Method == http.MethodOptions && path == "*": // of the server as a whole
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodConnect:
		t.writeRefusal(w, r, refuse(http.StatusMethodNotAllowed, "CONNECT is not a method of webhooks, and this is no proxy; use POST or PUT").
			with("Allow", allowed))
	default:
		t.notFound(w, r, path)
	}
}

// show answers with a page, to those who may send: it says how.
func (t *router) show(page http.Handler, w http.ResponseWriter, r *http.Request) {
	if client, ok := t.sources.Allow(r); !ok && r.URL.Path != "/healthz" { // which says nothing, and is asked by machines
		t.writeRefusal(w, r, refuse(http.StatusForbidden, "pages are not shown to the address %v", client))
		return
	}
	page.ServeHTTP(w, r)
}

// notFound answers what no binding has. Never 410: Intercom disables a subscription that hears it.
func (t *router) notFound(w http.ResponseWriter, r *http.Request, path string) {
	reason := refuse(http.StatusNotFound, "no binding has the path %q", told(path))
	if clean := spec.Clean(path); clean != path && path != "*" {
		reason = refuse(http.StatusNotFound, "no binding has the path %q, nor %q, which it plainly means", told(path), told(clean))
	}
	t.writeRefusal(w, r, reason)
}
