package signature

import (
	"fmt"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"
)

// A message is what is signed: the parts, with these values for their placeholders.
type message struct {
	parts     []part
	request   *http.Request
	url       string
	body      []byte
	timestamp string
}

// A part of what is signed.
type part struct {
	text []byte // of a literal
	is   placeholder
	name string // of a header, canonical
}

// A placeholder stands for what differs from request to request.
type placeholder int

const (
	literal placeholder = iota
	payload
	timestamp
	method
	url
	path
	header
)

// placeholders by what stands between their braces. That of a header has its name behind a colon.
var placeholders = map[string]placeholder{"PAYLOAD": payload, "TIMESTAMP": timestamp, "METHOD": method, "URL": url, "PATH": path, "HEADER": header}

// writeTo calls write with each piece of the message, in order. Short pieces pass through scratch.
func (m *message) writeTo(write func([]byte), scratch []byte) {
	for i := range m.parts {
		text := ""
		switch p := &m.parts[i]; p.is {
		case literal:
			write(p.text)
			continue
		case payload:
			write(m.body)
			continue
		case timestamp:
			text = m.timestamp
		case method:
			text = m.request.Method
		case url:
			text = m.url
		case path:
			text, _, _ = strings.Cut(target(m.request), "?")
		case header:
			text = headerOf(m.request, p.name)
		}
		write(append(scratch[:0], text...))
	}
}

// headerOf returns a header's value; of one that comes again, the values joined as RFC 9110 (5.3) joins them.
func headerOf(r *http.Request, name string) string {
	if name == "Host" { // which net/http keeps apart
		return r.Host
	}
	if values := r.Header[name]; len(values) > 1 {
		return strings.Join(values, ", ")
	}
	return r.Header.Get(name)
}

// between finds what stands between braces, where that is no JSON.
var between = regexp.MustCompile(`\{[^{}"]*\}`)

// parseTemplate reads what a user wrote of what is signed.
func parseTemplate(text string) ([]part, error) {
	var parts []part
	at := 0
	for _, found := range between.FindAllStringIndex(text, -1) {
		if at < found[0] {
			parts = append(parts, part{text: []byte(text[at:found[0]])})
		}
		at = found[1]
		name, of, _ := strings.Cut(text[found[0]+1:at-1], ":")
		is, known := placeholders[name]
		if !known || (is == header) != isHeaderName(of) || is != header && strings.Contains(text[found[0]:at], ":") {
			return nil, fmt.Errorf("has the unknown placeholder %s; write {PAYLOAD}, {TIMESTAMP}, {METHOD}, {URL}, {PATH} or {HEADER:name}", text[found[0]:at])
		}
		parts = append(parts, part{is: is, name: textproto.CanonicalMIMEHeaderKey(of)})
	}
	if at < len(text) {
		parts = append(parts, part{text: []byte(text[at:])})
	}
	return parts, nil
}

// template reads what a provider's file says is signed.
func template(text string) []part {
	parts, err := parseTemplate(text)
	if err != nil {
		panic(err) // the text is a constant of this package
	}
	return parts
}

var isHeaderName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").MatchString

// headerName returns the canonical name of a header.
func headerName(field, name string) (string, error) {
	if name = strings.TrimSpace(name); !isHeaderName(name) {
		return "", fmt.Errorf("%s %q is not the name of a header; write one such as X-Signature", field, name)
	}
	return textproto.CanonicalMIMEHeaderKey(name), nil
}
