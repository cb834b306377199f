package capture

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// A token is the digest of a bearer token, so that comparing takes the same time whatever is compared.
type token *[sha256.Size]byte

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
		return refuse(http.StatusUnauthorized, "a bearer token is required; send it in the header Authorization: Bearer").
			with("WWW-Authenticate", "Bearer")
	}
	given := sha256.Sum256([]byte(strings.TrimSpace(text)))
	if subtle.ConstantTimeCompare(given[:], required[:]) == 0 {
		return refuse(http.StatusForbidden, "the bearer token is not the one that is required")
	}
	return nil
}
