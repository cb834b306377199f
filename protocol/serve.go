package protocol

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"
)

// Version is the only version of its protocols that the runtime accepts in a Spec response.
const Version = 3032023

// Main serves the process's standard streams and returns its exit code. The end of standard input, SIGTERM and SIGINT
// are clean ends. Before a failing exit, the last line on standard error is the error that the user will see.
func Main(log *logrus.Logger, serve func(context.Context, *Stream) error) int {
	widen(os.Stdout)
	signal.Ignore(syscall.SIGPIPE) // a lost stdout is an error like others, not a silent death
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	s, err := NewStream(pollable(os.Stdin), os.Stdout, os.Getenv("FLOW_RUNTIME_CODEC"))
	if err == nil {
		err = serve(ctx, s)
	}
	if err != nil {
		log.Error(err)
		return 1
	}
	return 0
}

// Answer sends the reply to each request, one after the other, until the input or ctx ends. A request that begins a
// session has no reply: the stream is the session's from then on, and what it returns is returned.
func Answer[Q proto.Message](ctx context.Context, s *Stream, newRequest func() Q, answer func(Q) (reply proto.Message, session func() error, err error)) error {
	for {
		req := newRequest()
		err := Interruptible(ctx, 0, func() error { return s.Receive(req) })
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		reply, session, err := answer(req)
		if err != nil {
			return err
		}
		if session != nil {
			return session()
		}
		if err := s.Send(ctx, reply); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// Member names the one member of a request that is set, or says why there is no such one.
func Member(request proto.Message) string {
	name := "a request without a known member"
	m, set := request.ProtoReflect(), 0
	fields := m.Descriptor().Fields()
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
