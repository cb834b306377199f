package preview

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// keyOf returns the values at a key's JSON pointers as a JSON array; null for one that is missing.
func keyOf(pointers []string, document []byte) (string, error) {
	key := []byte{'['}
	for i, pointer := range pointers {
		if i > 0 {
			key = append(key, ',')
		}
		value, err := valueAt(document, strings.Split(strings.TrimPrefix(pointer, "/"), "/"))
		if err != nil {
			return "", fmt.Errorf("taking the key %s: %w", pointer, err)
		}
		key = append(key, value...)
	}
	return string(append(key, ']')), nil
}

// valueAt reads a document no further than to the value at a location. Keys are at the front of what this connector
// writes.
func valueAt(document []byte, tokens []string) (jsontext.Value, error) {
	decoder := jsontext.NewDecoder(bytes.NewReader(document), jsontext.AllowDuplicateNames(true))
	for _, token := range tokens {
		name := unescape.Replace(token)
		if decoder.PeekKind() != '{' {
			return jsontext.Value("null"), nil
		}
		if _, err := decoder.ReadToken(); err != nil {
			return nil, err
		}
		for {
			member, err := decoder.ReadToken()
			if err != nil {
				return nil, err
			}
			if member.Kind() == '}' {
				return jsontext.Value("null"), nil
			}
			if member.String() == name {
				break
			}
			if err := decoder.SkipValue(); err != nil {
				return nil, err
			}
		}
	}
	return decoder.ReadValue()
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")
