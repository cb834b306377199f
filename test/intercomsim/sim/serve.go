package sim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Request is one that came, and its answer's status.
type Request struct {
	At     time.Time // of the workspace's clock
	Method string
	Path   string
	Query  string
	Body   string
	Status int
}

// maxLog bounds the requests that are kept whole; counts go on.
const maxLog = 100_000

// maxRequest bounds a request's body.
const maxRequest = 1 << 20

// A failure is an error's answer.
type failure struct {
	status  int
	code    string
	message string
}

func bad(code, message string) *failure { return &failure{http.StatusBadRequest, code, message} }

func (f *failure) body() string {
	return fmt.Sprintf(`{"type":"error.list","request_id":"f93ecfa8-d08a-4325-8694-89aeb89c8f85","errors":[{"code":"%s","message":%s}]}`, f.code, quoted(f.message))
}

// ServeHTTP answers as the API does.
func (w *Workspace) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &recorder{ResponseWriter: to, status: http.StatusOK}
	answer.Header().Set("Content-Type", "application/json")
	answer.Header().Set("Date", w.Clock.Now().UTC().Format(http.TimeFormat))
	f := w.fault(r, body)
	defer func() { w.note(r, body, answer.status) }()
	if f != nil {
		if f.Before != nil {
			f.Before()
		}
		if !f.apply(answer, r) {
			return
		}
	}
	if fail := w.admit(answer.Header(), r); fail != nil {
		answer.fail(fail)
		return
	}
	w.mux.ServeHTTP(answer, r)
}

// apply does what is wrong; true where the request is answered as ever after it.
func (f *Fault) apply(to *recorder, r *http.Request) bool {
	if f.Stall {
		<-r.Context().Done()
		return false
	}
	select {
	case <-time.After(f.Delay):
	case <-r.Context().Done():
		return false
	}
	switch {
	case f.Break:
		to.broken = true
		return true
	case f.Status == 0:
		return true
	case f.HTML:
		to.Header().Set("Content-Type", "text/html")
		to.WriteHeader(f.Status)
		_, _ = fmt.Fprintf(to, gateway, f.Status, f.Status)
	case f.Answer != "" || f.Status == http.StatusOK:
		to.WriteHeader(f.Status)
		_, _ = io.WriteString(to, f.Answer)
	default:
		to.fail(&failure{f.Status, "server_error", "Something went wrong"})
	}
	return false
}

// admit checks the token, the version and the rate.
func (w *Workspace) admit(header http.Header, r *http.Request) *failure {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
	if strings.HasPrefix(r.URL.Path, "/auth/") {
		return nil
	}
	if r.Header.Get("Authorization") != "Bearer "+w.Token || w.dead {
		return &failure{http.StatusUnauthorized, "unauthorized", "Access Token Invalid"}
	}
	if !w.spend(header, len(w.log)%2 == 0) {
		return &failure{http.StatusTooManyRequests, "rate_limit_exceeded", "Exceeded rate limit"}
	}
	if !slices.Contains(versions, r.Header.Get("Intercom-Version")) {
		return bad("intercom_version_invalid", "Requested resource is not available in current API version.")
	}
	segment, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if w.scopes[segment] {
		return &failure{http.StatusForbidden, "forbidden", "You do not have the required scope (read_" + segment + ") to access this resource"}
	}
	return nil
}

// versions of the API that are known. Requests without one are refused, so that none forgets it.
var versions = []string{"2.11", "2.12", "2.13", "2.14", "2.15", "2.16", "Preview"}

// note keeps a request.
func (w *Workspace) note(r *http.Request, body []byte, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[r.Method+" "+endpoint(r.URL.Path)]++
	w.counts[fmt.Sprint(status)]++
	if len(w.log) < maxLog {
		w.log = append(w.log, Request{w.Clock.Now(), r.Method, r.URL.Path, r.URL.RawQuery, string(body), status})
	}
}

// endpoint is a path with ids left out.
func endpoint(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.ContainsAny(part, "0123456789") {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}

// Requests returns the requests so far, in order.
func (w *Workspace) Requests() []Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.log)
}

// Count returns how many requests came to an endpoint ("GET /conversations/{id}") or were answered with a status ("429").
func (w *Workspace) Count(of string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[of]
}

// Forget empties the log and the counts.
func (w *Workspace) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = nil
	clear(w.counts)
}

// A recorder notes a status, and breaks off where a fault says so.
type recorder struct {
	http.ResponseWriter
	status int
	broken bool
}

func (a *recorder) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *recorder) Write(p []byte) (int, error) {
	if !a.broken {
		return a.ResponseWriter.Write(p)
	}
	a.Header().Set("Content-Length", fmt.Sprint(len(p)))
	_, _ = a.ResponseWriter.Write(p[:len(p)/2])
	_ = http.NewResponseController(a.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func (a *recorder) fail(f *failure) {
	a.WriteHeader(f.status)
	_, _ = io.WriteString(a, f.body())
}

// Unwrap lets a controller find the connection.
func (a *recorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }
