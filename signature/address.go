package signature

import (
	"fmt"
	"net/http"
	neturl "net/url"
	"strings"
)

// reachable is configured of senders who sign the URL that they post to.
type reachable struct {
	PublicURL string `json:"publicUrl,omitempty" jsonschema:"title=Public URL" jsonschema_description:"The address under which the sender reaches this connector, without the path, such as https://hooks.example.com. By default it is that of each request's Host header; set it where a proxy changes that header or the path."`
}

// An address makes the URLs that a sender may have signed.
type address struct {
	base   string              // without a slash at its end; empty for that of the request
	decode func(string) string // nil for none
}

// address checks what is configured.
func (c reachable) address() (address, error) {
	text := strings.TrimSuffix(strings.TrimSpace(c.PublicURL), "/")
	if text == "" {
		return address{}, nil
	}
	u, err := neturl.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(text, "?#") {
		return address{}, fmt.Errorf("publicUrl %q is not the address of a server; write one such as https://hooks.example.com", c.PublicURL)
	}
	return address{base: text}, nil
}

// of returns the URLs. TLS ends before the connector, which can not tell by what scheme the sender came: it tries both.
func (a address) of(r *http.Request) []string {
	bases := []string{a.base}
	if a.base == "" {
		bases = []string{"https://" + r.Host, "http://" + r.Host}
	}
	for i := range bases {
		bases[i] += target(r)
		if a.decode != nil {
			bases[i] = a.decode(bases[i])
		}
	}
	return bases
}

// target returns the path and query of a request as they were sent.
func target(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI() // of a request line with a whole URL
}
