package template

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/deliver/value"
)

// An escaping is what a function has escaped its result for already.
type escaping int

const (
	escapesNothing escaping = iota
	asJSON                  // it is a JSON value
	forString               // of JSON
	forXML
	forHTML
	forURL
)

// is tells whether a place wants just that.
func (e escaping) is(place Place, inside bool) bool {
	switch e {
	case forString:
		return place == JSON && inside
	case forXML:
		return place == XML
	case forHTML:
		return place == HTML
	case forURL:
		return place == Segment || place == Form
	}
	return false
}

// A function makes a text of a text.
type function struct {
	escapes escaping
	options []string
	// prepare returns the function for its options, which are checked when a template is compiled.
	prepare func(options map[string]string) (func(text []byte) ([]byte, error), error)
}

// A call is a function in a template.
type call struct {
	of      *lookup // nil for a section
	escapes escaping
	apply   func([]byte) ([]byte, error)
}

// plain makes a function without options or errors.
func plain(escapes escaping, f func([]byte) []byte) function {
	return function{escapes: escapes, prepare: func(map[string]string) (func([]byte) ([]byte, error), error) {
		return func(text []byte) ([]byte, error) { return f(text), nil }, nil
	}}
}

var functions = map[string]function{
	"encodeUrl":    plain(forURL, func(t []byte) []byte { return appendEscaped(nil, t, Segment, false) }),
	"encodeBase64": plain(escapesNothing, func(t []byte) []byte { return base64.StdEncoding.AppendEncode(nil, t) }),
	"escapeJson":   plain(forString, func(t []byte) []byte { return appendInString(nil, t) }),
	"escapeXml":    plain(forXML, func(t []byte) []byte { return appendEscaped(nil, t, XML, false) }),
	"escapeHtml":   plain(forHTML, func(t []byte) []byte { return appendEscaped(nil, t, HTML, false) }),
	"formatDate":   {options: []string{"pattern", "timezone"}, prepare: formatDate},
	"hash":         {options: []string{"algorithm", "key", "encoding"}, prepare: hashed},
	"hmac":         {options: []string{"algorithm", "key", "encoding"}, prepare: keyed},
}

// suffixes are functions that may stand behind a name.
var suffixes = map[string]bool{"toJson": true, "castIntegers": true, "encodeUrl": true, "encodeBase64": true,
	"escapeJson": true, "escapeXml": true, "escapeHtml": true, "hash": true}

var functionNames = strings.Join(slices.Sorted(maps.Keys(functions)), ", ")

// call reads what a function is of, and its options: name="value".
func (f function) call(name string, words []string) (*call, error) {
	c := &call{escapes: f.escapes}
	options := map[string]string{}
	for _, word := range words {
		option, text, given := strings.Cut(word, "=")
		if !given {
			if c.of != nil {
				return nil, fmt.Errorf("%s takes one value, and %q is a second", name, word)
			}
			found, err := nameOf(word)
			if err != nil {
				return nil, err
			}
			c.of = &found
			continue
		}
		if len(text) < len(`""`) || text[0] != '"' || text[len(text)-1] != '"' {
			return nil, fmt.Errorf("the option %s of %s is written %s=\"…\"", option, name, option)
		}
		if !slices.Contains(f.options, option) {
			return nil, fmt.Errorf("%s has no option %q; it has %q", name, option, f.options)
		}
		options[option] = text[1 : len(text)-1]
	}
	var err error
	if c.apply, err = f.prepare(options); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// called is the result of a function of a value. One of a value that is not there is empty.
func (r *renderer) called(c *call) ([]byte, error) {
	v, err := r.resolve(*c.of)
	if err != nil || v == nil || v.Is(value.Null) {
		return nil, err
	}
	return c.apply(v.AppendText(nil))
}

// applied is a value behind which functions are named.
func applied(v *value.Value, names []string) (text []byte, escapes escaping, err error) {
	if v == nil && names[0] != "toJson" {
		return nil, escapesNothing, nil
	}
	text = v.AppendText(nil)
	raw := v.Raw()
	for _, name := range names {
		switch name {
		case "toJson":
			text, escapes = raw, asJSON
		case "castIntegers":
			raw = asIntegers(raw)
			text, escapes = raw, escapesNothing
		default:
			f, err := functions[name].prepare(nil)
			if err != nil {
				return nil, 0, err
			}
			if text, err = f(text); err != nil {
				return nil, 0, err
			}
			raw, _ = jsontext.AppendQuote(nil, text)
			escapes = functions[name].escapes
		}
	}
	return text, escapes, nil
}

// asIntegers cuts the fractions off the numbers of a JSON text.
func asIntegers(text []byte) []byte {
	var out []byte
	for at := 0; at < len(text); {
		c := text[at]
		end := at + 1
		switch {
		case c == '"':
			for ; text[end] != '"'; end++ {
				if text[end] == '\\' {
					end++
				}
			}
			end++
		case c == '-' || c >= '0' && c <= '9':
			for end < len(text) && strings.IndexByte("0123456789+-.eE", text[end]) >= 0 {
				end++
			}
			if number := string(text[at:end]); !strings.ContainsAny(number, "eE") {
				whole, _, _ := strings.Cut(number, ".")
				out = append(out, whole...)
				at = end
				continue
			}
		}
		out = append(out, text[at:end]...)
		at = end
	}
	return out
}

var digests = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// hashed is a digest in hexadecimal, or an HMAC where there is a key.
func hashed(options map[string]string) (func([]byte) ([]byte, error), error) {
	algorithm := strings.ReplaceAll(strings.ToLower(options["algorithm"]), "-", "")
	if algorithm == "" {
		algorithm = "sha256"
	}
	digest, ok := digests[algorithm]
	if !ok {
		return nil, fmt.Errorf("the algorithm %q is not known; choose one of %q", options["algorithm"], slices.Sorted(maps.Keys(digests)))
	}
	encode := hex.AppendEncode
	switch options["encoding"] {
	case "", "hex":
	case "base64":
		encode = base64.StdEncoding.AppendEncode
	default:
		return nil, fmt.Errorf("the encoding %q is not known; choose hex or base64", options["encoding"])
	}
	return func(text []byte) ([]byte, error) {
		h := digest()
		if key, ok := options["key"]; ok {
			h = hmac.New(digest, []byte(key))
		}
		h.Write(text)
		return encode(nil, h.Sum(nil)), nil
	}, nil
}

// keyed is an HMAC.
func keyed(options map[string]string) (func([]byte) ([]byte, error), error) {
	if options["key"] == "" {
		return nil, fmt.Errorf("it has no key; write key=\"…\"")
	}
	return hashed(options)
}
