// Package template renders Mustache templates over documents of JSON, escaping each value for the place where it stands.
//
//	Compile ─ tags ─ standalone lines ─ tree, with each tag's place ─ Template ─ Append ─ bytes
//
// Templates see a document and variables of it: no files, no environment, no methods. The language is that of the Mustache
// specification's required parts, with indices of arrays, iter.index and its like in sections, and functions.
package template

import (
	"source-intercom-ingest/deliver/value"

	"github.com/go-json-experiment/json/jsontext"
)

// A Place is what a template's values are escaped for.
type Place int

// The places.
const (
	Text    Place = iota // as they are
	HTML                 // & < > "
	XML                  // & < > " '
	JSON                 // where a tag stands in a string as text, elsewhere as a JSON value
	Segment              // of a path: all but the unreserved characters of RFC 3986
	Form                 // of a form (application/x-www-form-urlencoded)
)

// appendValue escapes a value for its place. Inside tells that it stands in a string of JSON.
func appendValue(b []byte, v *value.Value, place Place, inside bool) []byte {
	switch {
	case place == Text:
		return v.AppendText(b)
	case place == JSON && !inside:
		return append(b, v.Raw()...)
	case place == JSON && v.Is(value.String):
		return append(b, v.Raw()[1:len(v.Raw())-1]...) // which is escaped already
	case place == JSON && (v.Is(value.Array) || v.Is(value.Object)):
		return appendInString(b, v.Raw())
	case place == JSON:
		return v.AppendText(b)
	}
	return appendEscaped(b, []byte(v.Text()), place, inside)
}

// appendEscaped escapes a text for a place.
func appendEscaped(b, text []byte, place Place, inside bool) []byte {
	switch place {
	case JSON:
		if inside {
			return appendInString(b, text)
		}
		b, _ = jsontext.AppendQuote(b, text) // what is no UTF-8 is replaced
		return b
	case HTML, XML:
		for _, c := range text {
			b = appendEntity(b, c, place)
		}
		return b
	case Segment, Form:
		for _, c := range text {
			b = appendPercent(b, c, place)
		}
		return b
	}
	return append(b, text...)
}

// appendInString escapes a text for the inside of a JSON string.
func appendInString(b, text []byte) []byte {
	start := len(b)
	b, _ = jsontext.AppendQuote(b, text)
	copy(b[start:], b[start+1:]) // without the quotes
	return b[:len(b)-2]
}

func appendEntity(b []byte, c byte, place Place) []byte {
	switch {
	case c == '&':
		return append(b, "&amp;"...)
	case c == '<':
		return append(b, "&lt;"...)
	case c == '>':
		return append(b, "&gt;"...)
	case c == '"':
		return append(b, "&quot;"...)
	case c == '\'' && place == XML:
		return append(b, "&apos;"...)
	}
	return append(b, c)
}

func appendPercent(b []byte, c byte, place Place) []byte {
	const hex = "0123456789ABCDEF"
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
		return append(b, c)
	case c == ' ' && place == Form:
		return append(b, '+')
	}
	return append(b, '%', hex[c>>4], hex[c&15])
}
