package preview

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"source-intercom-ingest/protocol"
)

// endGrace is how long a connector may take to end once its input has.
const endGrace = 3 * time.Second

// A child is a process that speaks one of Flow's protocols, and the conversation with it.
type child struct {
	cmd     *exec.Cmd
	codec   protocol.Codec
	log     *logrus.Logger
	in      io.WriteCloser
	out     *bufio.Reader
	logged  chan struct{} // closed when all of its log was read
	lastLog string        // its last error then, or its last words if they are no log line, as of a panic
}

// newChild makes one that begin starts.
func newChild(codec protocol.Codec, log *logrus.Logger, env []string, program string, args ...string) child {
	c := child{cmd: exec.Command(program, args...), codec: codec, log: log, logged: make(chan struct{})}
	c.cmd.Env = env
	apart(c.cmd)
	return c
}

// begin starts the process. Note is told each line of its log that has fields, to which it may write, and whether it was an
// error; it tells whether the line is passed on.
func (c *child) begin(note func(fields logrus.Fields, level logrus.Level, message string) (pass bool)) error {
	in, inErr := c.cmd.StdinPipe()
	out, outErr := c.cmd.StdoutPipe()
	logs, logErr := c.cmd.StderrPipe()
	if err := errors.Join(inErr, outErr, logErr); err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("starting the connector: %w", err)
	}
	c.in, c.out = in, bufio.NewReaderSize(out, 256<<10)
	go c.readLog(logs, note)
	return nil
}

// send writes a request. It blocks while the connector does not read.
func (c *child) send(request proto.Message) error {
	b, err := c.codec.AppendMessage(nil, request)
	if err != nil {
		return err
	}
	_, err = c.in.Write(b)
	return err
}

// ended closes the process's input and waits until it is gone, while drain reads its output to the end. The error is why it
// failed, in its own last words if it did; else the given one.
func (c *child) ended(err error, drain func()) error {
	_ = c.in.Close()
	kill := time.AfterFunc(endGrace, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	drain()
	<-c.logged
	exit := c.cmd.Wait()
	switch {
	case exit == nil && errors.Is(err, io.EOF):
		return errors.New("the connector ended")
	case exit == nil:
		return err
	case c.lastLog == "":
		return fmt.Errorf("the connector failed without saying why (%w)", exit)
	}
	return fmt.Errorf("the connector failed (%w): %s", exit, c.lastLog)
}

// readLog passes the process's log on. Lines are JSON objects, or else plain text such as a panic's.
func (c *child) readLog(logs io.Reader, note func(logrus.Fields, logrus.Level, string) bool) {
	defer close(c.logged)
	lines := bufio.NewReader(logs)
	for {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			c.passOn(line, note)
		}
		if err != nil {
			return
		}
	}
}

// passOn logs a line of the process.
func (c *child) passOn(line []byte, note func(logrus.Fields, logrus.Level, string) bool) {
	var fields logrus.Fields
	if json.Unmarshal(line, &fields) != nil {
		c.log.Warn(string(line))
		c.lastLog = string(line)
		return
	}
	message, _ := fields["msg"].(string)
	name, _ := fields["level"].(string)
	level, err := logrus.ParseLevel(name)
	if err != nil {
		level = logrus.WarnLevel
	}
	if level <= logrus.ErrorLevel && fields["eventType"] != "delivery" { // whose errors are about one document
		c.lastLog = message
	}
	if !note(fields, level, message) {
		return
	}
	for _, own := range []string{"msg", "level", "time", "eventType"} {
		delete(fields, own)
	}
	c.log.WithFields(fields).Log(max(level, logrus.ErrorLevel), message) // never exits or panics with it
}
