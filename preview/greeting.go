package preview

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
)

// greet tells a person where to post, how to try it, and where the documents are.
func greet(w io.Writer, t *task, address, db string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil || len(t.spec.Bindings) == 0 {
		return
	}
	var config endpoint
	_ = json.Unmarshal(t.spec.ConfigJson, &config) // the connector has validated it
	base := "http://localhost:" + port
	var try string
	fmt.Fprintln(w, "\nTaking webhooks at")
	for _, b := range t.spec.Bindings {
		var resource struct {
			Path         string `json:"path"`
			IDFromHeader string `json:"idFromHeader"`
		}
		_ = json.Unmarshal(b.ResourceConfigJson, &resource)
		if resource.Path == "" {
			resource.Path = b.Collection.Name
		}
		path := "/" + strings.TrimPrefix(resource.Path, "/")
		fmt.Fprintf(w, "  %s%s  into %s\n", base, path, b.Collection.Name)
		if try == "" {
			try = curl(base+parameter.ReplaceAllString(path, "1"), config, resource.IDFromHeader)
		}
	}
	collection := strings.ReplaceAll(t.spec.Bindings[0].Collection.Name, `"`, `""`)
	fmt.Fprintf(w, "Post one:\n  %s\n", try)
	fmt.Fprintf(w, "They are kept in %s; the latest of each key:\n  sqlite3 %s %s\n\n",
		db, quote(db), quote(fmt.Sprintf(`SELECT document FROM "%s"`, collection)))
}

var parameter = regexp.MustCompile(`\{[^/]*\}`)

// An endpoint is what the greeting looks for in the configuration of one.
type endpoint struct {
	RequireAuthToken string `json:"requireAuthToken"`
	SignatureConfig  struct {
		Provider string `json:"provider"`
	} `json:"signatureConfig"`
}

// curl returns a command line that posts a first webhook. Secrets are not written out: they would stay on the screen.
func curl(url string, config endpoint, idFromHeader string) string {
	const body = `'{"hello":"world"}'`
	line := "curl"
	if config.RequireAuthToken != "" {
		line += ` -H "Authorization: Bearer $AUTH_TOKEN"`
	}
	if config.SignatureConfig.Provider == "intercom" {
		line += ` -H "X-Hub-Signature: sha1=$(printf %s ` + body + ` | openssl dgst -sha1 -hmac "$CLIENT_SECRET" -r | cut -d' ' -f1)"`
	}
	if idFromHeader != "" {
		line += " -H " + quote(idFromHeader+": 1")
	}
	return line + " -d " + body + " " + quote(url)
}

var plain = regexp.MustCompile(`^[\w./:@%+=-]+$`)

// quote writes a word for a shell.
func quote(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
