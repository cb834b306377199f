package preview

import (
	"fmt"
	"io"
	"net"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// greet tells a person where to post, how to try it, and where the documents are. The console is empty for none.
func greet(w io.Writer, t *task, address, db, console string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil || len(t.spec.Bindings) == 0 {
		return
	}
	s := newSender(t, "http://localhost:"+port)
	fmt.Fprintln(w, "\nTaking webhooks at")
	for _, p := range s.paths {
		fmt.Fprintf(w, "  %s%s  into %s\n", s.base, p.Path, p.Collection)
	}
	first := s.paths[0]
	try := curlLine(s.base+parameter.ReplaceAllString(first.Path, "1"), s.config, `{"hello":"world"}`, first.IDFromHeader, "1")
	collection := strings.ReplaceAll(first.Collection, `"`, `""`)
	fmt.Fprintf(w, "Post one:\n  %s\n", try)
	if console != "" {
		fmt.Fprintf(w, "Watch them:\n  %s\n", console)
	}
	fmt.Fprintf(w, "They are kept in %s; the latest of each key:\n  sqlite3 %s %s\n\n",
		db, shellescape.Quote(db), shellescape.Quote(fmt.Sprintf(`SELECT document FROM "%s"`, collection)))
}

// curlLine returns a command line that posts a webhook. Secrets are not written out: they would stay on the screen.
func curlLine(url string, config endpoint, body, idHeader, id string) string {
	body = shellescape.Quote(body)
	line := "curl"
	if config.token() != "" {
		line += ` -H "Authorization: Bearer $AUTH_TOKEN"`
	}
	if config.SignatureConfig.Provider == "intercom" {
		line += ` -H "X-Hub-Signature: sha1=$(printf %s ` + body + ` | openssl dgst -sha1 -hmac "$CLIENT_SECRET" -r | cut -d' ' -f1)"`
	}
	if idHeader != "" {
		line += " -H " + shellescape.Quote(idHeader+": "+id)
	}
	return line + " --data-raw " + body + " " + shellescape.Quote(url)
}
