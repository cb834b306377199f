package capture

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// commitTimeout bounds how long a request waits for its acknowledgement. The runtime commits about once a second;
// half a minute without a commit means that it is held up, and the sender had better come back.
const commitTimeout = 30 * time.Second

var errTooSlow = errors.New("the webhook was not committed in time")

// A hook takes the webhooks of one path.
type hook struct {
	*server
	binding *binding
}

// ServeHTTP takes a webhook, or answers what senders ask of a path before they send to it.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const challenge = "X-Okta-Verification-Challenge"
	switch {
	case r.Method == http.MethodPost || r.Method == http.MethodPut:
		h.handleWebhook(w, r)
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK) // Intercom validates a URL so, without authentication
	case r.Method == http.MethodGet && r.Header.Get(challenge) != "":
		writeJSON(w, http.StatusOK, map[string]string{"verification": r.Header.Get(challenge)})
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
	default:
		h.writeRefusal(w, r, refuse(http.StatusMethodNotAllowed, "%s is not a method of webhooks; use POST or PUT", r.Method).
			with("Allow", allowed))
	}
}

const allowed = "POST, PUT, HEAD, OPTIONS"

// handleWebhook is the way of one request, from its socket to its reply.
func (h *hook) handleWebhook(w http.ResponseWriter, r *http.Request) {
	published, err := h.take(r)
	if err != nil {
		h.writeRefusal(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"published": published})
}

// take returns the number of documents once they are committed.
func (h *hook) take(r *http.Request) (int, error) {
	receivedAt := time.Now()
	if err := authenticate(h.token, r); err != nil {
		return 0, err
	}
	body, err := readBody(r)
	if err != nil {
		return 0, err
	}
	made, err := h.documents(r, body, receivedAt)
	if err != nil || len(made.documents) == 0 {
		return 0, err
	}
	if err := h.validate(made); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), commitTimeout, errTooSlow)
	defer cancel()
	return len(made.documents), h.transactor.commit(ctx, made.frames)
}
