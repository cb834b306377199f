package preview

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Secrets are the texts of a configuration that nobody is shown, in any spelling.
type secrets struct{ spelt *regexp.Regexp } // nil for none

// leastSecret is how long a secret is that texts are searched for; what is shorter is part of any word.
const leastSecret = 6

// removed stands for what nobody is shown.
const removed = "(removed)"

// isSecretMember tells which members of a configuration are secrets, by their names.
var isSecretMember = regexp.MustCompile(`(?i)secret|token|key|password`).MatchString

// isSecretName tells which headers and parameters of a query carry secrets, or what is made with them.
var isSecretName = regexp.MustCompile(`(?i)auth|cookie|signature|token|secret|key|hmac|passw|pwd|credential|session|jwt|bearer|(^|[-_.])(sig|sign|pass|code)($|[-_.0-9])`).MatchString

// isPublicName tells which of these identify a request, and are no secrets.
var isPublicName = regexp.MustCompile(`(?i)idempotency|^sec-websocket`).MatchString

func namesSecret(name string) bool { return isSecretName(name) && !isPublicName(name) }

// secretsOf collects those of an endpoint's configuration.
func secretsOf(config []byte) secrets {
	var found []string
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
	return newSecrets(found...)
}

// newSecrets hides these texts, the longest first.
func newSecrets(texts ...string) secrets {
	slices.SortFunc(texts, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var all []string
	for _, text := range texts {
		all = append(all, spellings(text)...)
	}
	if len(all) == 0 {
		return secrets{}
	}
	return secrets{regexp.MustCompile(strings.Join(all, "|"))}
}

// longSecret is longer than tokens and shared secrets are: a private or public key, of which only whole spellings are
// looked for.
const longSecret = 256

// spellings returns patterns of a text as it may be written: with any of its characters escaped as in URLs, JSON and HTML, and
// in base64.
func spellings(text string) []string {
	whole := []string{base64.StdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text))}
	if len(text) > longSecret {
		quoted, _ := json.Marshal(text) // a string
		whole = append(whole, text, string(quoted[1:len(quoted)-1]), url.QueryEscape(text), url.PathEscape(text), html.EscapeString(text))
	}
	var patterns []string
	for _, w := range whole {
		patterns = append(patterns, regexp.QuoteMeta(strings.TrimRight(w, "=")))
	}
	if len(text) > longSecret {
		return patterns
	}
	var each strings.Builder
	for _, c := range text {
		each.WriteString(spellingsOf(c))
	}
	return append(patterns, each.String())
}

// spellingsOf returns a pattern of one character.
func spellingsOf(c rune) string {
	var percent, unicode strings.Builder
	for _, b := range []byte(string(c)) {
		fmt.Fprintf(&percent, "%%(?i:%02x)", b)
	}
	if r := []rune{c}; c > 0xffff {
		const first, high, low, bits, mask = 0x10000, 0xd800, 0xdc00, 10, 0x3ff
		fmt.Fprintf(&unicode, `\\u(?i:%04x)\\u(?i:%04x)`, high+(r[0]-first)>>bits, low+(r[0]-first)&mask)
	} else {
		fmt.Fprintf(&unicode, `\\u(?i:%04x)`, c)
	}
	pattern := `(?:\\*` + regexp.QuoteMeta(string(c)) + `|` + percent.String() + `|` + unicode.String() + fmt.Sprintf(`|&#0*%d;|&#(?i:x0*%x);`, c, c)
	if named := html.EscapeString(string(c)); named != string(c) {
		pattern += "|" + regexp.QuoteMeta(named)
	}
	if c == ' ' {
		pattern += `|\+`
	}
	return pattern + ")"
}

// text removes the secrets from a text.
func (s secrets) text(text string) string {
	if s.spelt == nil {
		return text
	}
	return s.spelt.ReplaceAllLiteralString(text, removed)
}

// bytes removes the secrets from a body.
func (s secrets) bytes(body []byte) []byte {
	if s.spelt == nil || body == nil {
		return body
	}
	return s.spelt.ReplaceAllLiteral(body, []byte(removed))
}

// query removes the secrets from a query, and the values of parameters that are named as secrets are.
func (s secrets) query(query string) string {
	mark, parts := "", query
	if strings.HasPrefix(query, "?") {
		mark, parts = "?", query[1:]
	}
	all := strings.Split(parts, "&")
	for i, part := range all {
		name, value, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); value != "" && namesSecret(cmp.Or(decoded, name)) && (err == nil || namesSecret(name)) {
			all[i] = name + "=" + removed
		}
	}
	return s.text(mark + strings.Join(all, "&"))
}

// header removes the secrets from headers.
func (s secrets) header(header http.Header) http.Header {
	shown := http.Header{}
	for name, values := range header {
		for _, value := range values {
			if namesSecret(name) {
				value = removed
			}
			shown.Add(name, s.text(value))
		}
	}
	return shown
}

// document removes the secrets from a document, and the values of headers and parameters in its _meta that are named as
// secrets are.
func (s secrets) document(text string) string {
	decoder := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var within []string
	var cuts [][2]int64
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			break
		}
		depth := decoder.StackDepth()
		kind, length := decoder.StackIndex(depth)
		if kind != '{' || length%2 == 0 || token.Kind() != '"' { // no name of a member
			continue
		}
		name := token.String()
		if within = append(within[:min(depth-1, len(within))], name); within[0] != "_meta" {
			break // which the connector writes first
		}
		if depth == 3 && (within[1] == "headers" || within[1] == "query") && namesSecret(name) && decoder.PeekKind() == '"' {
			value, err := decoder.ReadValue()
			if err != nil {
				break
			}
			end := decoder.InputOffset()
			cuts = append(cuts, [2]int64{end - int64(len(value)), end})
		}
	}
	for _, cut := range slices.Backward(cuts) {
		text = text[:cut[0]] + `"` + removed + `"` + text[cut[1]:]
	}
	return s.text(text)
}
