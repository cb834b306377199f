package signature

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// signed is what the values of a signature header say, and of which message.
type signed struct {
	message
	decode     encoding
	signatures [][]byte  // those that are encoded as they should be; one of them must be right
	usual      [2][]byte // where they are, unless there are more
}

// add keeps a signature. One that is not encoded as it should be is of another kind, or junk.
func (s *signed) add(text string) {
	if signature, err := s.decode(strings.TrimSpace(text)); err == nil && len(signature) > 0 {
		if s.signatures == nil {
			s.signatures = s.usual[:0]
		}
		s.signatures = append(s.signatures, signature)
	}
}

// A reader reads the values of a signature header, which may come more than once.
type reader func(values []string, into *signed) error

// prefixed reads values that are a signature behind a prefix, which may be empty. Proxies join values that come more
// than once with a comma and a blank.
func prefixed(prefix string) reader {
	return func(values []string, into *signed) error {
		found := false
		for _, value := range values {
			for item, rest := "", value; rest != ""; {
				item, rest, _ = strings.Cut(rest, ", ")
				if text, ok := strings.CutPrefix(strings.TrimSpace(item), prefix); ok {
					found = true
					into.add(text)
				}
			}
		}
		if !found {
			return fmt.Errorf("it does not begin with %q", prefix)
		}
		return nil
	}
}

// list reads values that are lists of name=value: a timestamp, if it has a name, and signatures behind a prefix.
func list(timestampName, signatureName, prefix string) reader {
	lacks := fmt.Errorf("it lacks %s=", signatureName)
	if timestampName != "" {
		lacks = fmt.Errorf("it lacks %s= or %s=", timestampName, signatureName)
	}
	return func(values []string, into *signed) error {
		found := false
		for _, value := range values {
			for item, rest := "", value; rest != ""; {
				item, rest = cutAny(rest, ",;")
				name, text, _ := strings.Cut(strings.TrimSpace(item), "=")
				text = strings.Trim(text, `"`)
				switch {
				case name == timestampName && into.timestamp == "":
					into.timestamp = text
				case name == signatureName:
					found = true
					if text, ok := strings.CutPrefix(text, prefix); ok {
						into.add(text)
					}
				}
			}
		}
		if !found || timestampName != "" && into.timestamp == "" {
			return lacks
		}
		return nil
	}
}

// cutAny cuts a text at the first of the separators.
func cutAny(text, separators string) (before, after string) {
	if i := strings.IndexAny(text, separators); i >= 0 {
		return text[:i], text[i+1:]
	}
	return text, ""
}

// versioned reads values that are lists of version,signature between blanks, of which version 1 is ours.
func versioned(values []string, into *signed) error {
	found := false
	for _, value := range values {
		for item, rest := "", value; rest != ""; {
			item, rest = cutAny(rest, " \t")
			if text, ok := strings.CutPrefix(item, "v1,"); ok {
				found = true
				into.add(strings.TrimSuffix(text, ","))
			}
		}
	}
	if !found {
		return errors.New("it has no signature of version v1")
	}
	return nil
}

// An encoding reads a signature as it is written in a header.
type encoding func(string) ([]byte, error)

// encodings by their names in a configuration.
var encodings = map[string]encoding{"hex": hex.DecodeString, "base64": decodeBase64}

// toStandard writes base64 of the URL alphabet in the standard one.
var toStandard = strings.NewReplacer("-", "+", "_", "/")

// decodeBase64 reads base64 of either alphabet, padded or not.
func decodeBase64(text string) ([]byte, error) {
	if b, err := base64.StdEncoding.DecodeString(text); err == nil {
		return b, nil
	}
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(toStandard.Replace(text), "="))
}
