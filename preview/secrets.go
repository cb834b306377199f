package preview

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Secrets are the texts of a configuration that nobody is shown, the longest first.
type secrets []string

// leastSecret is how long a secret is that texts are searched for; what is shorter is part of any word.
const leastSecret = 6

// removed stands for what nobody is shown.
const removed = "(removed)"

// isSecretMember tells which members of a configuration are secrets, by their names.
var isSecretMember = regexp.MustCompile(`(?i)secret|token|key|password`).MatchString

// isSecretHeader tells which headers carry secrets, or what is made with them.
var isSecretHeader = regexp.MustCompile(`(?i)authorization|cookie|signature|token|secret|api-?key|hmac`).MatchString

// secretsOf collects those of an endpoint's configuration.
func secretsOf(config []byte) secrets {
	var found secrets
	var walk func(name string, value any)
	walk = func(name string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, member := range value {
				walk(name, member)
			}
		case string:
			if text := strings.TrimSpace(value); len(text) >= leastSecret && isSecretMember(name) {
				found = append(found, text)
			}
		}
	}
	var root any
	_ = json.Unmarshal(config, &root) // the connector has validated it
	walk("", root)
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return found
}

// text removes the secrets from a text.
func (s secrets) text(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, removed)
	}
	return text
}

// bytes removes the secrets from a body.
func (s secrets) bytes(body []byte) []byte {
	for _, secret := range s {
		body = bytes.ReplaceAll(body, []byte(secret), []byte(removed))
	}
	return body
}

// header removes the secrets from headers.
func (s secrets) header(header http.Header) http.Header {
	shown := http.Header{}
	for name, values := range header {
		for _, value := range values {
			if isSecretHeader(name) {
				value = removed
			}
			shown.Add(name, s.text(value))
		}
	}
	return shown
}
