package preview

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"golang.org/x/sync/semaphore"

	"source-intercom-ingest/protocol"
)

// maxSequences bounds how many checkpoints one transaction takes along, and how many are read ahead of it. The
// connector of a preview has as many requests in flight as its senders have connections.
const maxSequences = 256

// printGrace is how long the end waits for who reads what is printed.
const printGrace = time.Second

// A session is one run of the connector, from Open to its end.
type session struct {
	task   *task
	store  *store
	output *bufio.Writer // of committed documents; nil for none
}

// run captures until ctx ends, or so many transactions are committed; a negative number is no limit. When it returns,
// the connector's process is gone, and all that was acknowledged is in the store.
func (s *session) run(ctx context.Context, c *connector, transactions int) error {
	state, err := s.store.state(s.task.spec.Name)
	if err != nil {
		return fmt.Errorf("reading the connector's state: %w", err)
	}
	p, err := c.start()
	if err != nil {
		return asRefusal(err)
	}
	opened, err := p.ask(&protocol.Request{Open: &protocol.Request_Open{
		Capture:   s.task.spec,
		Version:   "preview",
		Range:     &protocol.RangeSpec{KeyEnd: 1<<32 - 1, RClockEnd: 1<<32 - 1},
		StateJson: state,
	}})
	if err == nil && opened.Opened == nil {
		err = errors.New("protocol: the connector did not answer Open with Opened")
	}
	if err != nil {
		return asRefusal(p.end(err))
	}
	wanted, stop := context.WithCancel(context.Background())
	defer stop()
	r := &reader{process: p, bindings: s.task.spec.Bindings, room: semaphore.NewWeighted(maxAhead),
		sequences: make(chan sequence, maxSequences), wanted: wanted, ended: make(chan struct{})}
	p.drained = func() { <-r.ended }
	go r.run()
	err = s.commit(ctx, r, opened.Opened.ExplicitAcknowledgements, transactions)
	stop()
	return p.end(err)
}

// A refusedOpen is why the connector did not begin a session: a port that is taken, or what it does not accept of its
// configuration or its environment. None of these change while preview runs.
type refusedOpen struct{ error }

func (r *refusedOpen) Unwrap() error { return r.error }

// asRefusal returns the error of a connector that exited before its session began. One that was killed did not refuse.
func asRefusal(err error) error {
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.Exited() {
		return &refusedOpen{err}
	}
	return err
}

// A reader collects what the connector captures into sequences.
type reader struct {
	*process
	bindings  []*protocol.CaptureSpec_Binding
	sequences chan sequence
	room      *semaphore.Weighted // bytes of documents that are read ahead
	wanted    context.Context     // once it ends, the reader only drains, so that the process can end
	ended     chan struct{}       // closed when the reader is done, for the reason err
	err       error
}

func (r *reader) run() {
	defer close(r.ended)
	r.err = r.read()
}

// read returns why the output ended. Documents without a checkpoint behind them are dropped: nothing promised them.
func (r *reader) read() error {
	var next sequence
	for {
		resp, err := r.receive()
		if err != nil {
			return err
		}
		switch {
		case resp.Captured != nil:
			if int(resp.Captured.Binding) >= len(r.bindings) {
				return fmt.Errorf("protocol: the connector captured into binding %d of %d", resp.Captured.Binding, len(r.bindings))
			}
			if !r.hold(&next, int64(len(resp.Captured.DocJson))) {
				continue
			}
			next.documents = append(next.documents, captured{r.bindings[resp.Captured.Binding].Collection, resp.Captured.DocJson})
		case resp.Checkpoint != nil:
			next.state = resp.Checkpoint.State
			select {
			case r.sequences <- next:
			case <-r.wanted.Done():
			}
			next = sequence{}
		}
	}
}

// maxAhead bounds the bytes of documents that are read before those that came earlier are committed; but one sequence is
// always read whole.
const maxAhead = 64 << 20

// hold waits for room for so many bytes of a sequence, and fails once nobody wants them.
func (r *reader) hold(s *sequence, n int64) bool {
	n = min(n, maxAhead-s.held)
	if r.room.Acquire(r.wanted, n) != nil {
		return false
	}
	s.held += n
	return true
}

// commit makes sequences durable as they come, those that wait together in one transaction, and acknowledges them. It
// returns nil once the session is over as was asked.
func (s *session) commit(ctx context.Context, r *reader, acknowledge bool, transactions int) error {
	for n := 0; n != transactions; n++ {
		var batch []sequence
		select {
		case first := <-r.sequences:
			batch = gather(first, r.sequences)
		case <-r.ended:
			return r.err
		case <-ctx.Done():
			return nil
		}
		r.front.committing(true)
		err := s.store.commit(context.WithoutCancel(ctx), s.task.spec.Name, batch)
		r.front.committing(false)
		if err != nil {
			return fmt.Errorf("committing to the database: %w", err)
		}
		for _, sequence := range batch {
			r.room.Release(sequence.held)
		}
		if acknowledge {
			ack := &protocol.Request{Acknowledge: &protocol.Request_Acknowledge{Checkpoints: uint32(len(batch))}}
			if err := r.send(ack); err != nil {
				return fmt.Errorf("acknowledging: %w", err)
			}
		}
		err = protocol.Interruptible(ctx, printGrace, func() error { return s.print(batch) })
		if err != nil && ctx.Err() != nil {
			return nil // nobody reads them
		} else if err != nil {
			return fmt.Errorf("printing documents: %w", err)
		}
	}
	return nil
}

// gather takes the sequences that wait already.
func gather(first sequence, sequences <-chan sequence) []sequence {
	batch := []sequence{first}
	for len(batch) < maxSequences {
		select {
		case next := <-sequences:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// print writes a line for each document, as flowctl preview does.
func (s *session) print(batch []sequence) error {
	if s.output == nil {
		return nil
	}
	for _, sequence := range batch {
		for _, c := range sequence.documents {
			fmt.Fprintf(s.output, "[%q,", c.collection.Name)
			_, _ = s.output.Write(c.document)
			_, _ = io.WriteString(s.output, "]\n")
		}
	}
	return s.output.Flush() // reports the first error of any of these
}
