package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// maxTried bounds the signatures of one request that are tried with a public key: each costs some 50 µs, and a sender
// who rotates keys sends two.
const maxTried = 8

// A publicKey verifies signatures with one key. Its check gets a digest with SHA-256, or where digest is false the
// message.
type publicKey struct {
	digest bool
	check  func(message, signature []byte) bool
}

func (k publicKey) verify(signatures [][]byte, m *message) bool {
	var signed []byte
	if k.digest {
		hash := sha256.New()
		m.writeTo(func(b []byte) { _, _ = hash.Write(b) }, nil) // a hash never fails
		signed = hash.Sum(nil)
	} else {
		m.writeTo(func(b []byte) { signed = append(signed, b...) }, nil)
	}
	for _, signature := range signatures[:min(len(signatures), maxTried)] {
		if k.check(signed, signature) {
			return true
		}
	}
	return false
}

// publicKeys makes a verifier for a key, and one for the key before it if there still is one.
func publicKeys(parse func(string) (publicKey, error), field, key, previous, cure string) ([]verifier, error) {
	var keys []verifier
	for _, given := range []struct{ field, text string }{{field, key}, {"previousSecret", previous}} {
		if strings.TrimSpace(given.text) == "" {
			continue
		}
		parsed, err := parse(strings.TrimSpace(given.text))
		if err != nil {
			return nil, fmt.Errorf("%s %w; %s", given.field, err, cure)
		}
		keys = append(keys, parsed)
	}
	return keys, nil
}

// derOf returns the DER of a key that is written as PEM, or as DER in base64.
func derOf(text string) (kind string, der []byte, err error) {
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return block.Type, block.Bytes, nil
	}
	if der, err = decodeBase64(strings.Join(strings.Fields(text), "")); err != nil || len(der) == 0 {
		return "", nil, errors.New("is neither PEM nor base64")
	}
	return "", der, nil
}

// parsePKIX reads a SubjectPublicKeyInfo. A private key is called what it is: it was copied by mistake.
func parsePKIX(text string) (any, error) {
	kind, der, err := derOf(text)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(kind, "PRIVATE KEY") {
		return nil, errors.New("is a private key, not the public one")
	}
	if key, err := x509.ParsePKIXPublicKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	return nil, errors.New("is no public key")
}

// parseECDSA reads a key on the curve P-256, whose signatures are ASN.1 DER.
func parseECDSA(text string) (publicKey, error) {
	parsed, err := parsePKIX(text)
	if err != nil {
		return publicKey{}, err
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return publicKey{}, errors.New("is no ECDSA key on the curve P-256")
	}
	return publicKey{true, func(digest, signature []byte) bool { return ecdsa.VerifyASN1(key, digest, signature) }}, nil
}

// leastRSA is how many bits a key must have: Go verifies with no shorter one.
const leastRSA = 1024

// parseRSA reads a key whose signatures are PKCS #1 v1.5 of SHA-256 digests.
func parseRSA(text string) (publicKey, error) {
	parsed, err := parsePKIX(text)
	if err != nil {
		return publicKey{}, err
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < leastRSA {
		return publicKey{}, fmt.Errorf("is no RSA key of %d bits or more", leastRSA)
	}
	return publicKey{true, func(digest, signature []byte) bool {
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature) == nil
	}}, nil
}

// parseEd25519 reads a key that is PEM, DER in base64, or its 32 bytes in base64 or hexadecimal.
func parseEd25519(text string) (publicKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		raw, err = decodeBase64(text)
	}
	if err != nil || len(raw) != ed25519.PublicKeySize {
		parsed, err := parsePKIX(text)
		if err != nil {
			return publicKey{}, err
		}
		key, ok := parsed.(ed25519.PublicKey)
		if !ok {
			return publicKey{}, errors.New("is no Ed25519 key")
		}
		raw = key
	}
	return publicKey{false, func(message, signature []byte) bool { return ed25519.Verify(raw, message, signature) }}, nil
}
