package signature

import "strings"

// Words by which the names of headers tell that they carry a signature, or what must stay secret; in lower case, and
// without what stands between the words of a name.
var secretWords = byLetter(
	"signature", "hmac", "secret", "token", "password", "passwd", "credential", "authorization", "authentication", "cookie", "jwt", "oidcdata",
	"apikey", "authkey", "accesskey", "secretkey", "privatekey", "subscriptionkey", "functionskey", "saskey", "webhookkey", "sharedkey", "appkey",
	"clientkey", "signingkey", "sessionid", "transmissionsig", "plaidverification", "trellowebhook", "signedrequest")

// secretNames are whole names, too short to be looked for in others.
var secretNames = []string{"auth", "xauth", "sig", "xsig", "hash", "xhash", "xkey", "xpayloadhash"}

// publicWords take precedence: what names a time or a delivery is captured.
var publicWords = byLetter("timestamp", "idempotency", "requestid", "deliveryid", "messageid")

// IsSecretHeader tells which headers carry signatures, tokens, keys or passwords, by any sender's name of them. They are
// never captured: a signature beside its body lets a short secret be searched for.
func IsSecretHeader(name string) bool {
	var space [64]byte // longer names are few
	text := space[:0]
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			text = append(text, c|0x20)
		case c != '-' && c != '_' && c != '.':
			text = append(text, c)
		}
	}
	for _, whole := range secretNames {
		if string(text) == whole {
			return true
		}
	}
	return secretWords.in(text) && !publicWords.in(text)
}

// words by their first letter, so that most places of a name are passed by at once.
type words [256][]string

func byLetter(list ...string) *words {
	var w words
	for _, word := range list {
		w[word[0]] = append(w[word[0]], word)
	}
	return &w
}

// in tells whether a text holds one of the words.
func (w *words) in(text []byte) bool {
	for i, c := range text {
		for _, word := range w[c] {
			if strings.HasPrefix(string(text[i:min(len(text), i+len(word))]), word) {
				return true
			}
		}
	}
	return false
}
