package pages

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"regexp"
	"strings"
)

//go:embed landing.html
var landingHTML string

//go:embed landing.css
var landingCSS string

var landingPage = template.Must(template.New("landing").Parse(landingHTML))

// landingPolicy allows the page's own style, by its digest, and nothing else.
var landingPolicy = "default-src 'none'; style-src 'sha256-" + digestOf(landingCSS) + "'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func digestOf(text string) string {
	digest := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(digest[:])
}

// A listing is what the page says of one path.
type listing struct {
	Path    string // the template
	Headers []neededHeader
	Topics  []string // patterns; none where the path takes all
	Curl    string   // a whole command line
	Secrets []string // variables of the shell that it needs
	Note    string   // what stands in the way of trying it
}

// A neededHeader is one that requests to a path must carry.
type neededHeader struct{ Name, Means string }

// landing says where to post, and how. The bodies are examples for each hook.
func (s Site) landing(w http.ResponseWriter, r *http.Request, bodies func() []string) {
	about := struct {
		Style    template.CSS
		Version  string
		Listings []listing
		Sources  bool
	}{template.CSS(landingCSS), s.Version, nil, len(s.Config.AllowedSources) > 0}
	for i, h := range s.Hooks {
		about.Listings = append(about.Listings, s.list(h, bodies()[i], baseOf(r)))
	}
	var text bytes.Buffer
	if err := landingPage.Execute(&text, about); err != nil {
		panic(err) // the template knows these fields
	}
	write(w, "text/html; charset=utf-8", text.Bytes())
}

// list describes a path.
func (s Site) list(h Hook, body, base string) listing {
	l := listing{Path: h.Path.String(), Curl: s.curl(h, body, base)}
	if s.Config.NeedsToken() {
		l.Headers = append(l.Headers, neededHeader{"Authorization", "the word Bearer, a space, and the token"})
		l.Secrets = append(l.Secrets, "AUTH_TOKEN")
	}
	for _, needed := range s.Config.Signature.Requires() {
		l.Headers = append(l.Headers, neededHeader{needed.Name, needed.Means})
		if needed.Shell == "" {
			l.Note = "Only the sender can sign: replace the signature by one that it has made for this body."
		}
	}
	if s.Config.Signature.Signs() && l.Note == "" {
		l.Secrets = append(l.Secrets, "CLIENT_SECRET")
	}
	if s.Config.Closed {
		l.Note = "The token that is required is empty: every webhook is refused until the capture's owner sets one."
	}
	for _, name := range h.idHeaders() {
		l.Headers = append(l.Headers, neededHeader{name, "identifies the webhook: a retry has the same"})
	}
	for _, c := range h.Collections {
		l.Topics = append(l.Topics, c.Topics...)
		if len(c.Topics) == 0 {
			l.Topics = nil
			break
		}
	}
	return l
}

// idHeaders returns the headers that the path's bindings take ids from.
func (h Hook) idHeaders() []string {
	var names []string
	for _, c := range h.Collections {
		if c.IDFromHeader != "" {
			names = append(names, http.CanonicalHeaderKey(c.IDFromHeader))
		}
	}
	return unique(names)
}

// unique drops what comes again.
func unique(names []string) []string {
	seen := map[string]bool{}
	var once []string
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			once = append(once, name)
		}
	}
	return once
}

var isHost = regexp.MustCompile(`^[\w.-]+(:\d+)?$|^\[[\da-fA-F:.]+\](:\d+)?$`).MatchString

// baseOf returns the address under which a browser came. TLS ends before the connector: a name without a port is taken
// for one behind the runtime's proxy, which is HTTPS.
func baseOf(r *http.Request) string {
	if !isHost(r.Host) {
		return "http://localhost:8080"
	}
	_, _, err := net.SplitHostPort(r.Host)
	hasPort := err == nil
	if hasPort || r.Host == "localhost" || net.ParseIP(strings.Trim(r.Host, "[]")) != nil {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}
