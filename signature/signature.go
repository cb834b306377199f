// Package signature tells who sent a request, by the signature that it carries. It is a leaf: bytes and headers in, an
// error out, the clock injected.
//
// A provider is one file here: its configuration, which also makes its part of the form, and the [Scheme] that the
// configuration describes, over the verifiers of this file and of mac.go and ecdsa.go, with the recipe by which a person
// signs in a shell to try it. A new one is such a file, its vectors in testdata/vectors.sh, its line in
// TestRecipesMakeSignaturesThatPass, and its line in [Providers].
package signature

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxFuture is how far a sender's clock may be ahead.
const maxFuture = 15 * time.Second

// A Scheme verifies the requests of one sender, and knows what else is particular to them. It is safe for concurrent
// use.
type Scheme struct {
	// Provider is the scheme's name in the configuration.
	Provider string
	// IDHeaders identify a delivery, by canonical name; the first that a request has counts. IDPointer is where each
	// document does so instead, a JSON pointer. Either may be empty.
	IDHeaders []string
	IDPointer string
	// Hint tells an operator what to check when signatures fail.
	Hint string

	variants []variant
	answer   func(body []byte) (reply any, ok bool)
}

// A variant is one way in which a sender signs; the first whose header a request has is the one that counts.
type variant struct {
	header    string // canonical name
	parse     func(value string) (signed, error)
	timestamp string        // the header with the timestamp, where that is not in the signature's
	id        string        // the header with the message's id, where that is signed
	unit      time.Duration // of the timestamp
	maxAge    time.Duration // zero where there is no timestamp to check
	parts     []part
	encoding  encoding
	keys      []verifier // one of them must have signed
	recipe    recipe     // of a person who tries it
}

// signed is what a signature header says.
type signed struct {
	signatures [maxSignatures]string // encoded; one of them must be right
	count      int
	timestamp  string
}

// maxSignatures is how many a header may carry. Senders that rotate their secrets send two.
const maxSignatures = 8

// add drops what is more than a header may carry.
func (s *signed) add(signature string) {
	if s.count < maxSignatures {
		s.signatures[s.count] = signature
		s.count++
	}
}

// A verifier checks a signature of a message with one key, in constant time.
type verifier interface {
	verify(signature []byte, m message) bool
}

// A message is what is signed: the parts, with these values for their placeholders.
type message struct {
	parts         []part
	body          []byte
	timestamp, id string
}

// writeTo calls write with each piece of the message, in order. Short pieces pass through scratch.
func (m message) writeTo(write func([]byte), scratch []byte) {
	for _, p := range m.parts {
		switch p.is {
		case literal:
			write(append(scratch[:0], p.literal...))
		case payload:
			write(m.body)
		case timestamp:
			write(append(scratch[:0], m.timestamp...))
		case messageID:
			write(append(scratch[:0], m.id...))
		}
	}
}

// A part of what is signed.
type part struct {
	literal string
	is      placeholder
}

// A placeholder stands for what differs from request to request.
type placeholder int

const (
	literal placeholder = iota
	payload
	timestamp
	messageID
)

// An encoding reads a signature as it is written in a header.
type encoding func(string) ([]byte, error)

// encodings by their names in a configuration.
var encodings = map[string]encoding{
	"hex":    hex.DecodeString,
	"base64": base64.StdEncoding.DecodeString,
}

// An Error says why a request is not authentic. It names no secret and no signature that would have been right.
type Error struct {
	Header string
	Reason string
}

func (e *Error) Error() string { return e.Header + " " + e.Reason }

// Headers returns the canonical names of the headers that carry signatures.
func (s *Scheme) Headers() []string {
	var names []string
	for _, v := range s.variants {
		names = append(names, v.header)
	}
	return names
}

// Signs tells whether requests carry signatures at all.
func (s *Scheme) Signs() bool { return len(s.variants) > 0 }

// Verify returns an [*Error] unless one of the bodies, which are the request's in its different encodings, is signed
// by the sender. A timestamp is checked after the signature.
func (s *Scheme) Verify(header http.Header, now time.Time, bodies ...[]byte) error {
	if !s.Signs() {
		return nil
	}
	for i := range s.variants {
		v := &s.variants[i]
		value := header.Get(v.header)
		if value == "" {
			continue
		}
		if err := v.verify(value, header, now, bodies); err != nil {
			return err
		}
		return nil
	}
	return &Error{strings.Join(s.Headers(), " or "), "is missing: the request is not signed"}
}

// verify checks what a header says. Which of its parts was missing or malformed is no secret; what it should have been is.
func (v *variant) verify(value string, header http.Header, now time.Time, bodies [][]byte) error {
	fail := func(reason string) error { return &Error{v.header, reason} }
	said, err := v.parse(value)
	if err != nil {
		return fail("is malformed: " + err.Error())
	}
	var id string
	if v.id != "" {
		if id = header.Get(v.id); id == "" {
			return &Error{v.id, "is missing: it is part of what is signed"}
		}
	}
	if v.timestamp != "" {
		if said.timestamp = header.Get(v.timestamp); said.timestamp == "" {
			return &Error{v.timestamp, "is missing: it is part of what is signed"}
		}
	}
	malformed := true
	for _, text := range said.signatures[:said.count] {
		signature, err := v.encoding(text)
		if err != nil || len(signature) == 0 {
			continue
		}
		malformed = false
		for _, body := range bodies {
			if len(body) > 0 && v.matches(signature, message{v.parts, body, said.timestamp, id}) {
				return v.fresh(said.timestamp, now)
			}
		}
	}
	if malformed {
		return fail("is malformed: it is not encoded as it should be")
	}
	return fail("is wrong: it was made with another secret, or for another body")
}

// matches tries each key.
func (v *variant) matches(signature []byte, m message) bool {
	for _, key := range v.keys {
		if key.verify(signature, m) {
			return true
		}
	}
	return false
}

// fresh refuses signatures that are replayed, or from a clock that is wrong.
func (v *variant) fresh(at string, now time.Time) error {
	if v.maxAge == 0 {
		return nil
	}
	header := v.header
	if v.timestamp != "" {
		header = v.timestamp
	}
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil || n < 0 {
		return &Error{header, "is malformed: its timestamp is not a number of " + unitName(v.unit)}
	}
	signedAt := time.Unix(n, 0)
	if v.unit == time.Millisecond {
		signedAt = time.UnixMilli(n)
	}
	switch age := now.Sub(signedAt); { // which saturates
	case age > v.maxAge:
		return &Error{header, fmt.Sprintf("is too old: at most %d seconds are allowed", int(v.maxAge.Seconds()))}
	case age < -maxFuture:
		return &Error{header, "is in the future: check the clocks of both sides"}
	}
	return nil
}

func unitName(unit time.Duration) string {
	if unit == time.Millisecond {
		return "milliseconds"
	}
	return "seconds"
}

// Answer returns what a sender wants to hear when it asks whether the endpoint is who it should be. Such a request is
// not captured.
func (s *Scheme) Answer(body []byte) (reply any, ok bool) {
	if s.answer == nil {
		return nil, false
	}
	return s.answer(body)
}

// prefixed reads a header that is a signature behind a prefix, which may be empty.
func prefixed(prefix string) func(string) (signed, error) {
	return func(value string) (signed, error) {
		var s signed
		text, ok := strings.CutPrefix(value, prefix)
		if !ok {
			return s, fmt.Errorf("it does not begin with %q", prefix)
		}
		s.add(text)
		return s, nil
	}
}

// list reads a header that is a list of name=value, with a timestamp and one or several signatures.
func list(timestampName, signatureName string) func(string) (signed, error) {
	return func(value string) (signed, error) {
		var s signed
		for item, rest := "", value; rest != ""; {
			item, rest, _ = strings.Cut(rest, ",")
			switch name, text, _ := strings.Cut(strings.TrimSpace(item), "="); name {
			case timestampName:
				s.timestamp = text
			case signatureName:
				s.add(text)
			}
		}
		if s.timestamp == "" || s.count == 0 {
			return s, fmt.Errorf("it lacks %s= or %s=", timestampName, signatureName)
		}
		return s, nil
	}
}

// template parses a signing string with {PAYLOAD}, {TIMESTAMP} and {ID}.
func template(text string) []part {
	placeholders := map[string]placeholder{"{PAYLOAD}": payload, "{TIMESTAMP}": timestamp, "{ID}": messageID}
	var parts []part
	for text != "" {
		first, name := len(text), ""
		for candidate := range placeholders {
			if i := strings.Index(text, candidate); i >= 0 && i < first {
				first, name = i, candidate
			}
		}
		if first > 0 {
			parts = append(parts, part{literal: text[:first]})
		}
		if name != "" {
			parts = append(parts, part{is: placeholders[name]})
		}
		text = text[first+len(name):]
	}
	return parts
}
