package webhook

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/scan"
	"source-intercom-ingest/schemas"
	"source-intercom-ingest/signature"
)

// omitted are the headers that say nothing of the webhook. They are not captured, nor are those that carry signatures and
// secrets.
var omitted = []string{"Content-Type", "Accept"}

// appendRequestMeta appends the members of _meta that all documents of a request share, from receivedAt on, each
// behind a comma. Text that is not UTF-8 is mended.
func (h *hook) appendRequestMeta(b []byte, r *http.Request, receivedAt time.Time) []byte {
	b = append(appendName(b, schemas.ReceivedAt), '"')
	b = append(receivedAt.UTC().AppendFormat(b, time.RFC3339Nano), '"')
	b = appendMember(b, schemas.ReqPath, h.path.String())
	if len(h.params) > 0 {
		b = appendObject(b, schemas.PathParams, func(yield func(name, value string) bool) {
			for _, name := range h.params {
				if !yield(name, r.PathValue(name)) {
					return
				}
			}
		})
	}
	if r.URL.RawQuery != "" {
		b = appendObject(b, schemas.Query, sorted(queryOf(r.URL.RawQuery)))
	}
	return h.appendHeaders(b, r)
}

// appendHeaders appends the request's headers by lower-case name, repeated values joined.
func (h *hook) appendHeaders(b []byte, r *http.Request) []byte {
	const usual = 24
	names := make([]string, 0, usual)
	for name := range r.Header {
		if !slices.Contains(omitted, name) && !slices.Contains(h.signatureHeaders, name) && !signature.IsSecretHeader(name) {
			names = append(names, name)
		}
	}
	if r.Host != "" {
		names = append(names, "Host") // which net/http keeps apart
	}
	slices.Sort(names)
	b = appendName(b, schemas.Headers)
	separator := byte('{')
	for _, name := range names {
		b = append(append(b, separator, '"'), name...)
		lower := b[len(b)-len(name):]
		for i, c := range lower { // names are tokens of ASCII, which net/http makes sure of
			if c >= 'A' && c <= 'Z' {
				lower[i] = c | 0x20
			}
		}
		b = append(b, '"', ':')
		switch values := r.Header[name]; {
		case len(values) == 1:
			b = appendString(b, values[0])
		case len(values) > 1:
			b = appendString(b, strings.Join(values, ", "))
		default:
			b = appendString(b, r.Host)
		}
		separator = ','
	}
	if len(names) == 0 {
		b = append(b, separator)
	}
	return append(b, '}')
}

// appendName appends the name of a member, behind a comma.
func appendName(b []byte, name string) []byte {
	return append(appendString(append(b, ','), name), ':')
}

// appendMember appends a member of an object, behind a comma.
func appendMember(b []byte, name, value string) []byte {
	return appendString(appendName(b, name), value)
}

// appendObject appends a member whose value is an object of strings, behind a comma.
func appendObject(b []byte, name string, members func(yield func(name, value string) bool)) []byte {
	b = appendName(b, name)
	start := len(b)
	for name, value := range members {
		b = appendMember(b, name, value)
	}
	if len(b) == start {
		b = append(b, ',')
	}
	b[start] = '{' // in place of the first comma
	return append(b, '}')
}

// appendString appends a JSON string, with U+FFFD for what is not UTF-8.
func appendString(b []byte, s string) []byte {
	if isPlain(s) { // as most are, which is quickly seen
		return append(append(append(b, '"'), s...), '"')
	}
	b, _ = jsontext.AppendQuote(b, s) // its error says that something was mended
	return b
}

// appendSenderMeta appends those members of the sender's own _meta that the connector does not write, each behind a
// comma.
func appendSenderMeta(b []byte, theirs []byte, ours func(name string) bool) []byte {
	dec := jsontext.NewDecoder(bytes.NewBuffer(theirs))
	_, err := dec.ReadToken()
	for err == nil && dec.PeekKind() != jsontext.KindEndObject {
		var name, value jsontext.Value
		if name, err = dec.ReadValue(); err != nil {
			break
		}
		name = name.Clone()
		if value, err = dec.ReadValue(); err == nil && !ours(string(scan.Unquoted(name))) {
			b = append(append(append(append(b, ','), name...), ':'), value...)
		}
	}
	return b // theirs was scanned before, and is valid
}

// isPlain tells that a string needs nothing but quotes.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
