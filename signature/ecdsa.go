package signature

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
)

// An ecdsaKey verifies ECDSA signatures (ASN.1 DER) of SHA-256 digests.
type ecdsaKey struct{ key *ecdsa.PublicKey }

func (k ecdsaKey) verify(signature []byte, m message) bool {
	digest := sha256.New()
	m.writeTo(func(b []byte) { _, _ = digest.Write(b) }, nil)
	return ecdsa.VerifyASN1(k.key, digest.Sum(nil), signature)
}

// parseECDSA reads a public key on the curve P-256: PEM, or its DER (SubjectPublicKeyInfo) in base64.
func parseECDSA(text string) (ecdsaKey, error) {
	text = strings.TrimSpace(text)
	var der []byte
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der = block.Bytes
	} else {
		var err error
		if der, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return ecdsaKey{}, errors.New("is neither PEM nor base64")
		}
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return ecdsaKey{}, errors.New("is no public key")
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return ecdsaKey{}, errors.New("is no ECDSA key on the curve P-256")
	}
	return ecdsaKey{key}, nil
}
