package capture

import (
	"net/http"
	"time"
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
	held := &reservation{budget: h.budget}
	defer held.release()
	if !h.sender.Signs() { // its token is right, or none is required
		held.prove()
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
	held.prove()
	if h.shakeHands(w, r, body.text, true) {
		return nil, nil
	}
	size := len(body.text)
	made, err := h.documents(r, body, receivedAt, held)
	if err != nil {
		if made = h.refusedDocument(r, body, receivedAt, held, err); made == nil {
			return nil, err
		}
	}
	defer made.release()
	held.drop(body.text) // what waits for the commit is the documents alone
	held.drop(body.asSent)
	if err := h.commit((*requester)(r), made, held); err != nil {
		return nil, err
	}
	h.committed(made, size, receivedAt)
	return published(len(made.documents), err), nil
}

// commit returns once the documents are durable.
func (h *hook) commit(who *requester, made *batch, held *reservation) error {
	if len(made.documents) == 0 {
		return nil
	}
	return h.transactor.commit(who, made.frames, h.commitTimeout, held)
}
