package protocol

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"
)

// writeGrace is how long a write that has begun may go on when the process ends, so that a runtime that still reads
// receives whole messages. A runtime that reads at all takes a pipe's 64 KiB in milliseconds.
const writeGrace = time.Second

// A Stream holds both ends of the process's conversation with the runtime. A read or write of a pipe can not be
// interrupted, so each end belongs to a goroutine of its own, which the Stream leaves behind when the process ends.
type Stream struct {
	codec    Codec // set before the first request is delivered
	requests chan request
	writes   chan []byte
	written  chan error
	done     chan struct{}
}

// A request is one that was read, or why none was.
type request struct {
	*Request
	err error
}

// newStream starts reading in and writing out. A nil codec is told from the first bytes.
func newStream(in io.Reader, out io.Writer, codec Codec) *Stream {
	s := &Stream{
		codec:    codec,
		requests: make(chan request),
		writes:   make(chan []byte),
		written:  make(chan error, 1),
		done:     make(chan struct{}),
	}
	go s.readLoop(bufio.NewReaderSize(in, 64<<10))
	go s.writeLoop(out)
	return s
}

func (s *Stream) close() { close(s.done) }

// readLoop delivers requests until one can not be read. The last of them carries the error.
func (s *Stream) readLoop(in *bufio.Reader) {
	for {
		next := request{Request: new(Request)}
		if s.codec == nil {
			s.codec, next.err = detectCodec(in)
		}
		if next.err == nil {
			next.err = s.codec.ReadMessage(in, next.Request)
		}
		select {
		case s.requests <- next:
		case <-s.done:
			return
		}
		if next.err != nil {
			return
		}
	}
}

// writeLoop writes what Write hands over, and reports each write.
func (s *Stream) writeLoop(out io.Writer) {
	for {
		select {
		case b := <-s.writes:
			_, err := out.Write(b)
			s.written <- err
		case <-s.done:
			return
		}
	}
}

// Codec returns the codec of this process, for messages that are built before they are given to Write.
func (s *Stream) Codec() Codec { return s.codec }

// receive returns the runtime's next request, [io.EOF] at the end of its input, or ctx's error.
func (s *Stream) receive(ctx context.Context) (*Request, error) {
	select {
	case next := <-s.requests:
		if next.err == nil || next.err == io.EOF {
			return next.Request, next.err
		}
		return nil, fmt.Errorf("reading from the runtime: %w", next.err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Acknowledged waits until the runtime has made checkpoints durable, and returns how many: the oldest that were not
// acknowledged before. The error is [io.EOF] at the end of the session.
func (s *Stream) Acknowledged(ctx context.Context) (uint32, error) {
	req, err := s.receive(ctx)
	if err != nil {
		return 0, err
	}
	if req.Acknowledge == nil {
		return 0, fmt.Errorf("protocol: %s where only an acknowledgement may follow Open", req.member())
	}
	return req.Acknowledge.Checkpoints, nil
}

// Send writes one response.
func (s *Stream) Send(ctx context.Context, resp *Response) error {
	b, err := s.codec.AppendMessage(nil, resp)
	if err != nil {
		return err
	}
	return s.Write(ctx, b)
}

// Write writes framed messages in one call, whole or not at all as far as ctx is concerned: once begun, it is given
// [writeGrace] after ctx ends. One goroutine at a time may write. After an error nothing more may be written.
func (s *Stream) Write(ctx context.Context, b []byte) error {
	select {
	case s.writes <- b:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-s.written:
		return writeError(err)
	case <-ctx.Done():
	}
	select {
	case err := <-s.written:
		return writeError(err)
	case <-time.After(writeGrace):
		return ctx.Err()
	}
}

func writeError(err error) error {
	if err != nil {
		return fmt.Errorf("writing to the runtime: %w", err)
	}
	return nil
}
