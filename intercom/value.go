package intercom

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A Value is the JSON text at a location; empty where a notification lacks it.
type Value []byte

// bytes returns what a string says; nothing of any other value.
func (v Value) bytes() []byte {
	if len(v) < 2 || v[0] != '"' {
		return nil
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, v)
	return text
}

// words are topics and types that notifications are known to have, so that they need not be copied from each.
var words = func() map[string]string {
	words := map[string]string{}
	for _, t := range Topics {
		words[t.Name] = t.Name
	}
	for word, of := range subjects {
		words[word], words[of.object] = word, of.object
	}
	for object := range objects {
		words[object] = object
	}
	for _, wrapper := range []string{"contact_tag", "contact_subscribe", "contact_unsubscribe", "ticket_ticket_part"} {
		words[wrapper] = wrapper
	}
	return words
}()

// word returns what a string says, which is likely to be a known one.
func (v Value) word() string {
	text := v.bytes()
	if word, ok := words[string(text)]; ok {
		return word
	}
	return string(text)
}

// scalar returns what a string says, or the digits of an integer, which no float has rounded.
func (v Value) scalar() string {
	if v.isInteger() {
		return string(v)
	}
	return string(v.bytes())
}

// isInteger tells that a value is a number without a fraction or an exponent, whose digits are therefore its text.
func (v Value) isInteger() bool {
	for i, c := range v {
		if (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false
		}
	}
	return len(v) > 0
}

// number returns an integer, which may be written as a string; 0 for any other value, and for one of more than 64 bits.
func (v Value) number() int64 {
	text := v
	if !v.isInteger() {
		text = v.bytes()
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// maxTimeBytes bounds the text of a time: a date, a time of day with a fraction of some thirty digits, and a zone.
const maxTimeBytes = 64

// time reads seconds since 1970 with or without a fraction, as a number or a string, and ISO 8601; the zero time for
// any other value, and for what is not after 1970 or is after the year 9999. Milliseconds since 1970 are such a value.
func (v Value) time() time.Time {
	text := v
	if len(v) > 0 && v[0] == '"' {
		text = v.bytes()
	}
	if len(text) == 0 || len(text) > maxTimeBytes {
		return time.Time{}
	}
	if isNumber(text) {
		return seconds(text)
	}
	return iso(text)
}

func isNumber(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-' {
			return false
		}
	}
	return !isDate(text)
}

// isDate tells that text begins with a year and a month.
func isDate(text []byte) bool { return len(text) > 7 && text[4] == '-' && text[7] == '-' }

// seconds reads a number of seconds since 1970, to the microsecond: a float has no more digits for it.
func seconds(text []byte) time.Time {
	const year9999 = 253_402_300_799 // the last second that RFC 3339 can write
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || n <= 0 || n > year9999 {
		return time.Time{}
	}
	return time.UnixMicro(int64(math.Round(n * 1e6))).UTC()
}

// layouts of ISO 8601 once its letters are capitals and its blanks are gone; each takes a fraction of any length.
var layouts = [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07"}

// iso reads a time with a zone as RFC 3339 writes it, and as strftime and Ruby do: 2025-11-24 16:00:00 +0100, or UTC.
func iso(text []byte) time.Time {
	if !isDate(text) || len(text) < len("2006-01-02T15:04:05Z") {
		return time.Time{}
	}
	var buffer [maxTimeBytes]byte
	b := buffer[:0]
	for i, c := range text {
		switch {
		case c == ' ' && i == len("2006-01-02"):
			c = 'T'
		case c == ' ':
			continue
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		b = append(b, c)
	}
	if zone := len(b) - len("UTC"); bytes.HasSuffix(b, []byte("UTC")) || bytes.HasSuffix(b, []byte("GMT")) {
		b = append(b[:zone], 'Z')
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, string(b)); err == nil && at.Unix() > 0 && at.UTC().Year() <= 9999 {
			return at.UTC()
		}
	}
	return time.Time{}
}

// snake returns a name as the events write them: in lower case, its words joined by underscores. A hyphen stays, as it
// does in topics.
func snake(name string) string {
	plain := true
	for i := range len(name) {
		c := name[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-')
	}
	if plain { // as most are
		return name
	}
	var b strings.Builder
	before := '_'
	for _, c := range name {
		switch {
		case strings.ContainsRune(".:/ ", c):
			c = '_'
			if before == '_' {
				continue
			}
		case c >= 'A' && c <= 'Z' && (before >= 'a' && before <= 'z' || before >= '0' && before <= '9'):
			b.WriteByte('_')
		}
		b.WriteRune(c)
		before = c
	}
	return strings.ToLower(strings.TrimSuffix(b.String(), "_"))
}
