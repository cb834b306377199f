package webhook

import (
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"source-intercom-ingest/scan"
	"source-intercom-ingest/signature"
	"source-intercom-ingest/spec"
)

// ids say where the documents of a path get their ids from: what the binding's configuration names, which is then
// required of every webhook, or else what its sender is known to send, or else new ones.
type ids struct {
	headers  []string // canonical names; the first that a request has counts
	pointer  string   // into each document, or empty
	slot     int      // where a scan finds the value at the pointer
	required bool
}

// newIDs lets a binding's own configuration win over what the sender is known for.
func newIDs(config spec.ResourceConfig, sender *signature.Scheme) ids {
	switch {
	case config.IDFromHeader != "":
		return ids{headers: []string{config.IDFromHeader}, required: true}
	case config.IDFromBody != "":
		return ids{pointer: config.IDFromBody, required: true}
	}
	return ids{headers: sender.IDHeaders, pointer: sender.IDPointer}
}

// of returns the id of the document at an index of the body; none if it needs a new one.
func (s ids) of(r *http.Request, e *scan.Element, body []byte, index int, array bool) (string, error) {
	fromHeader, err := s.ofRequest(r)
	if err != nil || s.pointer == "" && fromHeader == "" {
		return "", err
	}
	return s.ofDocument(fromHeader, e, body, index, array)
}

// ofRequest returns the id that the request's headers carry, if any.
func (s ids) ofRequest(r *http.Request) (string, error) {
	for _, name := range s.headers {
		if id := r.Header.Get(name); id != "" {
			return id, nil
		}
	}
	if s.required && len(s.headers) > 0 {
		return "", refuse(http.StatusBadRequest, "the header %s is required: it identifies the webhook", s.headers[0])
	}
	return "", nil
}

// ofDocument returns the id that the document itself carries, or that of its request.
func (s ids) ofDocument(fromHeader string, e *scan.Element, body []byte, index int, array bool) (string, error) {
	switch {
	case fromHeader != "" && array:
		return fromHeader + "/" + strconv.Itoa(index), nil
	case fromHeader != "":
		return fromHeader, nil
	}
	if s.pointer != "" {
		if id := e.Found[s.slot].Scalar(body); id != "" {
			return id, nil
		}
		if s.required {
			return "", badBody(int64(e.Start), "document %d has no string or integer at %s, which identifies it", index, s.pointer)
		}
	}
	return "", nil
}

// newID returns a UUID of version 7, later ones greater: documents of a transaction are published in their keys' order.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
