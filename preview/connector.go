package preview

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/protocol"
)

// endGrace is how long a connector may take to end once its input has.
const endGrace = 3 * time.Second

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
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	drained func()        // reads its output to the end, or waits for who does
	logged  chan struct{} // closed when all of its log was read
	lastLog string        // its last error then, or its last words if they are no log line, as of a panic
}

// start begins a process and asks it for its Spec, as the runtime always does first.
func (c *connector) start() (*process, error) {
	p := &process{connector: c, cmd: exec.Command(c.program), logged: make(chan struct{})}
	p.cmd.Env = c.env
	apart(p.cmd)
	in, inErr := p.cmd.StdinPipe()
	out, outErr := p.cmd.StdoutPipe()
	logs, logErr := p.cmd.StderrPipe()
	if err := errors.Join(inErr, outErr, logErr); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the connector: %w", err)
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 256<<10)
	p.drained = func() { _, _ = io.Copy(io.Discard, p.out) }
	go p.readLog(logs)
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

// send writes a request. It blocks while the connector does not read.
func (p *process) send(req *protocol.Request) error {
	b, err := p.codec.AppendMessage(nil, req)
	if err != nil {
		return err
	}
	_, err = p.in.Write(b)
	return err
}

// receive reads a response, and returns [io.EOF] at the end of the output.
func (p *process) receive() (*protocol.Response, error) {
	resp := new(protocol.Response)
	return resp, p.codec.ReadMessage(p.out, resp)
}

// end closes the process's input and waits until it is gone. The error is why it failed, in its own last words if it
// did; else the given one.
func (p *process) end(err error) error {
	if p.front != nil {
		p.front.target.Store(nil) // what comes now is told to come back
	}
	_ = p.in.Close()
	kill := time.AfterFunc(endGrace, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	p.drained()
	<-p.logged
	exit := p.cmd.Wait()
	switch {
	case exit == nil && errors.Is(err, io.EOF):
		return errors.New("the connector ended")
	case exit == nil:
		return err
	case p.lastLog == "":
		return fmt.Errorf("the connector failed without saying why (%w)", exit)
	}
	return fmt.Errorf("the connector failed (%w): %s", exit, p.lastLog)
}

// readLog passes the process's log on. Lines are JSON objects, or else plain text such as a panic's.
func (p *process) readLog(logs io.Reader) {
	defer close(p.logged)
	lines := bufio.NewReader(logs)
	for {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			p.passOn(line)
		}
		if err != nil {
			return
		}
	}
}

// passOn logs a line of the process.
func (p *process) passOn(line []byte) {
	var fields logrus.Fields
	if json.Unmarshal(line, &fields) != nil {
		p.log.Warn(string(line))
		p.lastLog = string(line)
		return
	}
	message, _ := fields["msg"].(string)
	name, _ := fields["level"].(string)
	level, err := logrus.ParseLevel(name)
	if err != nil {
		level = logrus.WarnLevel
	}
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
	for _, own := range []string{"msg", "level", "time", "eventType"} {
		delete(fields, own)
	}
	p.log.WithFields(fields).Log(max(level, logrus.ErrorLevel), message) // never exits or panics with it
	if level <= logrus.ErrorLevel {
		p.lastLog = message
	}
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
