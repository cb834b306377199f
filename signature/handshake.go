package signature

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
)

// A handshake is a row of the table below: what a sender asks of a URL before it posts webhooks to it, and what it wants
// to hear. The first row that matches a request is answered, and the request is not captured. A webhook matches none:
// rows match other methods than POST, requests without a body, or bodies that are nothing but the question.
type handshake struct {
	sender string
	// of whom the row is: a provider, x, or empty for every endpoint.
	of     string
	method string
	// authentic tells that the request must have shown the token and the signature that are required before it is
	// answered. The senders of the other rows can not show them yet.
	authentic bool
	when      condition
	// alone tells that the body's root has one member or element; empty that there is no body, or no member in it.
	alone, empty bool
	// value is what the answer is made of; the zero place for an answer that is always the same.
	value place
	// digest writes the digest of the value with the scheme's secret; nil for none.
	digest func(sum []byte) string
	// proof is what must be the scheme's proof; the zero place where nothing is asked to be proven.
	proof place
	// header and text of the answer, and the kind of text. {VALUE}, {DIGEST} and {RATE} stand for what they say; in JSON
	// the first two are strings.
	header     [][2]string
	kind, text string
}

// A place is where a request says something: in a header, in a member of the query, or in a member of its JSON body.
type place struct {
	header string // canonical name
	query  string
	body   []any // names of members and indexes of elements, from the root
}

// A condition is what a place must hold; the zero one always holds.
type condition struct {
	at       place
	is       string
	contains string // in lower case, where is is empty
}

// Kinds of answers. Browsers show neither as a page.
const (
	plain  = "text/plain; charset=utf-8"
	inJSON = "application/json"
)

// xHeader carries the signatures of X, whose webhooks are those of a custom provider with this header.
const xHeader = "X-Twitter-Webhooks-Signature"

// handshakes, in the order in which they are tried. Those of every endpoint need no secret, and tell a stranger no more
// than it sent. Those of none are bodies of senders whose signatures can not be configured: from a sender who signs, such
// a body is a webhook.
var handshakes = []handshake{
	{sender: "Intercom, Trello, Mailchimp", method: http.MethodHead},
	{sender: "Okta", method: http.MethodGet, value: place{header: "X-Okta-Verification-Challenge"},
		kind: inJSON, text: `{"verification":{VALUE}}`},
	{sender: "Meta", of: "meta", method: http.MethodGet, when: condition{at: place{query: "hub.mode"}, is: "subscribe"},
		proof: place{query: "hub.verify_token"}, value: place{query: "hub.challenge"}, kind: plain, text: "{VALUE}"},
	{sender: "X", of: "x", method: http.MethodGet, value: place{query: "crc_token"},
		digest: func(sum []byte) string { return "sha256=" + base64.StdEncoding.EncodeToString(sum) },
		kind:   inJSON, text: `{"response_token":{DIGEST}}`},
	{sender: "Dropbox", method: http.MethodGet, value: place{query: "challenge"}, kind: plain, text: "{VALUE}"},
	{sender: "Mailchimp", method: http.MethodGet, when: condition{at: place{header: "User-Agent"}, contains: "mailchimp"}, kind: plain},
	{sender: "CloudEvents", method: http.MethodOptions, value: place{header: "Webhook-Request-Origin"},
		header: [][2]string{{"WebHook-Allowed-Origin", "{VALUE}"}, {"WebHook-Allowed-Rate", "{RATE}"}, {"Allow", "POST, PUT, HEAD, OPTIONS"}}},
	{sender: "Microsoft Graph", method: http.MethodPost, empty: true, value: place{query: "validationToken"}, kind: plain, text: "{VALUE}"},
	{sender: "Asana", method: http.MethodPost, empty: true, value: place{header: "X-Hook-Secret"},
		header: [][2]string{{"X-Hook-Secret", "{VALUE}"}}},
	{sender: "Zoom", of: "zoom", method: http.MethodPost, authentic: true,
		when:  condition{at: place{body: []any{"event"}}, is: "endpoint.url_validation"},
		value: place{body: []any{"payload", "plainToken"}}, digest: hex.EncodeToString,
		kind: inJSON, text: `{"encryptedToken":{DIGEST},"plainToken":{VALUE}}`},
	{sender: "Slack", of: "slack", method: http.MethodPost, authentic: true,
		when:  condition{at: place{body: []any{"type"}}, is: "url_verification"},
		value: place{body: []any{"challenge"}}, kind: inJSON, text: `{"challenge":{VALUE}}`},
	{sender: "Azure Event Grid", of: "none", method: http.MethodPost, authentic: true, alone: true,
		when:  condition{at: place{body: []any{0, "eventType"}}, is: "Microsoft.EventGrid.SubscriptionValidationEvent"},
		value: place{body: []any{0, "data", "validationCode"}}, kind: inJSON, text: `{"validationResponse":{VALUE}}`},
	{sender: "monday", of: "none", method: http.MethodPost, authentic: true, alone: true,
		value: place{body: []any{"challenge"}}, kind: inJSON, text: `{"challenge":{VALUE}}`},
}
