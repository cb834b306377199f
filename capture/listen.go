package capture

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
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

// listen binds the port that webhooks come to.
func listen() (net.Listener, error) {
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

// A limited listener accepts a connection, one of ours, only while there are fewer than its limit.
type limited struct {
	net.Listener
	free chan struct{}
}

// limit lets a server have so many connections at a time.
func limit(l net.Listener, server *http.Server, connections int) net.Listener {
	free := make(chan struct{}, connections)
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			<-free
		}
	}
	return limited{l, free}
}

// Accept waits until there is room and a connection.
func (l limited) Accept() (net.Conn, error) {
	l.free <- struct{}{}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return newConnection(conn), nil
}
