package webhook

import (
	"fmt"
	"net"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/door"
)

// Where the environment says to listen for webhooks. On port 0 they come to any that is free.
const (
	PortVariable = "SOURCE_HTTP_INGEST_PORT"
	DefaultPort  = 8080 // the public port that the image exposes
)

// Listen binds the port that webhooks come to.
func Listen() (net.Listener, error) {
	port, err := door.PortFrom(PortVariable, DefaultPort)
	if err != nil {
		return nil, err
	}
	listener, err := door.ListenOn(port)
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
