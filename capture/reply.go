package capture

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/schemas"
)

// A refusal is an answer other than 200. What it marshals to goes to the sender; neither that nor the reason that is
// logged holds a secret.
type refusal struct {
	status     int
	Message    string              `json:"error"`
	Offset     *int64              `json:"offset,omitempty"` // bytes into the decompressed body
	Violations []schemas.Violation `json:"violations,omitempty"`
	header     map[string]string
	notJSON    []byte // the beginning of a body that is not JSON
}

func (r *refusal) Error() string { return r.Message }

// refuse makes a refusal whose message goes to the sender.
func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, Message: fmt.Sprintf(format, args...)}
}

// badBody refuses a body for what stands at a byte of it.
func badBody(offset int64, format string, args ...any) *refusal {
	r := refuse(http.StatusBadRequest, format, args...)
	r.Message = fmt.Sprintf("at byte %d: %s", offset, r.Message)
	r.Offset = &offset
	return r
}

// notJSON refuses a body that is not JSON, for what stands at a byte of it. An operator who debugs sees how it begins: enough
// to recognize a page or another format.
func notJSON(body []byte, at int, format string, args ...any) *refusal {
	const excerpt = 256
	r := badBody(int64(at), "the body is not JSON: "+format, args...)
	r.notJSON = bytes.Clone(body[:min(len(body), excerpt)])
	return r
}

// with adds a header to the answer. Its value is never what a sender wrote.
func (r *refusal) with(header, value string) *refusal {
	if r.header == nil {
		r.header = map[string]string{}
	}
	r.header[header] = value
	return r
}

// comeBack refuses a request that may succeed later. The seconds differ, so that senders do not return all at once.
func comeBack(format string, args ...any) *refusal {
	const least, most = 1, 5
	return refuse(http.StatusServiceUnavailable, format, args...).
		with("Retry-After", strconv.Itoa(least+rand.IntN(most-least+1)))
}

// refusalOf turns an error of any stage into an answer.
func refusalOf(err error) *refusal {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, errQueueFull), errors.Is(err, errNoRoom), errors.Is(err, errEnding), errors.Is(err, errTooSlow):
		return comeBack("%v; send it again", err)
	case errors.Is(err, schemas.ErrTooCostly):
		return refuse(http.StatusServiceUnavailable, "%v; send fewer or smaller ones at a time", err)
	case errors.Is(err, context.Canceled):
		return comeBack("the sender left before its webhook was committed")
	}
	return refuse(http.StatusInternalServerError, "%v", err)
}

// writeRefusal answers and logs a request that is refused. Every answer other than 200 is written here.
func (s *server) writeRefusal(w http.ResponseWriter, req *http.Request, err error) {
	r := refusalOf(err)
	if (errors.Is(err, errQueueFull) || errors.Is(err, errNoRoom)) && s.sender.Provider == "intercom" {
		r.status = http.StatusTooManyRequests // on which Intercom holds webhooks back for up to 2 hours, on 503 for a minute
	}
	s.metrics.refused(cmp.Or(req.Pattern, "other"), r, err)
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	writeJSON(w, r.status, r)
	fields := logrus.Fields{"method": told(req.Method), "path": told(req.URL.Path), "status": r.status, "reason": r.Message}
	if len(r.Violations) > 0 {
		fields["violations"] = r.Violations
	}
	s.log.WithFields(fields).Info("refused a request")
	if r.notJSON != nil { // customers' words
		s.log.WithFields(fields).WithField("body", string(r.notJSON)).Debug("a refused body")
	}
}

// writeJSON answers with a JSON body.
func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // the bodies are structs of this package
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text))) // for those that leave before the handler ends
	writeText(w, status, text)
}

// Values of headers that all answers share. net/http only reads them.
var (
	contentJSON = []string{"application/json"}
	noSniff     = []string{"nosniff"}
)

// writeText answers with a JSON body that is text already.
func writeText(w http.ResponseWriter, status int, text []byte) {
	header := w.Header()
	header["Content-Type"], header["X-Content-Type-Options"] = contentJSON, noSniff
	w.WriteHeader(status)
	_, _ = w.Write(text) // a sender that does not read its answer learns nothing
}

// published is the answer to a webhook that became so many documents, all of them committed, and why it is refused where
// that is what the document says.
func published(documents int, refused error) []byte {
	if refused != nil {
		text, err := json.Marshal(struct {
			Published int    `json:"published"`
			Refused   string `json:"refused"`
		}{documents, refusalOf(refused).Message})
		if err != nil {
			panic(err) // a number and a text
		}
		return text
	}
	if documents == 1 {
		return publishedOne
	}
	return fmt.Appendf(nil, `{"published":%d}`, documents)
}

var publishedOne = []byte(`{"published":1}`)
