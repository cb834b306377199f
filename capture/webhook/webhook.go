package webhook

import (
	"net/http"
	"time"

	"source-intercom-ingest/capture/commit"
)

// ServeHTTP takes a webhook, or answers what senders ask of a path before they send to it.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost || r.Method == http.MethodPut:
		h.handleWebhook(w, r)
	case h.shakeHands(w, r, nil, false):
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
	default:
		h.writeRefusal(w, r, refuse(http.StatusMethodNotAllowed, "%s is not a method of webhooks; use POST or PUT", told(r.Method)).
			with("Allow", allowed))
	}
}

const allowed = "POST, PUT, HEAD, OPTIONS"

// handleWebhook is the way of one request, from its socket to its reply.
func (h *hook) handleWebhook(w http.ResponseWriter, r *http.Request) {
	reply, err := h.take(w, r)
	if err != nil {
		h.writeRefusal(w, r, err)
		return
	}
	if reply != nil {
		writeText(w, http.StatusOK, reply)
	}
}

// take returns the reply to a webhook, JSON text, once its documents are committed; nil where a handshake was answered
// instead.
func (h *hook) take(w http.ResponseWriter, r *http.Request) (reply []byte, err error) {
	receivedAt := time.Now()
	if err := authenticate(h.token, r); err != nil {
		return nil, err
	}
	held := h.budget.Reserve()
	defer held.Release()
	if !h.sender.Signs() { // its token is right, or none is required
		held.Prove()
	}
	body, err := bodyReader{held, h.maxBody, h.sources}.read(w, r, receivedAt, h.sender.Signs())
	if err != nil {
		return nil, err
	}
	if h.shakeHands(w, r, body.text, false) {
		return nil, nil
	}
	if err := h.verify(r, body, receivedAt); err != nil {
		return nil, err
	}
	held.Prove()
	if h.shakeHands(w, r, body.text, true) {
		return nil, nil
	}
	size := len(body.text)
	made, wrong := h.documents(r, body, receivedAt, held)
	if wrong != nil {
		if made = h.refusedDocument(r, body, receivedAt, held, wrong); made == nil {
			return nil, wrong
		}
	}
	defer made.release()
	held.Drop(body.text) // what waits for the commit is the documents alone
	held.Drop(body.asSent)
	if err := h.commit((*requester)(r), made, held); err != nil {
		return nil, err
	}
	h.committed(made, size, receivedAt)
	if wrong != nil {
		h.keptRefused(wrong)
	}
	return published(len(made.documents), wrong), nil
}

// commit returns once the documents are durable.
func (h *hook) commit(who *requester, made *batch, held *commit.Reservation) error {
	if len(made.documents) == 0 {
		return nil
	}
	return h.transactor.Commit(who, made.frames, h.commitTimeout, held)
}
