package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// special are addresses that no delivery may reach, one of each network.
var special = strings.Fields(`0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1
	192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 168.63.129.16
	:: ::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 fc00::1 fd12::1 fe80::1 fec0::1 ff02::1`)

func client(t *testing.T, c Config) *Client {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	made, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestSpecialAddressesAreRefused(t *testing.T) {
	c := client(t, Config{})
	for _, text := range special {
		address := netip.MustParseAddr(text)
		if err := c.Check(text); err == nil {
			t.Errorf("%s passes the check", text)
		}
		host := text
		if address.Is6() {
			host = "[" + text + "]"
		}
		_, err := c.Get("http://" + host + ":9/")
		if refused := new(Refused); !errors.As(err, &refused) {
			t.Errorf("%s is dialled: %v", text, err)
		}
	}
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "api.intercom.io"} {
		if err := c.Check(text); err != nil {
			t.Error(err)
		}
	}
}

// A name is looked at as what it resolves to.
func TestANameOfASpecialAddressIsRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := client(t, Config{}).Get(strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
	if refused := new(Refused); !errors.As(err, &refused) || !strings.Contains(err.Error(), "add it to network.allowedAddresses") {
		t.Error(err)
	}
	for _, allowed := range [][]string{{"localhost"}, {"127.0.0.0/8"}, {"::1", "127.0.0.1"}} {
		resp, err := client(t, Config{Allowed: allowed}).Get(server.URL)
		if err != nil {
			t.Error(allowed, err)
			continue
		}
		_ = resp.Body.Close()
	}
}

// No redirect is followed, to wherever.
func TestNoRedirectIsFollowed(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
	}))
	defer server.Close()
	resp, err := client(t, Config{Allowed: []string{"127.0.0.1"}}).Get(server.URL)
	if err != nil || resp.StatusCode != http.StatusFound || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}

// A proxy hides no special target, and the environment's is not asked.
func TestAProxyHidesNoTarget(t *testing.T) {
	asked := []string{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = append(asked, r.URL.String()) }))
	defer proxy.Close()
	through := client(t, Config{Proxy: proxy.URL, Allowed: []string{"127.0.0.1"}})
	for _, target := range []string{"http://169.254.169.254/", "http://10.1.2.3/", "http://[::1]/"} {
		_, err := through.Get(target)
		if refused := new(Refused); !errors.As(err, &refused) {
			t.Errorf("%s: %v", target, err)
		}
	}
	resp, err := through.Get("http://1.1.1.1/x")
	if err != nil || len(asked) != 1 || asked[0] != "http://1.1.1.1/x" {
		t.Errorf("%v, %v, %q", resp, err, asked)
	}
	t.Setenv("HTTP_PROXY", proxy.URL)
	at, _ := url.Parse("http://1.1.1.1/")
	if by := client(t, Config{}).Transport.(*http.Transport).Proxy; by != nil {
		found, _ := by(&http.Request{URL: at})
		t.Errorf("the environment's proxy is asked: %v", found)
	}
}

func TestAWrongNetworkIsNamedWithTheCure(t *testing.T) {
	for want, c := range map[string]Config{
		`allowedAddresses[1] "10.0.0.0/99" is neither`: {Allowed: []string{"10.0.0.1", "10.0.0.0/99"}},
		"proxy is no address":                          {Proxy: "proxy"},
		"caCertificate holds no certificate":           {CA: "x"},
		"belong together":                              {Key: "x"},
		"are no pair of PEM":                           {Key: "x", Certificate: "y"},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

// names answers questions about names, each with the next of these addresses; the last goes on.
func names(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			const header = 12
			end := header
			for buffer[end] != 0 {
				end += int(buffer[end]) + 1
			}
			end += len("\x00\x00\x01\x00\x01")
			reply := append([]byte{buffer[0], buffer[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, buffer[header:end]...)
			if kind := buffer[end-3]; kind == 1 && n >= end { // of an IPv4 address
				address := netip.MustParseAddr(answers[0]).As4()
				if len(answers) > 1 {
					answers = answers[1:]
				}
				reply[7] = 1
				reply = append(append(reply, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), address[:]...)
			}
			_, _ = server.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// A name that resolves to another address the second time is looked at again.
func TestTheSecondAnswerOfDNSIsLookedAtToo(t *testing.T) {
	was := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = was })
	net.DefaultResolver = names(t, "127.0.0.2", "127.0.0.1")
	asked := 0
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Connection", "close")
	})}}
	server.Start()
	defer server.Close()
	c := client(t, Config{Allowed: []string{"127.0.0.2"}})
	address := fmt.Sprintf("http://rebinds.example:%d/", listener.Addr().(*net.TCPAddr).Port)
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	_, err = c.Get(address)
	if refused := new(Refused); !errors.As(err, &refused) || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}
