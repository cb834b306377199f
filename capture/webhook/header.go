package webhook

import (
	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/door"
)

// smallHeader is what the header of a request may have without being counted: net/http's buffer for it, which every
// connection has.
const smallHeader = 4 << 10

// headerBytes is what a larger one may hold: its text as it was sent, which net/http bounds, and the map of its lines.
const headerBytes = 2 * door.MaxHeaderBytes

// A header is what is read of a connection while no handler has its request. Many large ones would take more memory than
// all bodies, so that they are held of the same budget, until the request is answered.
type header struct {
	size int
	held *commit.Reservation
}

// read notes so many further bytes, and tells whether there is room for what is read.
func (h *header) read(n int) bool {
	if h.size += n; h.size <= smallHeader || h.held.Held() > 0 {
		return true
	}
	return h.held.Take(headerBytes) == nil
}

// release follows the answer, or the end of the connection.
func (h *header) release() {
	h.size = 0
	h.held.Release()
}
