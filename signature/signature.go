// Package signature tells who sent a request, by the signature that it carries. It is a leaf: a request and its body in,
// an error out, the clock injected.
//
// A provider is one file here: its configuration, which also makes its part of the form, and the [Scheme] that the
// configuration describes, over the readers, templates, clocks and keys of the other files, with the recipe by which a
// person signs in a shell to try it. A new one is such a file, its vectors in testdata/vectors.sh, its line in
// TestRecipesMakeSignaturesThatPass, and its line in [Providers]. What a sender asks before it sends is a row of
// handshake.go.
package signature

import (
	"net/http"
	"strings"
	"time"
)

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
	asks     string // whose handshakes are answered, where they are not the provider's
	secret   string // of the digests in handshakes
	proof    string // what a handshake must know
}

// A variant is one way in which a sender signs; the first whose header a request has is the one that counts.
type variant struct {
	header    string // canonical name
	read      reader
	timestamp string // the header with the timestamp, where that is not in the signature's
	clock     clock  // of the timestamp; the zero one where there is none
	parts     []part
	address   address // of {URL}
	encoding  encoding
	keys      []verifier // one of them must have signed
	recipe    recipe     // of a person who tries it
}

// A verifier tells, in constant time, whether one of the signatures is of a message.
type verifier interface {
	verify(signatures [][]byte, m *message) bool
}

// An Error says why a request is not authentic. It names no secret and no signature that would have been right.
type Error struct {
	Header string
	Reason string
}

// Kind says in a word what is wrong: missing, malformed, wrong, or expired of one that is too old or from the future.
func (e *Error) Kind() string {
	for _, kind := range []string{"missing", "malformed", "wrong"} {
		if strings.HasPrefix(e.Reason, "is "+kind) {
			return kind
		}
	}
	return "expired"
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
func (s *Scheme) Verify(r *http.Request, now time.Time, bodies ...[]byte) error {
	if !s.Signs() {
		return nil
	}
	for i := range s.variants {
		v := &s.variants[i]
		values := r.Header[v.header]
		if len(values) == 0 || len(values) == 1 && values[0] == "" {
			continue
		}
		if s.isChallenge(bodies) {
			return &Error{v.header, "is of a body that anyone could have had signed, as a challenge"}
		}
		if err := v.verify(values, r, now, bodies); err != nil {
			return err
		}
		return nil
	}
	return &Error{strings.Join(s.Headers(), " or "), "is missing: the request is not signed"}
}

// verify checks what a header says. Which of its parts was missing or malformed is no secret; what it should have been is.
func (v *variant) verify(values []string, r *http.Request, now time.Time, bodies [][]byte) error {
	said := signed{decode: v.encoding, message: message{parts: v.parts, request: r}}
	if err := v.read(values, &said); err != nil {
		return &Error{v.header, "is malformed: " + err.Error()}
	}
	for _, p := range v.parts {
		if p.is == header && headerOf(r, p.name) == "" {
			return &Error{p.name, "is missing: it is part of what is signed"}
		}
	}
	if v.timestamp != "" {
		if said.timestamp = r.Header.Get(v.timestamp); said.timestamp == "" {
			return &Error{v.timestamp, "is missing: it is part of what is signed"}
		}
	}
	if len(said.signatures) == 0 {
		return &Error{v.header, "is malformed: it is not encoded as it should be"}
	}
	if !v.matches(&said, bodies) {
		return &Error{v.header, "is wrong: it was made with another secret, or for another body"}
	}
	if reason := v.clock.check(said.timestamp, now); reason != "" {
		if v.timestamp != "" {
			return &Error{v.timestamp, reason}
		}
		return &Error{v.header, reason}
	}
	return nil
}

// matches tries each body, address and key.
func (v *variant) matches(said *signed, bodies [][]byte) bool {
	urls := noURL
	if v.signs(url) {
		urls = v.address.of(said.request)
	}
	for _, said.url = range urls {
		for _, said.body = range bodies {
			for _, key := range v.keys {
				if key.verify(said.signatures, &said.message) {
					return true
				}
			}
		}
	}
	return false
}

// noURL is tried where none is signed.
var noURL = []string{""}

// signs tells whether a placeholder is part of what is signed.
func (v *variant) signs(is placeholder) bool {
	for _, p := range v.parts {
		if p.is == is {
			return true
		}
	}
	return false
}
