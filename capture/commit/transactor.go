// Package commit is the one way out of a capture. Whoever has documents hands their frames and the checkpoint behind them over,
// as one piece, and waits: when Commit returns nil, the runtime has made them durable; after an error they may be, unless
// it came before they were written. Pieces are written whole, one behind the other, in the order in which they were handed over,
// and only here. The bytes of a piece are the transactor's from then on.
//
// What waits holds memory of one [Budget]: whoever hands a piece over reserves its bytes before, and returns them when it has
// its answer. Where it no longer waits, the acknowledgement does.
package commit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"source-intercom-ingest/protocol"
)

// MaxWaiting bounds the requests that wait for their acknowledgement. At 5 s, after which Intercom gives up, they are
// 2,000 requests a second.
const MaxWaiting = 10_000

// MaxWriteBytes is when a write takes no further requests along: past some MiB, system calls are no longer the cost.
const MaxWriteBytes = 1 << 20

var (
	ErrQueueFull = errors.New("too many requests wait to be committed")
	ErrTooSlow   = errors.New("the webhook was not committed in time")
	ErrEnding    = errors.New("the capture is stopping")
)

// A Transactor is the only holder of the protocol stream while webhooks are captured. Each request's documents and
// checkpoint are written contiguously, and those of requests that wait together in one write. The runtime acknowledges
// checkpoints by count, so the requests in flight are a queue: the oldest that were written are the first acknowledged.
type Transactor struct {
	ctx     context.Context // of the session; its end releases all that wait
	stream  *protocol.Session
	budget  *Budget
	waiting atomic.Int64 // requests in queue and sent; neither channel ever blocks, as each has room for all
	arrived atomic.Int64 // requests that were ever let in, and those of them that no longer wait
	gone    atomic.Int64
	since   [MaxWaiting]atomic.Int64 // when they were let in, in nanoseconds since 1970, by arrived
	queue   chan *ticket             // to be written
	sent    chan *ticket             // written or being written, the oldest first
	commits sync.Pool                // of which the requests are answered
}

// A ticket is one request's documents on their way. Its state decides who may touch what.
type ticket struct {
	frames   []byte // Captured messages and their Checkpoint; the writer's once emitted
	state    atomic.Int32
	outcome  chan error  // nil once acknowledged, ErrTooSlow at the deadline; whichever comes first counts
	deadline *time.Timer // sends to outcome
	held     int64       // of the budget, by a request that has left; returned with the acknowledgement

	acknowledged func() // of a piece that nobody waits for; it has neither outcome nor deadline
}

// States of a ticket. The steps are from queued to emitted to acknowledged, and from the first two to left.
const (
	queued       int32 = iota // its request may still leave, as if it had never come
	emitted                   // or being so
	acknowledged              // its request is being told
	left                      // its request does not wait any longer
)

// newTicket makes one whose deadline does not run yet.
func newTicket() any {
	c := &ticket{outcome: make(chan error, 2)}
	c.deadline = time.AfterFunc(time.Hour, func() { c.outcome <- ErrTooSlow })
	c.deadline.Stop()
	return c
}

// unwatched is how long a webhook waits before its sender is watched for leaving. Most are committed sooner.
const unwatched = 20 * time.Millisecond

// halfClosed is how long a sender that has ended its side of the connection may have done no more than that: it is
// written meanwhile, unless the runtime stalls.
const halfClosed = 50 * time.Millisecond

// New makes one whose Emit and Acknowledge must run until ctx ends.
func New(ctx context.Context, stream *protocol.Session, budget *Budget) *Transactor {
	return &Transactor{
		ctx:     ctx,
		stream:  stream,
		budget:  budget,
		queue:   make(chan *ticket, MaxWaiting),
		sent:    make(chan *ticket, MaxWaiting),
		commits: sync.Pool{New: newTicket},
	}
}

// Frames makes what is handed over.
func (t *Transactor) Frames() protocol.Frames { return t.stream.Frames }

// Budget is that of what is in flight.
func (t *Transactor) Budget() *Budget { return t.budget }

// Waiting is how many pieces wait to be written or acknowledged.
func (t *Transactor) Waiting() int64 { return t.waiting.Load() }

// Ending tells that the session is over.
func (t *Transactor) Ending() bool { return t.ctx.Err() != nil }

// A Waiter waits for a commit.
type Waiter interface {
	// Watched returns a context that ends when there is nobody to wait any more, at the latest with the session. What is
	// returned with it must be called when the wait is over.
	Watched() (ctx context.Context, over func())
}

// Commit returns nil once the runtime has made the documents durable. After an error they may still be, unless the
// error came before they were written. The frames must not be touched afterwards.
func (t *Transactor) Commit(who Waiter, frames []byte, within time.Duration, held *Reservation) error {
	if t.waiting.Add(1) > MaxWaiting {
		t.waiting.Add(-1)
		return ErrQueueFull
	}
	t.since[(t.arrived.Add(1)-1)%MaxWaiting].Store(time.Now().UnixNano())
	c := t.commits.Get().(*ticket)
	c.frames, c.held = frames, 0
	c.state.Store(queued)
	soon := min(within, unwatched)
	c.deadline.Reset(soon)
	t.queue <- c
	if err := <-c.outcome; err == nil || soon == within {
		return t.settle(c, err, held)
	}
	c.deadline.Reset(within - soon)
	return t.await(who, c, held)
}

// await waits for a commit that takes longer, while its sender is watched. One that leaves is no longer waited for unless
// its documents are emitted already: then they will be committed, and whoever only ended its side reads the answer.
func (t *Transactor) await(who Waiter, c *ticket, held *Reservation) error {
	ctx, over := who.Watched()
	defer over()
	select {
	case err := <-c.outcome:
		return t.settle(c, err, held)
	case <-ctx.Done():
	}
	select {
	case err := <-c.outcome:
		return t.settle(c, err, held)
	case <-time.After(halfClosed):
	case <-t.ctx.Done():
		return ErrEnding
	}
	if c.state.CompareAndSwap(queued, left) {
		c.frames = nil
		return ctx.Err()
	}
	select {
	case err := <-c.outcome:
		return t.settle(c, err, held)
	case <-t.ctx.Done():
		return ErrEnding
	}
}

// settle ends the wait for a commit with its outcome. The memory of one that is emitted and too slow stays reserved
// until its acknowledgement.
func (t *Transactor) settle(c *ticket, err error, held *Reservation) error {
	if err == nil {
		if c.deadline.Stop() { // else it may still send
			t.commits.Put(c)
		}
		return nil
	}
	if c.state.CompareAndSwap(queued, left) {
		c.frames = nil
		return err
	}
	c.held = held.held
	if c.state.CompareAndSwap(emitted, left) {
		held.leave() // the acknowledgement returns it
		return err
	}
	return nil // acknowledged meanwhile
}

// leave counts a request that no longer waits for the runtime, because it is acknowledged or was never written.
func (t *Transactor) leave() {
	t.since[(t.gone.Add(1)-1)%MaxWaiting].Store(0) // before its place is another's
	t.waiting.Add(-1)
}

// Oldest returns how long the request has waited that was let in first, to within those that left before it.
func (t *Transactor) Oldest(now time.Time) time.Duration {
	if t.waiting.Load() <= 0 {
		return 0
	}
	since := t.since[t.gone.Load()%MaxWaiting].Load()
	if since == 0 { // it is being let in, or has just left
		return 0
	}
	return now.Sub(time.Unix(0, since))
}

// Emit writes what waits, without waiting for more, until the session ends or the stream fails. It can not be
// interrupted while the runtime does not read.
func (t *Transactor) Emit() error {
	var joined []byte
	for t.ctx.Err() == nil {
		var frames []byte
		select {
		case c := <-t.queue:
			runtime.Gosched() // requests that are about to commit come along; if there are none, this costs nothing
			frames, joined = t.gather(c, joined[:0])
		case <-t.ctx.Done():
		}
		if len(frames) == 0 {
			continue
		}
		if err := t.stream.Write(frames); err != nil {
			return err
		}
		if len(joined) == 0 { // else they are in joined, which is used again
			Recycle(frames)
		}
		if cap(joined) > 4*MaxWriteBytes {
			joined = nil
		}
	}
	return t.ctx.Err()
}

// gather takes the first commit and those behind it, and returns their frames in one piece: those of a single commit
// as they are, those of several joined.
func (t *Transactor) gather(first *ticket, joined []byte) (frames, scratch []byte) {
	frames = t.take(first)
	for len(frames) < MaxWriteBytes {
		select {
		case next := <-t.queue:
			more := t.take(next)
			switch {
			case len(frames) == 0:
				frames = more
			case len(more) > 0:
				if len(joined) == 0 {
					joined = append(joined, frames...)
					Recycle(frames)
				}
				joined = append(joined, more...)
				Recycle(more)
				frames = joined
			}
			continue
		default:
		}
		break
	}
	return frames, joined
}

// take moves a commit from those that wait for the writer to those that wait for the runtime, and returns its frames;
// none if the request has left.
func (t *Transactor) take(c *ticket) []byte {
	if !c.state.CompareAndSwap(queued, emitted) {
		t.leave()
		return nil
	}
	frames := c.frames
	c.frames = nil // what is written needs no memory while it waits
	t.sent <- c
	return frames
}

// Acknowledge releases the requests whose checkpoints the runtime acknowledges, until the session ends. It can not be
// interrupted while the runtime says nothing.
func (t *Transactor) Acknowledge() error {
	for {
		n, err := t.stream.Acknowledged()
		if err != nil {
			return err
		}
		if sent := len(t.sent); int64(n) > int64(sent) { // then none of them can be trusted
			return fmt.Errorf("protocol: the runtime acknowledged %d checkpoints when only %d were sent", n, sent)
		}
		for range n {
			c := <-t.sent
			t.leave()
			if c.acknowledged != nil {
				c.acknowledged()
				continue
			}
			if c.state.CompareAndSwap(emitted, acknowledged) {
				c.outcome <- nil // and from here on it is its request's
			} else {
				t.budget.held.Add(-c.held)
			}
		}
	}
}
