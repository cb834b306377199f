package signature

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// customConfig describes a sender that no other provider does.
type customConfig struct {
	Algorithm             string `json:"algorithm" jsonschema:"title=Algorithm,enum=hmac_sha256,enum=hmac_sha1,enum=hmac_sha512,enum=ecdsa,enum=ed25519,enum=rsa_sha256,default=hmac_sha256" jsonschema_description:"How the sender signs. ECDSA is on the curve P-256, with SHA-256; RSA is PKCS #1 v1.5, with SHA-256."`
	PublicKey             string `json:"publicKey" jsonschema:"title=Key" jsonschema_description:"The secret of an HMAC, or the public key of ECDSA, Ed25519 or RSA: PEM, or DER in base64. A key of Ed25519 may also be its 32 bytes in base64 or hexadecimal." jsonschema_extras:"secret=true,multiline=true"`
	PreviousSecret        string `json:"previousSecret,omitempty" jsonschema:"title=Previous Key" jsonschema_description:"The key before the current one. Both are accepted while it is rotated." jsonschema_extras:"secret=true,multiline=true"`
	SignatureHeader       string `json:"signatureHeader" jsonschema:"title=Signature Header" jsonschema_description:"The header that carries the signature."`
	SignatureField        string `json:"signatureField,omitempty" jsonschema:"title=Signature Field" jsonschema_description:"The name of the signature in a header that is a list, such as v1 in t=1767225600,v1=5257a8. Of several, one must be right."`
	SignatureEncoding     string `json:"signatureEncoding,omitempty" jsonschema:"title=Signature Encoding,enum=hex,enum=base64,default=hex" jsonschema_description:"How the signature is written."`
	SignaturePrefix       string `json:"signaturePrefix,omitempty" jsonschema:"title=Signature Prefix" jsonschema_description:"What stands before the signature in its header, such as sha256=."`
	SigningStringTemplate string `json:"signingStringTemplate,omitempty" jsonschema:"title=Signing String Template,default={PAYLOAD}" jsonschema_description:"What is signed: a text with {PAYLOAD} for the body, {TIMESTAMP} for the timestamp, {METHOD} for the method, {URL} for the whole URL, {PATH} for its path without the query, and {HEADER:name} for the value of a header."`
	TimestampHeader       string `json:"timestampHeader,omitempty" jsonschema:"title=Timestamp Header" jsonschema_description:"The header with the time of the signature: seconds or milliseconds since 1970, or a time as RFC 3339 writes it."`
	TimestampField        string `json:"timestampField,omitempty" jsonschema:"title=Timestamp Field" jsonschema_description:"The name of the timestamp in a signature header that is a list, such as t in t=1767225600,v1=5257a8."`
	freshness
	reachable
}

var digests = map[string]func() hash.Hash{"hmac_sha256": sha256.New, "hmac_sha1": sha1.New, "hmac_sha512": sha512.New}

// parsers of public keys, by algorithm.
var parsers = map[string]func(string) (publicKey, error){"ecdsa": parseECDSA, "ed25519": parseEd25519, "rsa_sha256": parseRSA}

func (c *customConfig) scheme() (*Scheme, error) {
	var v variant
	name, err := oneOf("signatureEncoding", c.SignatureEncoding, "hex", "base64")
	if err != nil {
		return nil, err
	}
	v.encoding = encodings[name]
	if v.header, err = headerName("signatureHeader", c.SignatureHeader); err != nil {
		return nil, err
	}
	if v.read, err = c.reader(); err != nil {
		return nil, err
	}
	if err := c.timed(&v); err != nil {
		return nil, err
	}
	if v.parts, err = c.parts(); err != nil {
		return nil, err
	}
	if v.address, err = c.address(); err != nil {
		return nil, err
	}
	algorithm, err := oneOf("algorithm", strings.ReplaceAll(c.Algorithm, "-", "_"), "hmac_sha256", "hmac_sha1", "hmac_sha512", "ecdsa", "ed25519", "rsa_sha256")
	if err != nil {
		return nil, err
	}
	if v.keys, err = c.keys(algorithm); err != nil {
		return nil, err
	}
	if digest, ok := strings.CutPrefix(algorithm, "hmac_"); ok {
		v.recipe = recipe{digest: digest, format: c.format(), base64: name == "base64"}
	}
	s := &Scheme{
		Hint:     "check publicKey, signatureEncoding, signaturePrefix and signingStringTemplate against the sender's documentation",
		variants: []variant{v},
	}
	if v.header == xHeader && algorithm == "hmac_sha256" && slices.Equal(placeholdersOf(v.parts), []placeholder{payload}) {
		s.asks, s.secret = "x", strings.TrimSpace(c.PublicKey)
	}
	return s, nil
}

// placeholdersOf returns what parts stand for.
func placeholdersOf(parts []part) []placeholder {
	var all []placeholder
	for _, p := range parts {
		all = append(all, p.is)
	}
	return all
}

// reader returns how the signature's header is read.
func (c *customConfig) reader() (reader, error) {
	prefix := strings.TrimSpace(c.SignaturePrefix)
	if c.SignatureField == "" {
		if c.TimestampField != "" {
			return nil, fmt.Errorf("timestampField is %q, but signatureField is not set; name the signature's field as well", c.TimestampField)
		}
		return prefixed(prefix), nil
	}
	for _, field := range []struct{ name, text string }{{"signatureField", c.SignatureField}, {"timestampField", c.TimestampField}} {
		if strings.ContainsAny(field.text, "=,; \t\"") {
			return nil, fmt.Errorf("%s %q is not the name of a field; write what stands before its =, such as v1", field.name, field.text)
		}
	}
	if c.SignatureField == c.TimestampField {
		return nil, fmt.Errorf("signatureField and timestampField are both %q; name two fields", c.SignatureField)
	}
	return list(c.TimestampField, c.SignatureField, prefix), nil
}

// timed sets where the timestamp is, and how old it may be.
func (c *customConfig) timed(v *variant) (err error) {
	switch {
	case c.TimestampHeader == "" && c.TimestampField == "":
		return nil
	case c.TimestampHeader != "" && c.TimestampField != "":
		return fmt.Errorf("timestampHeader %q and timestampField %q are both set; remove one", c.TimestampHeader, c.TimestampField)
	case c.TimestampHeader != "":
		if v.timestamp, err = headerName("timestampHeader", c.TimestampHeader); err != nil {
			return err
		}
	}
	v.clock, err = c.clock(anyUnit)
	return err
}

// parts reads the template. Without one, the body alone is signed. A timestamp that is not signed proves nothing: whoever
// sends a request again would write a new one.
func (c *customConfig) parts() ([]part, error) {
	text := cmp.Or(c.SigningStringTemplate, "{PAYLOAD}")
	parts, err := parseTemplate(text)
	if err != nil {
		return nil, fmt.Errorf("signingStringTemplate %q %w", text, err)
	}
	signs := func(is placeholder) bool { return slices.Contains(placeholdersOf(parts), is) }
	switch timed := cmp.Or(c.TimestampHeader, c.TimestampField); {
	case !signs(payload):
		return nil, fmt.Errorf("signingStringTemplate %q lacks {PAYLOAD}; add it where the body is signed", text)
	case signs(timestamp) && timed == "":
		return nil, fmt.Errorf("signingStringTemplate %q has {TIMESTAMP}, but neither timestampHeader nor timestampField is set; name where the timestamp is", text)
	case !signs(timestamp) && c.TimestampHeader != "":
		return nil, fmt.Errorf("signingStringTemplate %q lacks {TIMESTAMP}, but timestampHeader is %q; add {TIMESTAMP} where the sender signs it, or remove timestampHeader", text, c.TimestampHeader)
	case !signs(timestamp) && c.TimestampField != "":
		return nil, fmt.Errorf("signingStringTemplate %q lacks {TIMESTAMP}, but timestampField is %q; add {TIMESTAMP} where the sender signs it, or remove timestampField", text, c.TimestampField)
	}
	return parts, nil
}

func (c *customConfig) keys(algorithm string) ([]verifier, error) {
	if strings.TrimSpace(c.PublicKey) == "" {
		return nil, errors.New("publicKey is empty; write the secret that you share with the sender, or its public key")
	}
	if digest := digests[algorithm]; digest != nil {
		return macs(digest, c.PublicKey, c.PreviousSecret), nil
	}
	return publicKeys(parsers[algorithm], "publicKey", c.PublicKey, c.PreviousSecret, "write the public key of "+algorithm+" as PEM, or its DER in base64")
}

// format returns the value of the signature's header, for a recipe.
func (c *customConfig) format() string {
	signature := inQuotes.Replace(strings.TrimSpace(c.SignaturePrefix)) + "{SIGNATURE}"
	if c.SignatureField == "" {
		return signature
	}
	format := inQuotes.Replace(c.SignatureField) + "=" + signature
	if c.TimestampField != "" {
		format = inQuotes.Replace(c.TimestampField) + "={TIMESTAMP}," + format
	}
	return format
}
