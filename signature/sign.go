package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Schemes by which a [Signer] signs.
const (
	Elements         = "elements"
	StandardWebhooks = "standardWebhooks"
)

// A Signer signs what is sent. It is safe for concurrent use.
type Signer struct {
	scheme string
	keys   [][]byte
}

// NewSigner makes one that signs with a key and, while keys are rotated, with the one before it. A key of Standard Webhooks is
// whsec_ and base64, or else taken as it is. Errors name the member and quote no key.
func NewSigner(scheme, key, previous string) (*Signer, error) {
	s := &Signer{scheme: scheme}
	for _, given := range []struct{ member, key string }{{"key", key}, {"previousKey", previous}} {
		text := strings.TrimSpace(given.key)
		if text == "" && given.member == "previousKey" {
			continue
		}
		if err := secretError(given.member, text, "the receiver's settings"); err != nil {
			return nil, err
		}
		if scheme == StandardWebhooks {
			var err error
			if text, err = keyOf(text); err != nil {
				return nil, fmt.Errorf("%s %w", given.member, err)
			}
		}
		s.keys = append(s.keys, []byte(text))
	}
	return s, nil
}

// Headers are the canonical names of those that a scheme writes.
func (s *Signer) Headers() []string {
	switch {
	case s == nil:
		return nil
	case s.scheme == Elements:
		return []string{"Elements-Webhook-Id", "Elements-Webhook-Signature"}
	}
	return []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}
}

// Sign writes the headers of a message: what identifies it, which holds no dot, and its signature as of now, with each key.
func (s *Signer) Sign(to http.Header, id string, now time.Time, body []byte) {
	if s == nil {
		return
	}
	if s.scheme == Elements {
		to.Set("Elements-Webhook-Id", id)
		to.Set("Elements-Webhook-Signature", s.each(", ", "sha256=", body))
		return
	}
	seconds := strconv.FormatInt(now.Unix(), 10)
	to.Set("Webhook-Id", id)
	to.Set("Webhook-Timestamp", seconds)
	to.Set("Webhook-Signature", s.each(" ", "v1,", []byte(id), []byte("."), []byte(seconds), []byte("."), body))
}

// each is the signature by each key of the parts together.
func (s *Signer) each(separator, prefix string, parts ...[]byte) string {
	var all []string
	for _, key := range s.keys {
		h := hmac.New(sha256.New, key)
		for _, part := range parts {
			h.Write(part)
		}
		all = append(all, prefix+base64.StdEncoding.EncodeToString(h.Sum(nil)))
	}
	return strings.Join(all, separator)
}
