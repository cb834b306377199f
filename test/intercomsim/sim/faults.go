package sim

import (
	"net/http"
	"strings"
	"time"
)

// A Fault is what goes wrong with requests that it fits, in place of their answer or with it.
type Fault struct {
	Method string                   // any where it is empty
	Path   string                   // the path begins so
	When   func(*http.Request) bool // any where it is nil
	Body   string                   // the request's body has this text
	Skip   int                      // so many fitting requests are answered as ever
	Times  int                      // so many are faulty; zero is all
	Every  int                      // of the faulty ones only each such; zero is each

	Status  int           // the answer's. Zero is the answer as ever
	Answer  string        // the answer's body, in place of an error's
	HTML    bool          // the body is that of a bare gateway
	Delay   time.Duration // before the answer, on the machine's clock
	Stall   bool          // no answer until the client leaves
	Break   bool          // the connection ends within the body
	Before  func()        // runs before the answer, without the workspace's lock
	seen    int
	faulted int
}

// Inject adds a fault. Of several that fit the first counts.
func (w *Workspace) Inject(f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, &f)
}

// Heal removes all faults.
func (w *Workspace) Heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
}

// Revoke makes the token dead, or alive again.
func (w *Workspace) Revoke(dead bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = dead
}

// Deny takes the scope for a resource away by the first segment of its paths, or gives it back.
func (w *Workspace) Deny(segment string, denied bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scopes[segment] = denied
}

// fault returns the fault of a request, or nil.
func (w *Workspace) fault(r *http.Request, body []byte) *Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.faults {
		if f.Method != "" && f.Method != r.Method || !strings.HasPrefix(r.URL.Path, f.Path) ||
			!strings.Contains(string(body), f.Body) || f.When != nil && !f.When(r) {
			continue
		}
		f.seen++
		if f.seen <= f.Skip || f.Times > 0 && f.faulted >= f.Times || f.Every > 1 && (f.seen-f.Skip)%f.Every != 0 {
			continue
		}
		f.faulted++
		return f
	}
	return nil
}

const gateway = "<html>\r\n<head><title>%d</title></head>\r\n<body>\r\n<center><h1>%d</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
