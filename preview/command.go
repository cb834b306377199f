package preview

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"source-intercom-ingest/curl"
	"source-intercom-ingest/intercom"
)

// A command line sends a request again, without its secrets: they would stay on the screen.
type command struct {
	Curl     string `json:"curl"`               // empty if there is none
	CurlNote string `json:"curlNote,omitempty"` // what it does not send as it came
}

// missing says that only a part of a request is kept; nothing if all of it is.
func (x *exchange) missing() string {
	switch {
	case x.Method == "":
		return "the request could not be read"
	case x.Partial:
		return "only a part of its headers or its address is kept"
	case x.Cut:
		return fmt.Sprintf("only the first %d of its %d bytes are kept", len(x.body), x.Size)
	}
	return ""
}

// command returns the line for a kept request.
func (s sender) command(x *exchange, hide secrets) command {
	if missing := x.missing(); missing != "" {
		return command{CurlNote: "No command line sends it again: " + missing + "."}
	}
	d := delivery{method: x.Method, target: x.Path + x.query, host: x.host, header: x.header, body: x.body}
	return s.line(d, hide)
}

// line returns the line for a delivery.
func (s sender) line(d delivery, hide secrets) command {
	path, query, _ := strings.Cut(d.target, "?")
	if strings.Contains(d.target, "?") {
		query = "?" + query
	}
	r := curl.Request{Method: d.method, URL: s.base + hide.text(path) + hide.query(query), Body: hide.bytes(d.body)}
	var note string
	if isIncomplete(r.URL) || isIncomplete(string(r.Body)) {
		note = "Put the secrets in where it says " + removed + "."
	}
	for _, h := range sorted(hide.header(d.header)) {
		name, value := h[0], h[1]
		switch {
		case name == "Content-Length", name == "Expect", name == "Connection", s.authenticates(name):
		case isIncomplete(value):
			r.Headers = append(r.Headers, curl.Header{Name: name, Shell: `"$` + variableOf(name) + `"`})
		default:
			r.Headers = append(r.Headers, curl.Header{Name: name, Value: value})
		}
	}
	if d.host != "" && d.host != strings.TrimPrefix(s.base, "http://") {
		r.Headers = append(r.Headers, curl.Header{Name: "Host", Value: d.host})
	}
	return command{Curl: s.authenticated(r).Line(), CurlNote: note}
}

// authenticated adds the headers that the configuration requires, made from variables of the shell.
func (s sender) authenticated(r curl.Request) curl.Request {
	if s.config.token() != "" {
		r.Headers = append(r.Headers, curl.Header{Name: "Authorization", Value: "Bearer ", Shell: `"$AUTH_TOKEN"`})
	}
	if s.config.SignatureConfig.Provider == "intercom" {
		r.Headers = append(r.Headers, curl.Header{Name: intercom.SignatureHeader, Value: "sha1=",
			Shell: `$(` + r.PrintBody() + ` | openssl dgst -sha1 -hmac "$CLIENT_SECRET" -r | cut -d' ' -f1)`})
	}
	return r
}

var notInVariables = regexp.MustCompile(`[^A-Za-z0-9]+`)

// variableOf names the variable of a shell that a header's secret is to be in.
func variableOf(header string) string {
	return "HEADER_" + strings.ToUpper(notInVariables.ReplaceAllString(header, "_"))
}

// sampleLine returns the line that posts a first webhook to a path.
func (s sender) sampleLine(p hookPath) string {
	r := curl.Request{Method: http.MethodPost, URL: s.base + parameter.ReplaceAllString(p.Path, "1"), Body: []byte(`{"hello":"world"}`),
		Headers: []curl.Header{{Name: "Content-Type", Value: "application/json"}}}
	if p.IDFromHeader != "" {
		r.Headers = append(r.Headers, curl.Header{Name: p.IDFromHeader, Value: "1"})
	}
	return s.authenticated(r).Line()
}

// A shownRow is a document as people see it, with the command line that sends it again.
type shownRow struct {
	row
	command
}

// show removes the secrets from documents.
func (c *console) show(r row) shownRow {
	var shown shownRow
	if d, err := c.sender.origin(r.Collection, []byte(r.Document)); err == nil {
		shown.command = c.sender.line(d, c.hide)
	}
	r.Document = c.hide.document(r.Document)
	shown.row = r
	return shown
}
