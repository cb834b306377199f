// Package pages are what the connector shows to a browser: where to post, and its API to try. They are made of the
// configuration alone. The port is public, so that they say nothing of what was captured.
package pages

import (
	"net/http"
	"strconv"
	"sync"

	"source-intercom-ingest/spec"
)

// A Site is what the pages are about.
type Site struct {
	Config  spec.EndpointConfig
	Version string
	Hooks   []Hook
	// Refuse answers methods that pages do not have; a webhook may have been posted to one by mistake.
	Refuse http.HandlerFunc
}

// A Hook is a path that takes webhooks.
type Hook struct {
	Path        spec.Path
	Collections []Collection
}

// A Collection is where a binding of a path captures to.
type Collection struct {
	Name         string
	Key          []string // JSON pointers
	WriteSchema  []byte
	Topics       []string // of the notifications that it takes; none stands for all the others
	IDFromHeader string   // empty for none
	IDFromBody   string
}

// Pages returns the pages by their paths, which are among those of [spec.OwnPages].
func (s Site) Pages() map[string]http.Handler {
	bodies := sync.OnceValue(s.bodies) // anyone may ask for a page, often
	document := sync.OnceValue(func() []byte { return s.openAPI(false) })
	signed := sync.OnceValue(func() []byte { return s.openAPI(true) })
	all := map[string]http.Handler{
		"/": s.page(landingPolicy, func(w http.ResponseWriter, r *http.Request) { s.landing(w, r, bodies) }),
		"/swagger-ui": s.Page(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "swagger-ui/", http.StatusMovedPermanently)
		}),
		"/swagger-ui/": s.page(swaggerPolicy, serveAsset("index.html")),
		"/api-doc/openapi.json": s.Page(func(w http.ResponseWriter, r *http.Request) {
			if isNear(r) {
				write(w, "application/json", signed())
				return
			}
			write(w, "application/json", document())
		}),
	}
	for name := range assets {
		all["/swagger-ui/"+name] = s.page(swaggerPolicy, serveAsset(name))
	}
	return all
}

// bodies are examples of what the paths take.
func (s Site) bodies() []string {
	var all []string
	for _, h := range s.Hooks {
		all = append(all, h.body(s.Config))
	}
	return all
}

// Page answers GET and HEAD with what is to be read, not to be run.
func (s Site) Page(next http.HandlerFunc) http.Handler { return s.page(nothingPolicy, next) }

// nothingPolicy is that of what is no page.
const nothingPolicy = "default-src 'none'; frame-ancestors 'none'"

// page answers GET and HEAD, with headers that let a browser do no more than the page needs.
func (s Site) page(policy string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.Refuse(w, r)
			return
		}
		next(w, r)
	})
}

// write answers with a whole body.
func write(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}
