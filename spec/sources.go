package spec

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"source-intercom-ingest/intercom"
)

// Sources are the addresses that may send webhooks; none at all stands for any.
type Sources struct {
	prefixes []netip.Prefix
	proxies  int
}

// maxProxies bounds how far back X-Forwarded-For is believed.
const maxProxies = 16

// newSources reads a list of entries. Flow puts one proxy in front of a connector, which is the default.
func newSources(entries []string, trustedProxies *int) (Sources, error) {
	s := Sources{proxies: 1}
	if trustedProxies != nil {
		s.proxies = *trustedProxies
	}
	if s.proxies < 0 || s.proxies > maxProxies {
		return s, fmt.Errorf("trustedProxies is %d; write 0 to %d", s.proxies, maxProxies)
	}
	for i, entry := range entries {
		prefixes, err := parseSource(strings.TrimSpace(entry))
		if err != nil {
			return s, fmt.Errorf("allowedSources[%d] %q %w", i, entry, err)
		}
		s.prefixes = append(s.prefixes, prefixes...)
	}
	return s, nil
}

// parseSource reads an address, a block or the name of a list.
func parseSource(entry string) ([]netip.Prefix, error) {
	if region, ok := strings.CutPrefix(entry, "intercom:"); ok {
		var prefixes []netip.Prefix
		for _, addr := range intercom.Addresses(region) {
			prefixes = append(prefixes, netip.PrefixFrom(addr, addr.BitLen()))
		}
		if len(prefixes) == 0 {
			return nil, fmt.Errorf("is no region; choose one of intercom:%s", strings.Join(intercom.Regions, ", intercom:"))
		}
		return prefixes, nil
	}
	if addr, err := netip.ParseAddr(entry); err == nil {
		addr = addr.Unmap().WithZone("")
		return []netip.Prefix{netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	prefix, err := netip.ParsePrefix(entry)
	if err != nil {
		return nil, fmt.Errorf("is neither an address nor a block; write one such as 203.0.113.7, 203.0.113.0/24 or intercom:eu")
	}
	const mapped = 96 // bits before the IPv4 address in an IPv4-mapped one
	if addr := prefix.Addr(); addr.Is4In6() && prefix.Bits() >= mapped {
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-mapped)
	}
	return []netip.Prefix{prefix.Masked()}, nil
}

// Allow returns whether a request comes from an address that may send, and that address.
func (s Sources) Allow(r *http.Request) (netip.Addr, bool) {
	if len(s.prefixes) == 0 {
		return netip.Addr{}, true
	}
	client := s.client(r)
	return client, slices.ContainsFunc(s.prefixes, func(p netip.Prefix) bool { return p.Contains(client) })
}

// client returns the address of the sender: the connection's, or where that is a proxy's, what the outermost of the
// trusted proxies has appended to X-Forwarded-For. An address that can not be read is the zero one, which no list has.
func (s Sources) client(r *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	peer := remote.Addr().Unmap().WithZone("")
	forwarded := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	if s.proxies == 0 || strings.TrimSpace(forwarded) == "" || !peer.IsPrivate() && !peer.IsLoopback() {
		return peer
	}
	hops := strings.Split(forwarded, ",")
	hop := strings.TrimSpace(hops[max(0, len(hops)-s.proxies)])
	addr, err := netip.ParseAddr(hop)
	if withPort, portErr := netip.ParseAddrPort(hop); err != nil && portErr == nil {
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone("")
}
