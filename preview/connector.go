package preview

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/protocol"
)

// A connector starts processes of a capture connector: this program.
type connector struct {
	program string
	env     []string
	codec   protocol.Codec
	log     *logrus.Logger
	front   *front                        // that stands before it; nil for none
	metrics func(address string)          // told where they are; nil for nobody
	broken  func(resource, reason string) // told of resources that can not be polled, or can again; nil for nobody
	greet   func(address string)          // told when webhooks are taken
}

// A process is one run of a connector, and the conversation with it.
type process struct {
	*connector
	child
	drained func() // reads its output to the end, or waits for who does
}

// start begins a process and asks it for its Spec, as the runtime always does first.
func (c *connector) start() (*process, error) {
	p := &process{connector: c, child: newChild(c.codec, c.log, c.env, c.program)}
	p.drained = func() { _, _ = io.Copy(io.Discard, p.out) }
	if err := p.begin(p.note); err != nil {
		return nil, err
	}
	resp, err := p.ask(&protocol.Request{Spec: &protocol.Request_Spec{
		ConnectorType: protocol.CaptureSpec_LOCAL, ConfigJson: []byte("{}")}})
	if err == nil && resp.GetSpec().GetProtocol() != protocol.Version {
		err = fmt.Errorf("the connector speaks version %d of the protocol, not %d", resp.GetSpec().GetProtocol(), protocol.Version)
	}
	if err != nil {
		return nil, p.end(err)
	}
	return p, nil
}

// call asks one question of a process of its own.
func (c *connector) call(ctx context.Context, req *protocol.Request) (*protocol.Response, error) {
	p, err := c.start()
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stop()
	resp, err := p.ask(req)
	return resp, p.end(err)
}

// ask is for requests that have exactly one response: all but Acknowledge.
func (p *process) ask(req *protocol.Request) (*protocol.Response, error) {
	if err := p.send(req); err != nil {
		return nil, err
	}
	return p.receive()
}

// receive reads a response, and returns [io.EOF] at the end of the output.
func (p *process) receive() (*protocol.Response, error) {
	resp := new(protocol.Response)
	return resp, p.child.codec.ReadMessage(p.out, resp)
}

// end closes the process's input and waits until it is gone, as [child.ended] has it.
func (p *process) end(err error) error {
	if p.front != nil {
		p.front.target.Store(nil) // what comes now is told to come back
	}
	return p.ended(err, p.drained)
}

// note learns from a line of the process's log where it listens, and which resources it can not poll.
func (p *process) note(fields logrus.Fields, level logrus.Level, message string) bool {
	if address, ok := fields["address"].(string); ok && fields["eventType"] == "connectorStatus" {
		fields["address"] = p.listening(address, fields["metricsAddress"])
	}
	if resource, ok := fields["resource"].(string); ok && p.broken != nil {
		switch {
		case level == logrus.WarnLevel:
			p.broken(resource, message)
		case strings.HasSuffix(message, "is polled again"):
			p.broken(resource, "")
		}
	}
	return true
}

// listening notes where the process listens, and returns where webhooks are to be sent.
func (p *process) listening(address string, metrics any) string {
	if p.front != nil {
		_, port, _ := net.SplitHostPort(address)
		target := net.JoinHostPort("127.0.0.1", port)
		p.front.target.Store(&target)
		address = p.front.address()
	}
	if at, ok := metrics.(string); ok && p.metrics != nil {
		p.metrics(at)
	}
	p.greet(address)
	return address
}

// environ returns the environment of processes: this one's, and these variables.
func environ(variables map[string]string) []string {
	env := os.Environ()
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	return env
}
