package pages

import (
	"net/http"
	"slices"
	"strings"

	"source-intercom-ingest/curl"
	"source-intercom-ingest/signature"
)

// curl returns a command line that posts a webhook which the path accepts, once the secrets are in the variables that
// it names: AUTH_TOKEN and CLIENT_SECRET. BODY, NOW and URL are what a signature is made of. It is printable, whatever
// the schema says.
func (s Site) curl(h Hook, body, base string) string {
	signed := s.Config.Signature.Requires()
	var before, line, data strings.Builder
	address := curl.Quote(curl.URL(base + h.Path.Expand(func(string) string { return "1" })))
	data.WriteString(curl.Quote(curl.JSON(body)))
	if len(signed) > 0 {
		before.WriteString("BODY=" + data.String() + "; ")
		data.Reset()
		data.WriteString(`"$BODY"`)
	}
	if s.Config.NeedsToken() {
		line.WriteString(` -H "Authorization: Bearer $AUTH_TOKEN"`)
	}
	for _, header := range signed {
		if strings.Contains(header.Shell, "NOW") && !strings.Contains(before.String(), "NOW=") {
			before.WriteString("NOW=$(date +%s); ")
		}
		if strings.Contains(header.Shell, "URL") && !strings.Contains(before.String(), "URL=") {
			before.WriteString("URL=" + address + "; ")
		}
		value := header.Shell
		if value == "" {
			value = "$SIGNATURE"
		}
		line.WriteString(` -H "` + header.Name + ": " + value + `"`)
	}
	for _, name := range h.idHeaders() {
		if !slices.ContainsFunc(signed, func(h signature.Header) bool { return http.CanonicalHeaderKey(h.Name) == name }) {
			line.WriteString(" -H " + curl.Quote(name+": 1"))
		}
	}
	return before.String() + "curl -g -H 'Content-Type: application/json'" + line.String() + " -d " + data.String() + " " + address
}
