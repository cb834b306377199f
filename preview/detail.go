package preview

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"source-intercom-ingest/door"
)

// A detail is what is shown of one exchange, without secrets.
type detail struct {
	line
	Query     string      `json:"query,omitempty"`
	Headers   [][2]string `json:"headers"` // names and values
	Body      string      `json:"body"`    // empty if it is not text
	Answer    string      `json:"answer,omitempty"`
	Reason    *reason     `json:"reason,omitempty"`
	Documents []shownRow  `json:"documents"`
	command
}

// A reason says why a request was refused, and what to do.
type reason struct {
	Why   string   `json:"why"`
	Check []string `json:"check"` // what to check, the likeliest first
}

// request returns the detail of an exchange.
func (c *console) request(r *http.Request) (any, error) {
	x, err := c.exchange(r)
	if err != nil {
		return nil, err
	}
	d := detail{line: x.line(c.hide), Query: strings.TrimPrefix(c.hide.query(x.query), "?"), Headers: append([][2]string{{"Host", x.host}}, sorted(c.hide.header(x.header))...),
		Body: printable(c.hide.bytes(x.body)), Answer: c.hide.text(string(x.answer)), Documents: []shownRow{}, command: c.sender.command(x, c.hide)}
	if !x.accepted() {
		d.Reason = explain(x.Status, x.code(), x.reason(), c.sender.config.SignatureConfig.Provider)
		return d, nil
	}
	rows, err := c.documentsOf(x)
	for _, r := range rows {
		d.Documents = append(d.Documents, c.show(r))
	}
	return d, err
}

// exchange finds the one that a request names.
func (c *console) exchange(r *http.Request) (*exchange, error) {
	id, err := number(r, "id")
	if err != nil {
		return nil, err
	}
	x := c.traffic.find(id)
	if x == nil {
		return nil, problemf(http.StatusNotFound, "the request is no longer kept: the last %d are, if they are not large", maxExchanges)
	}
	return x, nil
}

// printable returns a body as text; nothing of one that is none, such as a compressed one.
func printable(body []byte) string {
	text := strings.ToValidUTF8(string(body), "") // a cut body may end within a character
	if len(text) < len(body)-utf8.UTFMax {
		return ""
	}
	return text
}

// So many documents may have been committed while a request waited that its own are looked for, and so many are shown.
const (
	mostCommitted = 1000
	mostShown     = latestRows
)

// documentsOf returns the documents that a request became: those which were committed while it waited, and that are its
// body but for _meta. Of a body that is not kept whole, or is compressed, all are shown.
func (c *console) documentsOf(x *exchange) (found []row, err error) {
	elements := elementsOf(x.body)
	err = c.store.eachRow(func(r row) error {
		if len(found) < mostShown && (elements == nil || isAmong(elements, r.Document)) {
			found = append(found, r)
		}
		return nil
	}, `sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?`, x.after, x.upTo, mostCommitted)
	return found, err
}

// elementsOf returns what each document of a body is, but for _meta; nil if it can not be told.
func elementsOf(text []byte) (elements []any) {
	var body any
	if json.Unmarshal(text, &body) != nil {
		return nil
	}
	elements, several := body.([]any)
	if !several {
		elements = []any{body}
	}
	for _, element := range elements {
		if sent, ok := element.(map[string]any); ok {
			delete(sent, "_meta")
		}
	}
	return elements
}

func isAmong(elements []any, text string) bool {
	var document map[string]any
	if json.Unmarshal([]byte(text), &document) != nil {
		return false
	}
	delete(document, "_meta")
	return slices.ContainsFunc(elements, func(element any) bool { return reflect.DeepEqual(element, any(document)) })
}

// explain says in words why the connector refused a request with this status and reason.
func explain(status int, code, said, provider string) *reason {
	r := &reason{Why: said}
	switch {
	case code == door.Malformed:
		r.Check = []string{"Look at what the sender's client writes: its first line, its headers, or whether it speaks HTTP at all."}
	case status == 0:
		r.Why = "The sender left before it was answered."
		r.Check = []string{"Intercom waits 5 seconds for an answer.", "The webhook may have been captured all the same; a retry has the same id."}
	case code == "signature_wrong":
		r.Why = "The signature was made with another secret, or for another body."
		r.Check = []string{"First check that the client secret is that of the app that sends: Developer Hub, your app, Basic Information.",
			"Then that nothing between the sender and this port changes the body, such as a proxy that formats JSON.",
			"After a rotation, set the secret before it as previousClientSecret until Intercom has switched."}
		if provider != "intercom" {
			r.Check[0] = "First check that the secret in signatureConfig is the one that the sender signs with."
			r.Check = r.Check[:2]
		}
	case code == "token_missing":
		r.Why = "The request has no bearer token."
		r.Check = []string{"Let the sender send the header Authorization: Bearer, followed by the token.",
			"A sender that can not do that is told by its signature instead: remove requireAuthToken and set signatureConfig."}
	case code == "signature_missing":
		r.Why = "The request is not signed: " + said + "."
		r.Check = []string{"Check that it comes from the sender that signatureConfig names.",
			"Intercom signs every notification; a form, a browser or curl does not by itself."}
	case status == http.StatusUnauthorized:
		r.Check = []string{"Compare the signature's header with what the sender's documentation shows.", "Check the clocks of both sides."}
	case status == http.StatusForbidden:
		r.Check = []string{"Compare the token with requireAuthToken, or the address with allowedSources and trustedProxies."}
	case status == http.StatusNotFound:
		r.Check = []string{"Compare the URL that the sender has with the paths at the top of this page, also upper and lower case and the last slash."}
	case status == http.StatusBadRequest:
		r.Check = []string{"The answer below says where. What is sent must be a JSON object, or an array of them, that the collection's write schema accepts."}
	case status == http.StatusRequestEntityTooLarge:
		r.Check = []string{"Raise maxBodyBytes if it is below 64 MiB, or let the sender send less at a time."}
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		r.Check = []string{"Nothing is wrong with the webhook: send it again.",
			"If it keeps happening, look at the log for a connector that fails or a database that is locked or full."}
	}
	if r.Why == "" {
		r.Why = "It was answered " + http.StatusText(status) + "."
	}
	return r
}
