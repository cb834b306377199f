package spec

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheClientIsWhoTheTrustedProxiesSay(t *testing.T) {
	one, two, none := 1, 2, 0
	for _, c := range []struct {
		proxies           *int
		remote, forwarded string
		want              string
	}{
		{nil, "203.0.113.1:99", "", "203.0.113.1"},
		{nil, "203.0.113.1:99", "198.51.100.1", "203.0.113.1"}, // no proxy of ours says so
		{nil, "10.0.0.1:99", "198.51.100.1", "198.51.100.1"},
		{&one, "[::ffff:10.0.0.1]:99", "6.6.6.6, 198.51.100.1", "198.51.100.1"},
		{&two, "127.0.0.1:99", "6.6.6.6, 198.51.100.1,10.9.9.9", "198.51.100.1"},
		{&two, "[fd00::1]:99", "198.51.100.1", "1 of the 2 addresses"}, // came past the outer proxy
		{&two, "127.0.0.1:99", "", "0 of the 2 addresses"},
		{nil, "127.0.0.1:99", "", "0 of the 1 addresses"},
		{nil, "10.0.0.1:99", "6.6.6.6\n198.51.100.1", "198.51.100.1"},
		{&two, "10.0.0.1:99", "6.6.6.6\n198.51.100.1\n10.9.9.9", "198.51.100.1"},
		{&two, "10.0.0.1:99", "6.6.6.6,198.51.100.1\n10.9.9.9", "198.51.100.1"},
		{&two, "10.0.0.1:99", "unknown, 10.9.9.9", "no address"},
		{nil, "10.0.0.1:99", "198.51.100.1, unknown", "no address"},
		{nil, "10.0.0.1:99", "unknown, , 198.51.100.1", "198.51.100.1"},
		{nil, "10.0.0.1:99", "[2001:db8::1]", "2001:db8::1"},
		{nil, "10.0.0.1:99", "[::ffff:198.51.100.1]:80", "198.51.100.1"},
		{nil, "10.0.0.1:99", "[2001:db8::1", "no address"},
		{nil, "10.0.0.1:99", "198.51.100.1/24", "no address"},
		{nil, "10.0.0.1:99", "198.51.100.1.", "no address"},
		{nil, "10.0.0.1:99", "0198.51.100.1", "no address"},
		{&none, "10.0.0.1:99", "198.51.100.1", "10.0.0.1"},
		{nil, "10.0.0.1:99", "::ffff:198.51.100.1", "198.51.100.1"},
		{nil, "10.0.0.1:99", "198.51.100.1:4711", "198.51.100.1"},
		{nil, "10.0.0.1:99", "[2001:db8::1]:4711", "2001:db8::1"},
		{nil, "10.0.0.1:99", "fe80::1%eth0", "fe80::1"},
		{nil, "10.0.0.1:99", " ", "no address"},
		{nil, "10.0.0.1:99", "unknown", "no address"},
		{nil, "10.0.0.1:99", "198.51.100.1,", "no address"},
		{nil, "pipe", "", "not known"},
	} {
		s, err := newSources([]string{"0.0.0.0/0"}, c.proxies)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = c.remote
		for line := range strings.Lines(c.forwarded) {
			r.Header.Add("X-Forwarded-For", strings.TrimSuffix(line, "\n"))
		}
		client, err := s.Client(r)
		if got := client.String(); err == nil && got != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, %v", c, got, err)
		}
	}
}

func TestSourcesAreAddressesBlocksAndLists(t *testing.T) {
	for entry, allowed := range map[string]map[string]bool{
		"203.0.113.7":         {"203.0.113.7": true, "203.0.113.8": false},
		"::ffff:203.0.113.7":  {"203.0.113.7": true},
		"::ffff:10.0.0.0/104": {"203.0.113.7": false, "10.1.2.3": true},
		" 203.0.113.99/24 ":   {"203.0.113.7": true, "203.0.114.7": false},
		"2001:db8::/32":       {"2001:db8::7": true, "203.0.113.7": false},
		"intercom:us":         {"34.231.68.152": true, "54.217.125.63": false},
		"intercom:au":         {"3.104.68.152": true},
	} {
		s, err := newSources([]string{entry}, nil)
		if err != nil {
			t.Errorf("%s: %v", entry, err)
		}
		for address, want := range allowed {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.RemoteAddr = "10.0.0.1:1"
			r.Header.Set("X-Forwarded-For", address)
			if got := s.Allow(r) == nil; got != want {
				t.Errorf("%s from %s: %v", entry, address, got)
			}
		}
	}
	for _, entry := range []string{"", "10.0.0.0/33", "10.0.0", "example.com", "intercom:", "intercom"} {
		if _, err := newSources([]string{entry}, nil); err == nil {
			t.Errorf("%q is accepted", entry)
		}
	}
	if s, err := newSources([]string{}, nil); err != nil || len(s.prefixes) != 0 {
		t.Error(err)
	}
	if (Sources{}).Allow(httptest.NewRequest(http.MethodPost, "/", nil)) != nil {
		t.Error("no list allows none")
	}
}
