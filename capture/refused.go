package capture

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/schemas"
)

// refusedDocument makes the document of an authentic webhook that is refused for its content, where a binding takes those;
// nil if none does, or if the runtime would refuse this document, too.
func (h *hook) refusedDocument(r *http.Request, body []byte, receivedAt time.Time, held *reservation, err error) *batch {
	reason := refusalOf(err)
	if h.refused == nil || reason.status != http.StatusBadRequest && reason.status != http.StatusUnsupportedMediaType && !errors.Is(err, schemas.ErrTooCostly) {
		return nil
	}
	text, growErr := held.grow(nil, metaBytes+2*len(body))
	if growErr != nil {
		return nil
	}
	reserved := cap(text)
	text = append(text, `{"_meta":{"webhookId":`...)
	text = h.appendRequestMeta(appendString(text, h.refusedID(r)), r, receivedAt)
	text = appendRefusal(append(text, '}'), reason, body)
	held.note(int64(cap(text) - reserved)) // for escapes
	defer held.drop(text)
	made := batches.Get().(*batch)
	if made.add(h.codec, document{binding: h.refused, foreign: true}, held, text) != nil || made.validate(r.Context(), held) != nil {
		made.release()
		return nil
	}
	made.frames = h.codec.AppendCheckpoint(made.frames, nil)
	h.metrics.refusals.WithLabelValues(reasonOf(reason, err)).Inc()
	h.log.WithFields(logrus.Fields{"path": h.path.String(), "collection": h.refused.about.Name, "reason": reason.Message}).Info("captured a webhook that is refused for its content")
	return made
}

// appendRefusal appends what a refused document says behind its _meta.
func appendRefusal(b []byte, reason *refusal, body []byte) []byte {
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(reason.status), 10)
	b = appendMember(b, "reason", reason.Message)
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
