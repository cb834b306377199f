package webhook

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/scan"

	"github.com/go-json-experiment/json/jsontext"
)

// text returns what documents are made of: a body that is JSON, or the JSON that a form means. An empty body means an empty
// object where a binding says so.
func (h *hook) text(r *http.Request, body []byte, held *commit.Reservation) ([]byte, error) {
	first := firstByte(body)
	switch {
	case first == 0 && h.takesEmpty:
		return []byte("{}"), nil
	case first == 0 || first == '{' || first == '[' || mediaType(r) != "application/x-www-form-urlencoded":
		return body, nil
	}
	return formText(body, held)
}

// firstByte returns the first byte of a body that is neither white space nor of a byte order mark; 0 if there is none.
func firstByte(body []byte) byte {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, scan.ByteOrderMark), " \t\r\n")
	if len(body) == 0 {
		return 0
	}
	return body[0]
}

// mediaType returns that of the body, as its sender names it.
func mediaType(r *http.Request) string {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind
}

// formText returns the JSON that a form means: what its member payload holds, if that is an object or an array, as GitHub
// and Slack send it; otherwise an object of its members, which are strings, or arrays of strings where they are repeated.
func formText(body []byte, held *commit.Reservation) ([]byte, error) {
	if err := held.Take(int64(len(body) + scan.MemberBytes*(1+bytes.Count(body, []byte("&"))))); err != nil {
		return nil, err
	}
	names, values, err := formMembers(string(body))
	if err != nil {
		return nil, err
	}
	if payload := values["payload"]; len(payload) == 1 && isDocument([]byte(payload[0])) {
		return []byte(payload[0]), nil
	}
	size := 0
	for _, name := range names {
		size += len(name) + 8
		for _, value := range values[name] {
			size += len(value) + 8
		}
	}
	text, err := held.Grow(nil, size)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text = appendName(text, name)
		if all := values[name]; len(all) == 1 {
			text = appendString(text, all[0])
		} else {
			text = appendStrings(text, all)
		}
	}
	text[0] = '{' // in place of the first comma
	return append(text, '}'), nil
}

// appendStrings appends a JSON array of strings.
func appendStrings(b []byte, all []string) []byte {
	start := len(b)
	for _, s := range all {
		b = appendString(append(b, ','), s)
	}
	b[start] = '['
	return append(b, ']')
}

// isDocument tells that text is a JSON object or array, or several.
func isDocument(text []byte) bool {
	if first := firstByte(text); first != '{' && first != '[' {
		return false
	}
	dec := jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, scan.ByteOrderMark)), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		switch err := dec.SkipValue(); err {
		case nil:
		case io.EOF:
			return true
		default:
			return false
		}
	}
}

// formMembers returns the members of a form by name, and their names in the order in which they came.
func formMembers(form string) (names []string, values map[string][]string, err error) {
	values = map[string][]string{}
	at := 0
	for part := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(part, "=")
		decodedName, nameErr := url.QueryUnescape(name)
		decoded, valueErr := url.QueryUnescape(value)
		if nameErr != nil || valueErr != nil {
			return nil, nil, badBody(int64(at), "the body is no form: a member has a %% without two hexadecimal digits")
		}
		if !utf8.ValidString(decodedName) || !utf8.ValidString(decoded) {
			return nil, nil, badBody(int64(at), "the body is a form with a member that is not UTF-8")
		}
		if at += len(part) + 1; part == "" {
			continue
		}
		if _, ok := values[decodedName]; !ok {
			names = append(names, decodedName)
		}
		values[decodedName] = append(values[decodedName], decoded)
	}
	if len(names) == 0 {
		return nil, nil, badBody(0, "the body is a form without members").as("not_json")
	}
	return names, values, nil
}
