package protocol

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"
)

// WriteGrace is how long a write that has begun may go on when the process ends, so that a runtime that still reads
// receives whole messages. A runtime that reads at all takes a pipe's 64 KiB in milliseconds.
const WriteGrace = time.Second

// A Stream holds both ends of the process's conversation with the runtime. A read or write of a pipe can not be
// interrupted, so that whoever calls one that may block does so by [Interruptible]. One goroutine at a time may read,
// and one may write.
type Stream struct {
	codec Codec // nil until the first bytes tell
	in    *bufio.Reader
	out   io.Writer
}

func newStream(in io.Reader, out io.Writer, codec Codec) *Stream {
	return &Stream{codec: codec, in: bufio.NewReaderSize(in, 64<<10), out: out}
}

// Interruptible returns what f returns. If ctx ends before and f does not return within the grace, it returns ctx's
// error, and leaves f behind for the end of the process.
func Interruptible(ctx context.Context, grace time.Duration, f func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(grace):
		return ctx.Err()
	}
}

// Codec returns the codec of this process, for messages that are built before they are given to Write.
func (s *Stream) Codec() Codec { return s.codec }

// receive returns the runtime's next request, or [io.EOF] at the end of its input.
func (s *Stream) receive() (*Request, error) {
	var err error
	if s.codec == nil {
		s.codec, err = detectCodec(s.in)
	}
	req := new(Request)
	if err == nil {
		err = s.codec.ReadMessage(s.in, req)
	}
	if err == nil || err == io.EOF {
		return req, err
	}
	return nil, fmt.Errorf("reading from the runtime: %w", err)
}

// Acknowledged waits until the runtime has made checkpoints durable, and returns how many: the oldest that were not
// acknowledged before. The error is [io.EOF] at the end of the session.
func (s *Stream) Acknowledged() (uint32, error) {
	if n, ok := s.codec.ReadAcknowledge(s.in); ok {
		return n, nil
	}
	req, err := s.receive()
	if err != nil {
		return 0, err
	}
	if req.Acknowledge == nil {
		return 0, fmt.Errorf("protocol: %s where only an acknowledgement may follow Open", req.member())
	}
	return req.Acknowledge.Checkpoints, nil
}

// Send writes one response, unless ctx ends.
func (s *Stream) Send(ctx context.Context, resp *Response) error {
	b, err := s.codec.AppendMessage(nil, resp)
	if err != nil {
		return err
	}
	return Interruptible(ctx, WriteGrace, func() error { return s.Write(b) })
}

// Write writes framed messages in one call. After an error nothing more may be written.
func (s *Stream) Write(b []byte) error {
	if _, err := s.out.Write(b); err != nil {
		return fmt.Errorf("writing to the runtime: %w", err)
	}
	return nil
}
