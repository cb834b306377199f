package capture

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/schemas"
)

// omitted are the headers that are not captured, beside that of the signature: those that carry secrets, and those that
// say nothing of the webhook.
var omitted = []string{"Authorization", "Proxy-Authorization", "Cookie", "Content-Type", "Accept"}

// appendRequestMeta appends the members of _meta that all documents of a request share, from receivedAt on, each
// behind a comma. Text that is not UTF-8 is mended.
func (h *hook) appendRequestMeta(b []byte, r *http.Request, receivedAt time.Time) []byte {
	b = appendMember(b, schemas.ReceivedAt, receivedAt.UTC().Format(time.RFC3339Nano))
	b = appendMember(b, schemas.ReqPath, h.path.String())
	if names := h.path.Params(); len(names) > 0 {
		b = appendObject(b, schemas.PathParams, func(yield func(name, value string) bool) {
			for i, name := range names {
				if !yield(name, r.PathValue(h.wildcards[i])) {
					return
				}
			}
		})
	}
	if r.URL.RawQuery != "" {
		b = appendObject(b, schemas.Query, sorted(queryOf(r.URL.RawQuery)))
	}
	return appendObject(b, schemas.Headers, sorted(h.headersOf(r)))
}

// headersOf returns the request's headers by lower-case name, repeated values joined.
func (h *hook) headersOf(r *http.Request) map[string]string {
	headers := make(map[string]string, len(r.Header)+1)
	for name, values := range r.Header {
		if !slices.Contains(omitted, name) && !slices.Contains(h.signatureHeaders, name) {
			headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	if r.Host != "" {
		headers["host"] = r.Host // which net/http keeps apart
	}
	return headers
}

// queryOf returns the parameters of a query by name, repeated values joined. What is not properly percent-encoded is
// kept as it came: a webhook is not lost for it.
func queryOf(raw string) map[string]string {
	query := map[string]string{}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = unescapeQuery(name), unescapeQuery(value)
		if earlier, ok := query[name]; ok {
			value = earlier + ", " + value
		}
		query[name] = value
	}
	return query
}

// unescapeQuery returns what is not properly percent-encoded as it came.
func unescapeQuery(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}

// sorted iterates over a map in the order of its mended names, of which each comes once.
func sorted(m map[string]string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		mended := make(map[string]string, len(m))
		names := make([]string, 0, len(m))
		for name, value := range m {
			name = strings.ToValidUTF8(name, "\uFFFD")
			if _, ok := mended[name]; !ok {
				names = append(names, name)
			}
			mended[name] = value
		}
		slices.Sort(names)
		for _, name := range names {
			if !yield(name, mended[name]) {
				return
			}
		}
	}
}

// appendMember appends a member of an object, behind a comma.
func appendMember(b []byte, name, value string) []byte {
	b = appendString(append(b, ','), name)
	return appendString(append(b, ':'), value)
}

// appendObject appends a member whose value is an object of strings, behind a comma.
func appendObject(b []byte, name string, members func(yield func(name, value string) bool)) []byte {
	b = appendString(append(b, ','), name)
	b = append(b, ':')
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
		if value, err = dec.ReadValue(); err == nil && !ours(string(unquoted(name))) {
			b = appendOnOneLine(append(append(append(b, ','), name...), ':'), value)
		}
	}
	return b // theirs was scanned before, and is valid
}
