package protocol

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
)

// A Connector answers the runtime's requests to a capture. Errors are shown to the user as they are.
type Connector struct {
	Spec     func(*Request_Spec) (*Response_Spec, error)
	Discover func(*Request_Discover) (*Response_Discovered, error)
	Validate func(*Request_Validate) (*Response_Validated, error)
	Apply    func(*Request_Apply) (*Response_Applied, error)
	// Pull sends Opened and then captures until ctx ends or the runtime ends the session, which are no errors.
	Pull func(context.Context, *Request_Open, *Session) error
}

// Serve answers requests until the input or ctx ends, or until a session that Open began is over.
func (c Connector) Serve(ctx context.Context, s *Stream) error {
	return Answer(ctx, s, func() *Request { return new(Request) }, func(req *Request) (proto.Message, func() error, error) {
		if req.Open != nil && Member(req) == "open" {
			return nil, func() error { return c.Pull(ctx, req.Open, &Session{Stream: s, Frames: FramesOf(s.codec)}) }, nil
		}
		reply, err := c.answer(req)
		return reply, nil, err
	})
}

// answer calls the function for a request that has one response.
func (c Connector) answer(req *Request) (*Response, error) {
	resp := new(Response)
	var err error
	switch member := Member(req); member {
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

// A Session is the stream of a capture from Open on.
type Session struct {
	*Stream
	Frames // in the stream's codec, for messages that are built before they are given to Write
}

// Acknowledged waits until the runtime has made checkpoints durable, and returns how many: the oldest that were not
// acknowledged before. The error is [io.EOF] at the end of the session.
func (s *Session) Acknowledged() (uint32, error) {
	if n, ok := s.readAcknowledge(s.in); ok {
		return n, nil
	}
	req := new(Request)
	if err := s.Receive(req); err != nil {
		return 0, err
	}
	if req.Acknowledge == nil {
		return 0, fmt.Errorf("protocol: %s where only an acknowledgement may follow Open", Member(req))
	}
	return req.Acknowledge.Checkpoints, nil
}
