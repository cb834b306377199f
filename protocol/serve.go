package protocol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
)

// Version is the only version of the protocol that the runtime accepts in a Spec response.
const Version = 3032023

// A Connector answers the runtime's requests. Errors are shown to the user as they are.
type Connector struct {
	Spec     func(*Request_Spec) (*Response_Spec, error)
	Discover func(*Request_Discover) (*Response_Discovered, error)
	Validate func(*Request_Validate) (*Response_Validated, error)
	Apply    func(*Request_Apply) (*Response_Applied, error)
	// Pull sends Opened and then captures until ctx ends or the runtime ends the session, which are no errors.
	Pull func(context.Context, *Request_Open, *Stream) error
}

// Main serves the process's standard streams and returns its exit code. The end of standard input, SIGTERM and SIGINT
// are clean ends. Before a failing exit, the last line on standard error is the error that the user will see.
func Main(log *logrus.Logger, c Connector) int {
	widen(os.Stdout)
	signal.Ignore(syscall.SIGPIPE) // a lost stdout is an error like others, not a silent death
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := Serve(ctx, c, pollable(os.Stdin), os.Stdout, os.Getenv("FLOW_RUNTIME_CODEC")); err != nil {
		log.Error(err)
		return 1
	}
	return 0
}

// pollable returns a pipe whose reads wait in Go's poller. A read that waits in the system instead holds a processor,
// which other goroutines then lack until the scheduler takes it away.
func pollable(in *os.File) *os.File {
	info, err := in.Stat()
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 || syscall.SetNonblock(int(in.Fd()), true) != nil {
		return in
	}
	return os.NewFile(in.Fd(), in.Name())
}

// Serve answers requests until the input or ctx ends, or until a session that Open began is over. The codec is
// "proto", "json", or empty to tell it from the first bytes.
func Serve(ctx context.Context, c Connector, in io.Reader, out io.Writer, codec string) error {
	var chosen Codec
	if codec != "" {
		var err error
		if chosen, err = CodecByName(codec); err != nil {
			return fmt.Errorf("FLOW_RUNTIME_CODEC: %w, or unset it", err)
		}
	}
	s := newStream(in, out, chosen)
	for {
		var req *Request
		err := Interruptible(ctx, 0, func() (err error) { req, err = s.receive(); return err })
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		if req.Open != nil && req.member() == "open" {
			return c.Pull(ctx, req.Open, s)
		}
		resp, err := c.answer(req)
		if err != nil {
			return err
		}
		if err := s.Send(ctx, resp); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// answer calls the function for a request that has one response.
func (c Connector) answer(req *Request) (*Response, error) {
	resp := new(Response)
	var err error
	switch member := req.member(); member {
	case "spec":
		resp.Spec, err = c.Spec(req.Spec)
	case "discover":
		resp.Discovered, err = c.Discover(req.Discover)
	case "validate":
		resp.Validated, err = c.Validate(req.Validate)
	case "apply":
		resp.Applied, err = c.Apply(req.Apply)
	default:
		err = fmt.Errorf("protocol: %s where spec, discover, validate, apply or open is expected", member)
	}
	return resp, err
}

// member names the one member that is set, or says why there is no such one.
func (r *Request) member() string {
	name := "a request without a known member"
	m, fields, set := r.ProtoReflect(), r.ProtoReflect().Descriptor().Fields(), 0
	for i := range fields.Len() {
		if m.Has(fields.Get(i)) {
			name = string(fields.Get(i).Name())
			set++
		}
	}
	if set > 1 {
		return "a request with several members"
	}
	return name
}
