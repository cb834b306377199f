// Package egress makes HTTP clients that reach no special address: not this machine, not a private network, not a cloud's
// metadata, whatever a name resolves to and whoever redirects there, unless that address is allowed.
package egress

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

// A Config is how a client reaches others. Its members are as users write them.
type Config struct {
	Allowed     []string // addresses and networks that may be reached though they are special
	Proxy       string   // a URL; empty is none, whatever the environment says
	CA          string   // PEM: who signs others' certificates, instead of those that the system trusts
	Certificate string   // PEM: this client's
	Key         string   // PEM: the key to it
	Timeout     time.Duration
	Connections int // that are kept
}

// A Refused is an address that is not reached.
type Refused struct {
	Address netip.Addr
}

func (r *Refused) Error() string {
	return fmt.Sprintf("%s is an address of a machine or a network that is not public; add it to network.allowedAddresses if it is meant", r.Address)
}

// alsoSpecial are addresses of clouds' own services that look public.
var alsoSpecial = []netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")}

// A Client is an [http.Client] that follows no redirects.
type Client struct {
	http.Client
	guard guard
}

// New makes a client. Errors name the member of network and the cure.
func New(c Config) (*Client, error) {
	var g guard
	var err error
	if g.allowed, err = prefixes(c.Allowed); err != nil {
		return nil, err
	}
	g.special = ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(alsoSpecial...))
	dialer := &net.Dialer{Timeout: c.Timeout, ControlContext: g.control}
	transport := &http.Transport{
		DialContext:         dialer.DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: c.Timeout,
		MaxIdleConns:        2 * c.Connections,
		MaxIdleConnsPerHost: c.Connections,
		MaxConnsPerHost:     c.Connections,
		IdleConnTimeout:     90 * time.Second,
		ForceAttemptHTTP2:   true,
	}
	if err := trust(transport.TLSClientConfig, c); err != nil {
		return nil, err
	}
	client := &Client{Client: http.Client{Transport: transport, Timeout: c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, guard: g}
	if c.Proxy != "" {
		proxy, err := url.Parse(c.Proxy)
		if err != nil || proxy.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, proxy.Scheme) {
			return nil, errors.New("proxy is no address; write one such as http://proxy.example.com:3128")
		}
		transport.Proxy = http.ProxyURL(proxy)
		client.Transport = &throughProxy{transport, g}
	}
	return client, nil
}

// trust sets whom a client trusts, and who it is.
func trust(to *tls.Config, c Config) error {
	if c.CA != "" {
		to.RootCAs = x509.NewCertPool()
		if !to.RootCAs.AppendCertsFromPEM([]byte(c.CA)) {
			return errors.New("caCertificate holds no certificate; copy the PEM whole, from -----BEGIN CERTIFICATE----- on")
		}
	}
	if (c.Certificate == "") != (c.Key == "") {
		return errors.New("clientCertificate and clientKey belong together; add the other, or remove both")
	}
	if c.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(c.Certificate), []byte(c.Key))
		if err != nil {
			return errors.New("clientCertificate and clientKey are no pair of PEM; copy both whole")
		}
		to.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// prefixes reads addresses and networks; localhost is this machine's.
func prefixes(texts []string) (all []netip.Prefix, err error) {
	for i, text := range texts {
		text = strings.TrimSpace(text)
		if text == "localhost" {
			all = append(all, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(strings.Trim(text, "[]"))
			if err != nil {
				return nil, fmt.Errorf("allowedAddresses[%d] %q is neither an address nor a network; write one such as 10.0.0.0/8", i, text)
			}
			prefix = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}

// Check refuses an address that is special and not allowed, as far as a URL's host tells without asking for its name.
func (c *Client) Check(host string) error {
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return nil // a name, which is looked at when it is dialled
	}
	return c.guard.check(address)
}

// A guard knows which addresses are special.
type guard struct {
	allowed []netip.Prefix
	special *ssrf.Guardian
}

func (g guard) check(address netip.Addr) error {
	address = address.WithZone("").Unmap()
	if slices.ContainsFunc(g.allowed, func(p netip.Prefix) bool { return p.Contains(address) }) {
		return nil
	}
	if g.special.SafeAddr(address) != nil {
		return &Refused{address}
	}
	return nil
}
