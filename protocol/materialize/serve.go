// Package materialize is the materialization protocol over the wire of package protocol: its messages, which are generated from
// the .proto file beside this one, and the loop over a session's transactions.
package materialize

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"source-intercom-ingest/protocol"
)

// A Connector answers the runtime's requests to a materialization. Errors are shown to the user as they are.
type Connector struct {
	Spec     func(*Request_Spec) (*Response_Spec, error)
	Validate func(*Request_Validate) (*Response_Validated, error)
	Apply    func(*Request_Apply) (*Response_Applied, error)
	// Open begins a session, and returns what takes its documents and what ends it.
	Open func(context.Context, *Request_Open) (Transactions, error)
}

// Transactions take the documents of a session.
type Transactions struct {
	// Store takes a document of a binding. It may wait for room. The message is its own.
	Store func(context.Context, *Request_Store) error
	// Commit returns once all documents that were stored are settled, with a merge patch of the state; none for nothing.
	Commit func(context.Context) (patch []byte, err error)
	// Close ends what the session began.
	Close func()
}

// Serve answers requests until the input or ctx ends, or until a session that Open began is over.
func (c Connector) Serve(ctx context.Context, s *protocol.Stream) error {
	return protocol.Answer(ctx, s, func() *Request { return new(Request) }, func(req *Request) (proto.Message, func() error, error) {
		if req.Open != nil && protocol.Member(req) == "open" {
			return nil, func() error { return c.session(ctx, s, req.Open) }, nil
		}
		reply, err := c.answer(req)
		return reply, nil, err
	})
}

// answer calls the function for a request that has one response.
func (c Connector) answer(req *Request) (*Response, error) {
	resp := new(Response)
	var err error
	switch member := protocol.Member(req); member {
	case "spec":
		resp.Spec, err = c.Spec(req.Spec)
	case "validate":
		resp.Validated, err = c.Validate(req.Validate)
	case "apply":
		resp.Applied, err = c.Apply(req.Apply)
	default:
		err = fmt.Errorf("protocol: %s where spec, validate, apply or open is expected", member)
	}
	return resp, err
}

// session runs from Open to the end of the input between transactions, or of ctx, which are no errors.
func (c Connector) session(ctx context.Context, s *protocol.Stream, open *Request_Open) error {
	t, err := c.Open(ctx, open)
	if err == nil {
		defer t.Close()
		err = s.Send(ctx, &Response{Opened: &Response_Opened{}})
	}
	if err == nil {
		err = (&loop{Stream: s, transactions: t}).run(ctx)
	}
	if errors.Is(err, errOver) || ctx.Err() != nil {
		return nil
	}
	return err
}

// errOver is the end of the input where a session may end.
var errOver = errors.New("the session is over")

// A loop is a session's stream and what its documents go to.
type loop struct {
	*protocol.Stream
	transactions Transactions
	reading      atomic.Bool
}

// run takes one transaction after the other until ctx ends. A read goes on behind its back then, since there is one for each
// document, too many to make each interruptible; what else it does is waited for, as long as a write may take.
func (l *loop) run(ctx context.Context) error {
	over := make(chan error, 1)
	go func() {
		for {
			if err := l.transaction(ctx); err != nil {
				over <- err
				return
			}
		}
	}()
	select {
	case err := <-over:
		return err
	case <-ctx.Done():
	}
	if !l.reading.Load() {
		select {
		case <-over:
		case <-time.After(protocol.WriteGrace):
		}
	}
	return ctx.Err()
}

// transaction acknowledges the one before, which the runtime does also before the first, and then takes one: Load, Flush, Store
// and StartCommit.
func (l *loop) transaction(ctx context.Context) error {
	if _, err := l.next(true, "acknowledge"); err != nil {
		return err
	}
	if err := l.Send(ctx, &Response{Acknowledged: &Response_Acknowledged{}}); err != nil {
		return err
	}
	for {
		req, err := l.next(true, "load", "flush")
		if err != nil {
			return err
		}
		if req.Flush != nil {
			break
		}
	}
	if err := l.Send(ctx, &Response{Flushed: &Response_Flushed{}}); err != nil {
		return err
	}
	for {
		req, err := l.next(false, "store", "start_commit")
		if err != nil {
			return err
		}
		if req.StartCommit != nil {
			break
		}
		if err := l.transactions.Store(ctx, req.Store); err != nil {
			return err
		}
	}
	patch, err := l.transactions.Commit(ctx)
	if err != nil {
		return err
	}
	started := &Response_StartedCommit{}
	if patch != nil {
		started.State = &protocol.ConnectorState{UpdatedJson: patch, MergePatch: true}
	}
	return l.Send(ctx, &Response{StartedCommit: started})
}

// next is the next request, which must be one of these. The input may end where a session may.
func (l *loop) next(mayEnd bool, members ...string) (*Request, error) {
	req := new(Request)
	l.reading.Store(true)
	err := l.Receive(req)
	l.reading.Store(false)
	if errors.Is(err, io.EOF) {
		if mayEnd {
			return nil, errOver
		}
		return nil, errors.New("protocol: the input ended within a transaction, of which nothing is committed")
	} else if err != nil {
		return nil, err
	}
	got := protocol.Member(req)
	for _, member := range members {
		if got == member {
			return req, nil
		}
	}
	return nil, fmt.Errorf("protocol: %s where %s is expected", got, either(members))
}

func either(members []string) string {
	text := members[0]
	for _, member := range members[1:] {
		text += " or " + member
	}
	return text
}
