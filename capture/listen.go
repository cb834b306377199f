package capture

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
)

// PortVariable overrides [DefaultPort] from the environment; 0 lets the system choose.
const (
	PortVariable = "SOURCE_HTTP_INGEST_PORT"
	DefaultPort  = 8080 // the port that the image exposes
)

// listen binds the port that webhooks come to.
func listen() (net.Listener, error) {
	port := DefaultPort
	if text := os.Getenv(PortVariable); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%s is %q; set it to a port number, or unset it for %d", PortVariable, text, DefaultPort)
		}
		port = int(n)
	}
	listener, err := net.Listen("tcp4", net.JoinHostPort("0.0.0.0", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listening for webhooks: %w", err)
	}
	return listener, nil
}

// A limited listener accepts a connection only while there are fewer than its limit. Its connections are those of the
// system, whose ends net/http can close one at a time.
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
	}
	return conn, err
}
