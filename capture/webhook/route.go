package webhook

import (
	"net/http"

	"source-intercom-ingest/spec"
)

// A router hands each request to the page or the hook that its path is for. It never redirects: senders do not follow.
type router struct {
	*Server
	pages map[string]http.Handler // by their very paths
	hooks spec.Routes[*hook]
	// closed refuses all webhooks. What senders ask before they send, which needs no token, is answered as ever.
	closed bool
}

func (t *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := target(r)
	h, params, ok := t.hooks.Find(path)
	if ok {
		r.Pattern = h.path.String() // under which its answer is counted
	}
	if page := t.pages[path]; page != nil {
		page.ServeHTTP(w, r)
		return
	}
	switch {
	case ok:
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

// admit refuses who sends from an address that is not allowed, before anything else is answered.
// Whoever watches the connector has an address of its own, and learns of the health check alone.
func (t *router) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := target(r)
		if err := t.sources.Allow(r); err != nil && path != "/healthz" {
			if h, _, ok := t.hooks.Find(path); ok {
				r.Pattern = h.path.String()
			}
			t.writeRefusal(w, r, refuse(http.StatusForbidden, "%v", err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// target returns the path of a request as it was sent; of a target such as http://host, as proxies are asked for, it is "/".
func target(r *http.Request) string {
	path := r.URL.EscapedPath()
	if path == "" && r.Method != http.MethodConnect {
		return "/"
	}
	return path
}

// notFound answers what no binding has. Never 410: Intercom disables a subscription that hears it.
func (t *router) notFound(w http.ResponseWriter, r *http.Request, path string) {
	reason := refuse(http.StatusNotFound, "no binding has the path %q", told(path))
	if clean := spec.Clean(path); clean != path && path != "*" {
		reason = refuse(http.StatusNotFound, "no binding has the path %q, nor %q, which it plainly means", told(path), told(clean))
	}
	t.writeRefusal(w, r, reason)
}
