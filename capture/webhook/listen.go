package webhook

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/door"
)

// What the environment says of where to listen. Webhooks on port 0 come to any that is free; metrics on port 0 are not
// served.
const (
	// HostVariable names one address of this machine to listen on, for webhooks and metrics. Without it, all are: the
	// runtime's proxy comes from another machine.
	HostVariable        = "SOURCE_HTTP_INGEST_HOST"
	PortVariable        = "SOURCE_HTTP_INGEST_PORT"
	DefaultPort         = 8080 // the public port that the image exposes
	MetricsPortVariable = "SOURCE_HTTP_INGEST_METRICS_PORT"
	DefaultMetricsPort  = 9090 // the private one
)

// portFrom returns the port that a variable of the environment names.
func portFrom(variable string, otherwise uint16) (uint16, error) {
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

// listenOn binds a port, for IPv4 and IPv6 where the machine has both.
func listenOn(port uint16) (net.Listener, error) {
	host := os.Getenv(HostVariable)
	if host != "" && net.ParseIP(host) == nil {
		return nil, fmt.Errorf("%s is %q; set it to an IP address of this machine such as 127.0.0.1, or unset it for all", HostVariable, host)
	}
	return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
}

// Listen binds the port that webhooks come to.
func Listen() (net.Listener, error) {
	port, err := portFrom(PortVariable, DefaultPort)
	if err != nil {
		return nil, err
	}
	listener, err := listenOn(port)
	if err != nil {
		return nil, fmt.Errorf("listening for webhooks: %w", err)
	}
	return listener, nil
}

// maxConnections are enough for a full queue and for as many again that come or stall.
const maxConnections = 2 * commit.MaxWaiting

// connectionBytes is what a connection holds when nothing comes: its goroutine's stack, net/http's buffers, and the least
// buffer for a body.
const connectionBytes = 24 << 10

// otherDescriptors are for what are no senders' connections: the streams, the listeners, the metrics' port, and files.
const otherDescriptors = 64

// connections returns how many a process may have: as many as the budget's bytes allow for beside it, and descriptors.
func connections(b *commit.Budget) int {
	return max(1, int(min(maxConnections, b.Total()/connectionBytes, int64(door.Descriptors()-otherDescriptors))))
}

// An entrance is where connections of ours come in.
type entrance struct {
	*door.Door
	budget *commit.Budget
}

// Accept waits until there is room and a connection.
func (e entrance) Accept() (net.Conn, error) {
	v, err := e.Admit()
	if err != nil {
		return nil, err
	}
	return newConnection(v, e.budget), nil
}
