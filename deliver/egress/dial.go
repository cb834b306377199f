package egress

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// control looks at each address that is dialled, after its name was resolved.
func (g guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dialling %s: %w", address, err)
	}
	return g.check(at.Addr())
}

// throughProxy looks at the target of a request too: a proxy would hide it from who dials.
type throughProxy struct {
	*http.Transport
	guard guard
}

func (p *throughProxy) RoundTrip(r *http.Request) (*http.Response, error) {
	addresses, err := net.DefaultResolver.LookupNetIP(r.Context(), "ip", r.URL.Hostname())
	for i := 0; err == nil && i < len(addresses); i++ {
		err = p.guard.check(addresses[i])
	}
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	return p.Transport.RoundTrip(r)
}
