package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/scan"
	"source-intercom-ingest/schemas"
)

// A refusal is an answer other than 200. What it marshals to goes to the sender; neither that nor the reason that is
// logged holds a secret.
type refusal struct {
	status     int
	Message    string              `json:"error"`
	Code       string              `json:"code"`             // the reason in a word or two, for programs and metrics
	Offset     *int64              `json:"offset,omitempty"` // bytes into the decompressed body
	Violations []schemas.Violation `json:"violations,omitempty"`
	header     map[string]string
}

// codes of refusals by status, where they have none of their own.
var codes = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusUnauthorized:          "unauthenticated",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "unknown_path",
	http.StatusMethodNotAllowed:      "method",
	http.StatusRequestTimeout:        "slow_body",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "content_encoding",
	http.StatusInternalServerError:   "internal",
	http.StatusServiceUnavailable:    "sender_left",
}

func (r *refusal) Error() string { return r.Message }

// refuse makes a refusal whose message goes to the sender.
func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, Message: fmt.Sprintf(format, args...), Code: codes[status]}
}

// as gives a refusal a code of its own.
func (r *refusal) as(code string) *refusal {
	r.Code = code
	return r
}

// badBody refuses a body for what stands at a byte of it.
func badBody(offset int64, format string, args ...any) *refusal {
	r := refuse(http.StatusBadRequest, format, args...)
	r.Message = fmt.Sprintf("at byte %d: %s", offset, r.Message)
	r.Offset = &offset
	return r
}

// logged is the message without what a body that is not JSON says, as far as a log may hold it.
func (r *refusal) logged() string {
	if r.Code == "not_json" && r.Offset != nil {
		return fmt.Sprintf("at byte %d: the body is not JSON", *r.Offset)
	}
	return r.Message
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
	var wrong *scan.Error
	var never *commit.TooLargeError
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &never):
		return tooLarge("%v", never)
	case errors.As(err, &wrong):
		return ofText(wrong)
	case errors.Is(err, schemas.ErrTooCostly):
		return refuse(http.StatusServiceUnavailable, "%v; send fewer or smaller ones at a time", err).as("too_costly")
	case errors.Is(err, context.Canceled):
		return comeBack("the sender left before its webhook was committed")
	}
	for reason, code := range retried {
		if errors.Is(err, reason) {
			return comeBack("%v; send it again", err).as(code)
		}
	}
	return refuse(http.StatusInternalServerError, "%v", err)
}

// retried are the reasons for which a webhook may come again, with their codes.
var retried = map[error]string{commit.ErrQueueFull: "queue_full", commit.ErrNoRoom: "no_room", commit.ErrEnding: "stopping", commit.ErrTooSlow: "commit_timeout"}

// ofText refuses a body for its text.
func ofText(wrong *scan.Error) *refusal {
	r := badBody(int64(wrong.Offset), "%s", wrong.Message)
	if wrong.NotJSON {
		return r.as("not_json")
	}
	return r
}

// writeRefusal answers and logs a request that is refused. Every answer other than 200 is written here.
func (s *Server) writeRefusal(w http.ResponseWriter, req *http.Request, err error) {
	r := refusalOf(err)
	if (errors.Is(err, commit.ErrQueueFull) || errors.Is(err, commit.ErrNoRoom)) && s.sender.Provider == "intercom" {
		r.status = http.StatusTooManyRequests // on which Intercom holds webhooks back for up to 2 hours, on 503 for a minute
	}
	s.metrics.refused(cmp.Or(req.Pattern, "other"), r)
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	writeJSON(w, r.status, r)
	fields := logrus.Fields{"method": told(req.Method), "path": told(req.URL.Path), "status": r.status, "reason": r.logged(), "code": r.Code}
	if len(r.Violations) > 0 {
		fields["violations"] = r.Violations
	}
	s.log.WithFields(fields).Info("refused a request")
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
