package signature

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"net/textproto"
	"regexp"
	"strings"
	"time"
)

// customConfig describes a sender that no other provider does.
type customConfig struct {
	Algorithm             string `json:"algorithm" jsonschema:"title=Algorithm,enum=hmac_sha256,enum=hmac_sha1,enum=hmac_sha512,enum=ecdsa,default=hmac_sha256" jsonschema_description:"How the sender signs. ECDSA is on the curve P-256, with SHA-256."`
	PublicKey             string `json:"publicKey" jsonschema:"title=Key" jsonschema_description:"The secret of an HMAC, or the public key of ECDSA: PEM, or DER in base64." jsonschema_extras:"secret=true,multiline=true"`
	SignatureHeader       string `json:"signatureHeader" jsonschema:"title=Signature Header" jsonschema_description:"The header that carries the signature."`
	SignatureEncoding     string `json:"signatureEncoding,omitempty" jsonschema:"title=Signature Encoding,enum=hex,enum=base64,default=hex" jsonschema_description:"How the signature is written."`
	SignaturePrefix       string `json:"signaturePrefix,omitempty" jsonschema:"title=Signature Prefix" jsonschema_description:"What stands before the signature in its header, such as sha256=."`
	SigningStringTemplate string `json:"signingStringTemplate,omitempty" jsonschema:"title=Signing String Template,default={PAYLOAD}" jsonschema_description:"What is signed: a text with {PAYLOAD} for the body, and {TIMESTAMP} for the value of the timestamp header."`
	TimestampHeader       string `json:"timestampHeader,omitempty" jsonschema:"title=Timestamp Header" jsonschema_description:"The header with the time of the signature, in seconds since 1970."`
	freshness
}

var digests = map[string]func() hash.Hash{"hmac_sha256": sha256.New, "hmac_sha1": sha1.New, "hmac_sha512": sha512.New}

var isHeaderName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").MatchString

func (c *customConfig) scheme() (*Scheme, error) {
	v := variant{unit: time.Second, parse: prefixed(strings.TrimSpace(c.SignaturePrefix))}
	name, err := oneOf("signatureEncoding", c.SignatureEncoding, "hex", "base64")
	if err != nil {
		return nil, err
	}
	v.encoding = encodings[name]
	if v.header, err = headerName("signatureHeader", c.SignatureHeader); err != nil {
		return nil, err
	}
	if c.TimestampHeader != "" {
		if v.timestamp, err = headerName("timestampHeader", c.TimestampHeader); err != nil {
			return nil, err
		}
		if v.maxAge, err = c.age(); err != nil {
			return nil, err
		}
	}
	if v.parts, err = c.parts(); err != nil {
		return nil, err
	}
	if v.keys, err = c.keys(); err != nil {
		return nil, err
	}
	if digest, ok := strings.CutPrefix(c.Algorithm, "hmac_"); ok || c.Algorithm == "" {
		v.recipe = recipe{digest: cmp.Or(digest, "sha256"), format: inQuotes.Replace(strings.TrimSpace(c.SignaturePrefix)) + "{SIGNATURE}", base64: name == "base64"}
	}
	return &Scheme{
		Hint:     "check publicKey, signatureEncoding, signaturePrefix and signingStringTemplate against the sender's documentation",
		variants: []variant{v},
	}, nil
}

// headerName returns the canonical name of a header.
func headerName(field, name string) (string, error) {
	if name = strings.TrimSpace(name); !isHeaderName(name) {
		return "", fmt.Errorf("%s %q is not the name of a header; write one such as X-Signature", field, name)
	}
	return textproto.CanonicalMIMEHeaderKey(name), nil
}

// parts reads the template. Without one, the body alone is signed.
func (c *customConfig) parts() ([]part, error) {
	text := c.SigningStringTemplate
	switch {
	case text == "":
		text = "{PAYLOAD}"
	case !strings.Contains(text, "{PAYLOAD}"):
		return nil, fmt.Errorf("signingStringTemplate %q lacks {PAYLOAD}; add it where the body is signed", text)
	case strings.Contains(text, "{TIMESTAMP}") && c.TimestampHeader == "":
		return nil, fmt.Errorf("signingStringTemplate %q has {TIMESTAMP}, but timestampHeader is not set; name the header with the timestamp", text)
	}
	return template(text), nil
}

func (c *customConfig) keys() ([]verifier, error) {
	algorithm, err := oneOf("algorithm", c.Algorithm, "hmac_sha256", "hmac_sha1", "hmac_sha512", "ecdsa")
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.PublicKey) == "" {
		return nil, errors.New("publicKey is empty; write the secret that you share with the sender, or its public key")
	}
	if algorithm != "ecdsa" {
		return macs(digests[algorithm], c.PublicKey, ""), nil
	}
	key, err := parseECDSA(c.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("publicKey %w; write PEM, or DER in base64", err)
	}
	return []verifier{key}, nil
}
