package deliver

import (
	"fmt"
	"net/textproto"
	"slices"
	"strings"
)

// idempotencyKey is the header that identifies a message to every destination.
const idempotencyKey = "Idempotency-Key"

// ofHTTP are headers that are made from the request itself.
var ofHTTP = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade", "Te", "Keep-Alive", "Proxy-Connection", "Expect"}

// reserves tells that a header is written by the connector alone: users' values for it are never sent.
func (d *Destination) reserves(name string) bool {
	name = textproto.CanonicalMIMEHeaderKey(name)
	return name == idempotencyKey || name == d.authorize.header || slices.Contains(ofHTTP, name) || slices.Contains(d.signer.Headers(), name)
}

// headerError says why a header can not be sent.
func headerError(name, value string) error {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isTokenRune(r) }) {
		return fmt.Errorf("the name %q is none of a header; write one such as X-Source", name)
	}
	if badHeaderValue(value) {
		return fmt.Errorf("the value of %s has a line break or another control character; remove it", name)
	}
	return nil
}

func isTokenRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// badHeaderValue tells that a value would end its header, or is none.
func badHeaderValue(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
