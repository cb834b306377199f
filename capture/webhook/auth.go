package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"source-intercom-ingest/signature"

	"github.com/sirupsen/logrus"
)

// A token is the digest of a bearer token, so that comparing takes the same time whatever is compared.
type token *[sha256.Size]byte

// newToken returns nil where no token is required.
func newToken(text string) token {
	if text == "" {
		return nil
	}
	digest := sha256.Sum256([]byte(text))
	return &digest
}

// authenticate checks the bearer token, if one is required. It reads nothing of the body.
func authenticate(required token, r *http.Request) error {
	if required == nil {
		return nil
	}
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return refuse(http.StatusUnauthorized, "a bearer token is required; send it in the header Authorization: Bearer").as("token_missing").
			with("WWW-Authenticate", "Bearer")
	}
	given := sha256.Sum256([]byte(strings.TrimSpace(text)))
	if subtle.ConstantTimeCompare(given[:], required[:]) == 0 {
		return refuse(http.StatusForbidden, "the bearer token is not the one that is required").as("token_wrong")
	}
	return nil
}

// verify checks the signature, over the body as it was sent or as its sender had it before compressing it.
func (h *hook) verify(r *http.Request, b body, now time.Time) error {
	if !h.sender.Signs() {
		return nil
	}
	bodies := [...][]byte{b.text, b.asSent}
	given := bodies[:]
	if b.asSent == nil { // an empty body is one that a sender may sign
		given = bodies[:1]
	}
	err := h.sender.Verify(r, now, given...)
	if warning := h.watch.note(err == nil, now); warning != "" {
		h.log.WithFields(logrus.Fields{"eventType": "connectorStatus", "path": h.path.String()}).
			Warnf("%s; %s", warning, h.sender.Hint)
	}
	if err != nil {
		h.counts.signatures.Inc()
		return refuse(http.StatusUnauthorized, "%v", err).as(signatureCode(err)).with("WWW-Authenticate", "Signature")
	}
	return nil
}

// signatureCode is the code of a refusal for its signature.
func signatureCode(err error) string {
	if wrong := new(signature.Error); errors.As(err, &wrong) {
		return "signature_" + wrong.Kind()
	}
	return "unauthenticated"
}
