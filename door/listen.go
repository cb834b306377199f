package door

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/sirupsen/logrus"
)

// What the environment says of where to listen. Metrics on port 0 are not served.
const (
	// HostVariable names one address of this machine to listen on, for webhooks and metrics. Without it, all are: the
	// runtime's proxy comes from another machine.
	HostVariable        = "SOURCE_HTTP_INGEST_HOST"
	MetricsPortVariable = "SOURCE_HTTP_INGEST_METRICS_PORT"
	DefaultMetricsPort  = 9090 // the private one
)

// PortFrom returns the port that a variable of the environment names.
func PortFrom(variable string, otherwise uint16) (uint16, error) {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%s is %q; set it to a port number, or unset it for %d", variable, text, otherwise)
	}
	return uint16(port), nil
}

// ListenOn binds a port, for IPv4 and IPv6 where the machine has both.
func ListenOn(port uint16) (net.Listener, error) {
	host := os.Getenv(HostVariable)
	if host != "" && net.ParseIP(host) == nil {
		return nil, fmt.Errorf("%s is %q; set it to an IP address of this machine such as 127.0.0.1, or unset it for all", HostVariable, host)
	}
	return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
}

// ListenMetrics binds the port of the metrics; nil if there is to be none. A capture is worth more than its metrics: a
// port that is taken is replaced by any that is free, and a warning.
func ListenMetrics(log *logrus.Logger) (net.Listener, error) {
	port, err := PortFrom(MetricsPortVariable, DefaultMetricsPort)
	if err != nil || port == 0 {
		return nil, err
	}
	listener, err := ListenOn(port)
	if err == nil {
		return listener, nil
	}
	if listener, freeErr := ListenOn(0); freeErr == nil {
		log.Warnf("metrics can not be served on port %d (%v), but on %v; choose another with %s", port, err, listener.Addr(), MetricsPortVariable)
		return listener, nil
	}
	log.Warnf("metrics can not be served: %v", err)
	return nil, nil
}
