package template

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// letters are those of Java's SimpleDateFormat, by how often they are repeated, as Go writes them.
var letters = map[string]string{
	"yyyy": "2006", "yy": "06", "y": "2006", "MMMM": "January", "MMM": "Jan", "MM": "01", "M": "1", "dd": "02", "d": "2",
	"EEEE": "Monday", "EEE": "Mon", "EE": "Mon", "E": "Mon", "HH": "15", "hh": "03", "h": "3", "mm": "04", "m": "4", "ss": "05", "s": "5",
	"a": "PM", "Z": "-0700", "z": "MST", "X": "Z07", "XX": "Z0700", "XXX": "Z07:00",
}

// A piece of a pattern is text, or a time's part.
type piece struct{ text, layout string }

// formatDate writes a time by a pattern: one by RFC 3339, or a number of seconds or, from 100 thousand million on, of
// milliseconds since 1970.
func formatDate(options map[string]string) (func([]byte) ([]byte, error), error) {
	pattern, ok := options["pattern"]
	if !ok {
		return nil, fmt.Errorf("it has no pattern; write pattern=\"yyyy-MM-dd\"")
	}
	pieces, err := piecesOf(pattern)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(options["timezone"])
	if err != nil || options["timezone"] == "Local" {
		return nil, fmt.Errorf("the timezone %q is not known; write one such as Europe/Berlin", options["timezone"])
	}
	return func(text []byte) ([]byte, error) {
		if len(text) == 0 {
			return nil, nil
		}
		t, err := timeOf(string(text))
		if err != nil {
			return nil, err
		}
		var b []byte
		for _, p := range pieces {
			b = p.append(b, t.In(zone))
		}
		return b, nil
	}, nil
}

func piecesOf(pattern string) (pieces []piece, err error) {
	for at := 0; at < len(pattern); {
		c := pattern[at]
		end := at + 1
		switch {
		case c == '\'':
			length := strings.IndexByte(pattern[end:], '\'')
			if length < 0 {
				return nil, fmt.Errorf("the pattern %q has a quotation mark that is not closed", pattern)
			}
			text := pattern[end : end+length]
			if length == 0 {
				text = "'"
			}
			pieces = append(pieces, piece{text: text})
			end += length + 1
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			for end < len(pattern) && pattern[end] == c {
				end++
			}
			layout, ok := letters[pattern[at:end]]
			if c == 'S' || pattern[at:end] == "H" {
				layout, ok = pattern[at:end], true
			}
			if !ok {
				return nil, fmt.Errorf("the pattern %q has %q, which is not known; put text in quotation marks ('), and choose of y M d E H h m s S a Z z X", pattern, pattern[at:end])
			}
			pieces = append(pieces, piece{layout: layout})
		default:
			pieces = append(pieces, piece{text: pattern[at:end]})
		}
		at = end
	}
	return pieces, nil
}

func (p piece) append(b []byte, t time.Time) []byte {
	switch {
	case p.layout == "":
		return append(b, p.text...)
	case p.layout == "H":
		return strconv.AppendInt(b, int64(t.Hour()), 10)
	case p.layout[0] == 'S':
		return fmt.Appendf(b, "%0*d", len(p.layout), t.Nanosecond()/int(time.Millisecond))
	}
	return t.AppendFormat(b, p.layout)
}

// fromMilliseconds is from where a number is one of milliseconds; as seconds it would be in the year 5138.
const fromMilliseconds = 100_000_000_000

func timeOf(text string) (time.Time, error) {
	whole, _, _ := strings.Cut(text, ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
		if n >= fromMilliseconds {
			return time.UnixMilli(n), nil
		}
		return time.Unix(n, 0), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("the value is no time; a time is one by RFC 3339, or a number of seconds or milliseconds")
}
