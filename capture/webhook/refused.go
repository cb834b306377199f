package webhook

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/schemas"
)

// refusedDocument makes the document of an authentic webhook that is refused for its content, where a binding takes those;
// nil if none does, or if the runtime would refuse this document, too.
func (h *hook) refusedDocument(r *http.Request, b body, receivedAt time.Time, held *commit.Reservation, err error) *batch {
	reason := refusalOf(err)
	if h.refused == nil || reason.status != http.StatusBadRequest && reason.status != http.StatusUnsupportedMediaType && !errors.Is(err, schemas.ErrTooCostly) {
		return nil
	}
	text, growErr := held.Grow(nil, metaBytes+2*len(b.text))
	if growErr != nil {
		return nil
	}
	reserved := cap(text)
	text = append(text, `{"_meta":{"webhookId":`...)
	text = h.appendRequestMeta(appendString(text, h.refusedID(r)), r, receivedAt)
	text = appendRefusal(appendContent(append(text, '}'), r, b), reason, b.text)
	held.Note(int64(cap(text) - reserved)) // for escapes
	defer held.Drop(text)
	made := batches.Get().(*batch)
	if made.add(h.codec, document{binding: h.refused, foreign: true}, held, text) != nil || made.validate(r.Context(), held) != nil {
		made.release()
		return nil
	}
	made.frames = h.codec.AppendCheckpoint(made.frames, nil)
	return made
}

// keptRefused counts and logs a webhook that is committed as a refused one.
func (h *hook) keptRefused(err error) {
	reason := refusalOf(err)
	h.metrics.refusals.WithLabelValues(reason.Code).Inc()
	h.log.WithFields(logrus.Fields{"path": h.path.String(), "collection": h.refused.about.Name, "reason": reason.logged(), "code": reason.Code}).
		Info("captured a webhook that is refused for its content")
}

// appendContent appends what the headers say of the body, which _meta does not: its type, and its encodings where they could
// not be undone.
func appendContent(to []byte, r *http.Request, b body) []byte {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		to = appendMember(to, "contentType", told(kind))
	}
	if b.broken != nil {
		to = appendMember(to, "contentEncoding", told(strings.Join(r.Header.Values("Content-Encoding"), ", ")))
	}
	return to
}

// appendRefusal appends what a refused document says behind its _meta.
func appendRefusal(b []byte, reason *refusal, body []byte) []byte {
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(reason.status), 10)
	b = appendMember(appendMember(b, "code", reason.Code), "reason", reason.Message)
	if len(reason.Violations) > 0 {
		text, err := json.Marshal(reason.Violations)
		if err != nil {
			panic(err) // they are structs of texts and numbers
		}
		b = append(appendName(b, "violations"), text...)
	}
	if utf8.Valid(body) {
		b = appendMember(b, "body", string(body))
	} else {
		b = append(appendName(b, "bodyBase64"), '"')
		b = append(base64.StdEncoding.AppendEncode(b, body), '"')
	}
	return append(b, '}')
}

// refusedID returns the id that the request's headers carry, which makes a retry the same document; else a new one.
func (h *hook) refusedID(r *http.Request) string {
	for _, b := range h.bindings() {
		if id, _ := b.ids.ofRequest(r); id != "" {
			return id
		}
	}
	return newID()
}
