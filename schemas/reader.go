package schemas

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A reader passes over JSON text that is known to be valid and without duplicate names, so that it checks nothing.
type reader struct {
	text string
	at   int
	own  int // where an object starts of which the first member counts, though another of its name may follow; 0 for none
}

// next skips white space and returns the byte behind it.
func (r *reader) next() byte {
	for ; ; r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
}

// skip passes a value that begins with c.
func (r *reader) skip(c byte) {
	switch c {
	case '"':
		r.passString()
	case 't', 'n':
		r.at += len("true")
	case 'f':
		r.at += len("false")
	case '{', '[':
		r.skipNested()
	default:
		r.number()
	}
}

func (r *reader) skipNested() {
	for depth := 0; ; {
		switch r.text[r.at] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			r.passString()
			continue
		}
		if r.at++; depth == 0 {
			return
		}
	}
}

// passString passes a string: up to the first quote behind an even number of backslashes.
func (r *reader) passString() {
	for end := r.at + 1; ; end++ {
		end += strings.IndexByte(r.text[end:], '"')
		slashes := 0
		for r.text[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			r.at = end + 1
			return
		}
	}
}

// string passes a string and returns what it says. Without escapes, that is a part of the text.
func (r *reader) string() string {
	start := r.at
	r.passString()
	raw := r.text[start:r.at]
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	said, _ := jsontext.AppendUnquote(nil, raw)
	return string(said)
}

// number passes a number and returns its text.
func (r *reader) number() string {
	start := r.at
	for ; r.at < len(r.text); r.at++ {
		if c := r.text[r.at]; (c < '0' || c > '9') && strings.IndexByte("+-.Ee", c) < 0 {
			break
		}
	}
	return r.text[start:r.at]
}

// An opened is an object of which the members are passed one by one.
type opened struct {
	start  int
	name   string // of the member that was passed last
	nameAt int
	n      int // members so far
}

// open begins with the object that is next.
func (r *reader) open() opened {
	o := opened{start: r.at}
	r.at++
	return o
}

// member passes the next member's name, up to its value. Behind the last one, it passes the end of the object and is false.
func (r *reader) member(o *opened) bool {
	for {
		c := r.next()
		if c == ',' {
			r.at++
			c = r.next()
		}
		if c == '}' {
			r.at++
			return false
		}
		first := o.name
		o.nameAt = r.at
		o.name = r.string()
		r.next()
		r.at++ // the colon
		c = r.next()
		if o.n > 0 && o.start == r.own && r.own > 0 && o.name == uuid {
			r.skip(c) // the runtime's replaces it
			o.name = first
			continue
		}
		o.n++
		return true
	}
}

// element passes what is before the next element of an array. Behind the last one, it passes the end and is false.
func (r *reader) element() bool {
	c := r.next()
	if c == ',' {
		r.at++
		c = r.next()
	}
	if c == ']' {
		r.at++
		return false
	}
	return true
}
