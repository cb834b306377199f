package protocol

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/proto"
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

// NewStream makes a stream. The codec is "proto", "json", or empty to tell it from the first bytes.
func NewStream(in io.Reader, out io.Writer, codec string) (*Stream, error) {
	s := &Stream{in: bufio.NewReaderSize(in, 64<<10), out: out}
	if codec == "" {
		return s, nil
	}
	var err error
	if s.codec, err = CodecByName(codec); err != nil {
		return nil, fmt.Errorf("FLOW_RUNTIME_CODEC: %w, or unset it", err)
	}
	return s, nil
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

// Receive reads the runtime's next message into m. Its error is [io.EOF] at the end of the input.
func (s *Stream) Receive(m proto.Message) error {
	var err error
	if s.codec == nil {
		s.codec, err = detectCodec(s.in)
	}
	if err == nil {
		err = s.codec.ReadMessage(s.in, m)
	}
	if err == nil || err == io.EOF {
		return err
	}
	return fmt.Errorf("reading from the runtime: %w", err)
}

// Send writes one message, unless ctx ends.
func (s *Stream) Send(ctx context.Context, m proto.Message) error {
	b, err := s.codec.AppendMessage(nil, m)
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
