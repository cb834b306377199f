package signature

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// An Answer is what a sender hears that asked a handshake.
type Answer struct {
	Sender string
	Status int
	Header [][2]string
	Kind   string // of the text; empty for none
	Text   string
	// Reason tells why the handshake is refused, where its status is not 200.
	Reason string
}

// maxValue bounds what is echoed, four times the longest that senders are known to send. maxQuestion bounds a body that
// is looked into: Azure's, the longest, has 600 bytes and a path of Azure's in it.
const (
	maxValue    = 1 << 10
	maxQuestion = 8 << 10
)

// Answer returns what a sender wants to hear that asks whether the endpoint is who it should be; nil for a request that
// does not ask. Some senders ask before they can prove who they are, and some after: authentic tells which of them are
// answered.
func (s *Scheme) Answer(r *http.Request, body []byte, authentic bool) *Answer {
	asks, q := cmp.Or(s.asks, s.Provider), question{request: r, body: body}
	for i := range handshakes {
		h := &handshakes[i]
		if h.method != r.Method || h.authentic != authentic || h.of != "" && h.of != asks {
			continue
		}
		if answer := h.answer(s, &q); answer != nil {
			return answer
		}
	}
	return nil
}

// Senders returns whose handshakes are answered.
func Senders() []string {
	var all []string
	for _, h := range handshakes {
		all = append(all, h.sender)
	}
	return all
}

// answer returns nil where the row does not match.
func (h *handshake) answer(s *Scheme, q *question) *Answer {
	if h.empty && !q.isEmpty() || !h.when.holds(q) {
		return nil
	}
	var value string
	if h.value.isSet() {
		if value = h.value.of(q); value == "" || h.alone && !q.isAlone() {
			return nil
		}
	}
	refused := func(status int, format string, args ...any) *Answer {
		return &Answer{Sender: h.sender, Status: status, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case !h.proof.isSet():
	case s.proof == "":
		return refused(http.StatusForbidden, "%s can not be checked, since no verifyToken is configured", h.proof)
	case !equal(h.proof.of(q), s.proof):
		return refused(http.StatusForbidden, "%s is not the verifyToken that is configured", h.proof)
	}
	if !isPrintable(value) || h.digest != nil && !isToken(value) {
		if h.value.body != nil {
			return nil // it is no question, so that it is a webhook
		}
		return refused(http.StatusBadRequest, "%s is not a challenge: at most %d printable characters are answered", h.value, maxValue)
	}
	return h.say(value, s.secret, q)
}

// say fills the row's answer in.
func (h *handshake) say(value, secret string, q *question) *Answer {
	digest := ""
	if h.digest != nil {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(value))
		digest = h.digest(mac.Sum(nil))
	}
	text := value
	if h.kind == inJSON {
		text, digest = quoted(value), quoted(digest)
	}
	fill := strings.NewReplacer("{VALUE}", text, "{DIGEST}", digest, "{RATE}", q.rate())
	answer := &Answer{Sender: h.sender, Status: http.StatusOK, Kind: h.kind, Text: fill.Replace(h.text)}
	for _, line := range h.header {
		answer.Header = append(answer.Header, [2]string{line[0], fill.Replace(line[1])})
	}
	return answer
}

func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always can be
	return string(b)
}

// equal compares in constant time, whatever the lengths.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// isPrintable tells what may be echoed.
func isPrintable(value string) bool {
	return len(value) <= maxValue && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
}

// isToken tells what may be signed for a stranger: characters of base64, which no document is made of.
func isToken(value string) bool {
	return value != "" && len(value) <= maxValue && strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_.") == ""
}

// isChallenge tells that one of the bodies is such that a stranger gets its signature by asking a handshake.
func (s *Scheme) isChallenge(bodies [][]byte) bool {
	return s.asks == "x" && slices.ContainsFunc(bodies, func(b []byte) bool { return len(b) <= maxValue && isToken(string(b)) })
}

// A question is a request that may ask a handshake.
type question struct {
	request *http.Request
	body    []byte
	root    any // of the body, once it was decoded
	decoded bool
}

// isEmpty tells a request without a body, or with an empty object in its place.
func (q *question) isEmpty() bool {
	text := bytes.TrimSpace(q.body)
	return len(text) == 0 || string(text) == "{}"
}

// isAlone tells that the body's root has one member or element.
func (q *question) isAlone() bool {
	switch root := q.root.(type) {
	case map[string]any:
		return len(root) == 1
	case []any:
		return len(root) == 1
	}
	return false
}

// rate returns what a sender of CloudEvents may send a minute: what it asks for, or any.
func (q *question) rate() string {
	rate := q.request.Header.Get("Webhook-Request-Rate")
	if rate == "" || !isPrintable(rate) || strings.Trim(rate, "0123456789") != "" {
		return "*"
	}
	return rate
}

func (p place) isSet() bool { return p.header != "" || p.query != "" || p.body != nil }

// String names the place to people.
func (p place) String() string { return cmp.Or(p.header, p.query) }

// of returns what stands at the place; empty if there is no text.
func (p place) of(q *question) string {
	switch {
	case p.header != "":
		return q.request.Header.Get(p.header)
	case p.query != "":
		if q.request.URL.RawQuery == "" {
			return ""
		}
		return q.request.URL.Query().Get(p.query)
	}
	last, _ := p.body[len(p.body)-1].(string)
	if len(q.body) > maxQuestion || !bytes.Contains(q.body, []byte(last)) { // as most webhooks, which are not decoded
		return ""
	}
	if !q.decoded {
		q.decoded = true
		var root any
		_ = json.Unmarshal(q.body, &root) // what is no JSON asks nothing
		q.root = root
	}
	at := q.root
	for _, step := range p.body {
		switch step := step.(type) {
		case string:
			members, _ := at.(map[string]any)
			at = members[step]
		case int:
			elements, _ := at.([]any)
			if step >= len(elements) {
				return ""
			}
			at = elements[step]
		}
	}
	text, _ := at.(string)
	return text
}

func (c condition) holds(q *question) bool {
	if !c.at.isSet() {
		return true
	}
	if c.is != "" {
		possible := c.at.body == nil || bytes.Contains(q.body, []byte(c.is)) // which is quickly seen of most webhooks
		return possible && c.at.of(q) == c.is
	}
	return strings.Contains(strings.ToLower(c.at.of(q)), c.contains)
}
