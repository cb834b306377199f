package schemas

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A decoder reads JSON text that is known to be valid and without duplicate names, for the validator: it checks nothing,
// and strings without escapes stay parts of the text.
type decoder struct {
	text string
	at   int
}

// decode returns the value of a text. Numbers are as boundNumber has them.
func decode(text []byte) any {
	d := decoder{text: string(text)}
	return d.value()
}

// next skips white space and returns the byte behind it.
func (d *decoder) next() byte {
	for ; ; d.at++ {
		switch c := d.text[d.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
}

func (d *decoder) value() any {
	switch d.next() {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		return d.str()
	case 't':
		d.at += len("true")
		return true
	case 'f':
		d.at += len("false")
		return false
	case 'n':
		d.at += len("null")
		return nil
	}
	return d.number()
}

func (d *decoder) object() object {
	members := object{}
	for d.at++; d.next() != '}'; {
		if d.text[d.at] == ',' {
			d.at++
			d.next()
		}
		name := d.str()
		d.next()
		d.at++ // the colon
		members[name] = d.value()
	}
	d.at++
	return members
}

func (d *decoder) array() []any {
	items := []any{}
	for d.at++; d.next() != ']'; {
		if d.text[d.at] == ',' {
			d.at++
		}
		items = append(items, d.value())
	}
	d.at++
	return items
}

func (d *decoder) str() string {
	start := d.at
	d.passString()
	raw := d.text[start:d.at]
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	said, _ := jsontext.AppendUnquote(nil, raw)
	return string(said)
}

// passString passes a string: up to the first quote behind an even number of backslashes.
func (d *decoder) passString() {
	for end := d.at + 1; ; end++ {
		end += strings.IndexByte(d.text[end:], '"')
		slashes := 0
		for d.text[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			d.at = end + 1
			return
		}
	}
}

func (d *decoder) number() json.Number {
	start := d.at
	d.passNumber()
	return boundNumber(d.text[start:d.at])
}

func (d *decoder) passNumber() {
	for d.at < len(d.text) && strings.IndexByte("+-.0123456789Ee", d.text[d.at]) >= 0 {
		d.at++
	}
}

// boundNumber replaces a number that would be costly to compute with exactly by the double that it means. The runtime
// itself keeps no more of it.
func boundNumber(text string) json.Number {
	const exactDigits = 32 // more than any integer or decimal of a database, and still cheap
	if len(text) <= exactDigits && !strings.ContainsAny(text, "eE") {
		return json.Number(text)
	}
	f, _ := strconv.ParseFloat(text, 64)
	if math.IsInf(f, 0) {
		f = math.Copysign(math.MaxFloat64, f)
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}
