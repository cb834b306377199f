package sim

import (
	"net/http"
	"strconv"
)

// windowSeconds is over how long Intercom counts requests.
const windowSeconds = 10

// A window counts the requests of the present ten seconds.
type window struct {
	begins int64
	used   int
}

// spend counts a request and writes the headers of the limit; false where it is one too many.
func (w *Workspace) spend(header http.Header, retryAfter bool) bool {
	if w.Limit == 0 {
		return true
	}
	begins := w.now() / windowSeconds * windowSeconds
	if w.window.begins != begins {
		w.window = window{begins: begins}
	}
	limit := max(1, w.Limit*windowSeconds/60)
	w.window.used++
	if !w.NoHeaders {
		header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
		header.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, limit-w.window.used)))
		header.Set("X-RateLimit-Reset", strconv.FormatInt(begins+windowSeconds, 10))
	}
	if w.window.used <= limit {
		return true
	}
	if retryAfter {
		header.Set("Retry-After", strconv.FormatInt(max(1, begins+windowSeconds-w.now()), 10))
	}
	return false
}
