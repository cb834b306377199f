package preview

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A secret is hidden however it is spelt.
func TestASecretIsHiddenInAnySpelling(t *testing.T) {
	const secret = `p4ss/w=o<r>d &"é😀\`
	hide := secretsOf([]byte(`{"signatureConfig":{"clientSecret":` + quoted(secret) + `},"requireAuthToken":"short","paths":["/public"]}`))
	var lower strings.Builder
	for _, b := range []byte(secret) {
		fmt.Fprintf(&lower, "%%%02x", b)
	}
	var unicode strings.Builder
	for _, c := range secret {
		if c > 0xffff {
			unicode.WriteString(`\uD83D\ude00`)
		} else {
			fmt.Fprintf(&unicode, `\u%04X`, c)
		}
	}
	var numbers strings.Builder
	for _, c := range secret {
		fmt.Fprintf(&numbers, "&#%d;", c)
	}
	quotedHTML, _ := json.Marshal(secret)
	for name, text := range map[string]string{
		"plain": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret), "every byte": lower.String(),
		"JSON": strings.Trim(quoted(secret), `"`), "JSON for HTML": string(quotedHTML[1 : len(quotedHTML)-1]), "JSON, all escaped": unicode.String(),
		"HTML": html.EscapeString(secret), "HTML numbers": numbers.String(), "slash": strings.ReplaceAll(strings.Trim(quoted(secret), `"`), "/", `\/`),
		"base64": base64.StdEncoding.EncodeToString([]byte(secret)), "base64 URL": base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		if got := hide.text("a " + text + " z"); !strings.HasPrefix(got, "a "+removed) || !strings.HasSuffix(got, " z") || strings.Contains(got, "p4ss") {
			t.Errorf("%s: %s", name, got)
		}
		if got := string(hide.bytes([]byte(text))); !strings.HasPrefix(got, removed) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := hide.text("short /public"); got != "short /public" {
		t.Error(got)
	}
	if got := (secrets{}).text("nothing"); got != "nothing" {
		t.Error(got)
	}
}

func quoted(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text)
	return strings.TrimSpace(b.String())
}

// A key of many lines is hidden whole.
func TestALongSecretIsHidden(t *testing.T) {
	key := "-----BEGIN KEY-----\n" + strings.Repeat("abc+/=\n", 100) + "-----END KEY-----"
	hide := secretsOf([]byte(`{"publicKey":` + quoted(key) + `}`))
	for _, text := range []string{key, strings.Trim(quoted(key), `"`), url.QueryEscape(key)} {
		if got := hide.text(text); got != removed {
			t.Error(got)
		}
	}
}

// Headers and parameters that are named as secrets are have no value, whatever the configuration is.
func TestWhatIsNamedAsASecretIsHidden(t *testing.T) {
	var hide secrets
	for _, name := range []string{"Authorization", "X-Auth-Key", "X-Api-Key", "Apikey", "X-Vendor-Token", "Cookie", "X-Hub-Signature", "X-Signature-Ed25519", "X-Sig", "X-Hmac",
		"Proxy-Authorization", "X-Secret", "X-Password", "X-Session-Id", "X-Amz-Security-Token", "X-Goog-Channel-Token", "X-Webhook-Sign"} {
		if got := hide.header(http.Header{name: {"v1", "v2"}}).Values(name); len(got) != 2 || got[0] != removed || got[1] != removed {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, name := range []string{"X-Request-Id", "User-Agent", "Idempotency-Key", "Content-Type", "X-Design", "Host"} {
		if got := hide.header(http.Header{name: {"v"}}).Get(name); got != "v" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for query, want := range map[string]string{
		"?token=a&x=1": "?token=(removed)&x=1", "?access_token=a": "?access_token=(removed)", "?api_key=a&API-Key=b&key=c": "?api_key=(removed)&API-Key=(removed)&key=(removed)",
		"?sig=a&signature=b&hmac=c": "?sig=(removed)&signature=(removed)&hmac=(removed)", "?%74oken=a": "?%74oken=(removed)", "?auth=a&password=b": "?auth=(removed)&password=(removed)",
		"?token": "?token", "?page=1&design=2": "?page=1&design=2", "": "", "?": "?", "token=%zz": "token=(removed)",
	} {
		if got := hide.query(query); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
	const document = `{"_meta":{"webhookId":"1","query":{"token":"t1","page":"2"},"headers":{"x-auth-key":"k1","user-agent":"x"}},"headers":{"token":"theirs"},"token":"theirs"}`
	const want = `{"_meta":{"webhookId":"1","query":{"token":"(removed)","page":"2"},"headers":{"x-auth-key":"(removed)","user-agent":"x"}},"headers":{"token":"theirs"},"token":"theirs"}`
	if got := hide.document(document); got != want {
		t.Errorf("%s", got)
	}
}
