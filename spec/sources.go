package spec

import (
	"errors"
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

// Allow returns why a request is refused: it comes from an address that may not send, or does not show which.
func (s Sources) Allow(r *http.Request) error {
	if len(s.prefixes) == 0 {
		return nil
	}
	client, err := s.Client(r)
	if err == nil && !slices.ContainsFunc(s.prefixes, func(p netip.Prefix) bool { return p.Contains(client) }) {
		err = fmt.Errorf("webhooks are not accepted from the address %v", client)
	}
	return err
}

// Client returns the address of the sender: the connection's, or where that is a proxy's, what the outermost of the
// trusted proxies has appended to X-Forwarded-For. Where that is missing or no address, the sender is unknown: it came
// past a proxy that is trusted, or wrote the header itself.
func (s Sources) Client(r *http.Request) (netip.Addr, error) {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, errors.New("the address of the connection is not known")
	}
	peer := remote.Addr().Unmap().WithZone("")
	if s.proxies == 0 || !peer.IsPrivate() && !peer.IsLoopback() {
		return peer, nil
	}
	var hops []string
	for _, line := range r.Header.Values("X-Forwarded-For") {
		hops = append(hops, strings.Split(line, ",")...)
	}
	if len(hops) < s.proxies {
		return netip.Addr{}, fmt.Errorf("X-Forwarded-For has %d of the %d addresses that trustedProxies expects from %v", len(hops), s.proxies, peer)
	}
	client, err := parseHop(strings.TrimSpace(hops[len(hops)-s.proxies]))
	if err != nil {
		return netip.Addr{}, fmt.Errorf("X-Forwarded-For has no address where trustedProxies %d expects the sender's", s.proxies)
	}
	return client, nil
}

// parseHop reads an address that a proxy has written, which may have a port or be in brackets.
func parseHop(hop string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(hop)
	if withPort, portErr := netip.ParseAddrPort(hop); portErr == nil {
		addr, err = withPort.Addr(), nil
	} else if inner, ok := strings.CutPrefix(hop, "["); err != nil && ok && strings.HasSuffix(inner, "]") {
		addr, err = netip.ParseAddr(strings.TrimSuffix(inner, "]"))
	}
	return addr.Unmap().WithZone(""), err
}
