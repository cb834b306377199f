package capture

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

// maxWaiting bounds the requests that wait for their acknowledgement. At 5 s, after which Intercom gives up, they are
// 2,000 requests a second.
const maxWaiting = 10_000

// maxWriteBytes is when a write takes no further requests along: past some MiB, system calls are no longer the cost.
const maxWriteBytes = 1 << 20

var (
	errQueueFull = errors.New("too many requests wait to be committed")
	errTooSlow   = errors.New("the webhook was not committed in time")
	errEnding    = errors.New("the capture is stopping")
)

// A transactor is the only holder of the protocol stream while webhooks are captured. Each request's documents and
// checkpoint are written contiguously, and those of requests that wait together in one write. The runtime acknowledges
// checkpoints by count, so the requests in flight are a queue: the oldest that were written are the first acknowledged.
type transactor struct {
	ctx     context.Context // of the session; its end releases all that wait
	stream  *protocol.Session
	budget  *budget
	waiting atomic.Int64 // requests in queue and sent; neither channel ever blocks, as each has room for all
	arrived atomic.Int64 // requests that were ever let in, and those of them that no longer wait
	gone    atomic.Int64
	since   [maxWaiting]atomic.Int64 // when they were let in, in nanoseconds since 1970, by arrived
	queue   chan *commit             // to be written
	sent    chan *commit             // written or being written, the oldest first
	commits sync.Pool                // of which the requests are answered
}

// A commit is one request's documents on their way. Its state decides who may touch what.
type commit struct {
	frames   []byte // Captured messages and their Checkpoint; the writer's once emitted
	state    atomic.Int32
	outcome  chan error  // nil once acknowledged, errTooSlow at the deadline; whichever comes first counts
	deadline *time.Timer // sends to outcome
	held     int64       // of the budget, by a request that has left; returned with the acknowledgement
}

// States of a commit. The steps are from queued to emitted to acknowledged, and from the first two to left.
const (
	queued       int32 = iota // its request may still leave, as if it had never come
	emitted                   // or being so
	acknowledged              // its request is being told
	left                      // its request does not wait any longer
)

// newCommit makes one whose deadline does not run yet.
func newCommit() any {
	c := &commit{outcome: make(chan error, 2)}
	c.deadline = time.AfterFunc(time.Hour, func() { c.outcome <- errTooSlow })
	c.deadline.Stop()
	return c
}

// unwatched is how long a webhook waits before its sender is watched for leaving. Most are committed sooner.
const unwatched = 20 * time.Millisecond

// halfClosed is how long a sender that has ended its side of the connection may have done no more than that: it is
// written meanwhile, unless the runtime stalls.
const halfClosed = 50 * time.Millisecond

// newTransactor makes one whose emit and acknowledge must run until ctx ends.
func newTransactor(ctx context.Context, stream *protocol.Session, budget *budget) *transactor {
	return &transactor{
		ctx:     ctx,
		stream:  stream,
		budget:  budget,
		queue:   make(chan *commit, maxWaiting),
		sent:    make(chan *commit, maxWaiting),
		commits: sync.Pool{New: newCommit},
	}
}

// A waiter waits for a commit.
type waiter interface {
	// watched returns a context that ends when there is nobody to wait any more, at the latest with the session. What is
	// returned with it must be called when the wait is over.
	watched() (ctx context.Context, over func())
}

// commit returns nil once the runtime has made the documents durable. After an error they may still be, unless the
// error came before they were written. The frames must not be touched afterwards.
func (t *transactor) commit(who waiter, frames []byte, within time.Duration, held *reservation) error {
	if t.waiting.Add(1) > maxWaiting {
		t.waiting.Add(-1)
		return errQueueFull
	}
	t.since[(t.arrived.Add(1)-1)%maxWaiting].Store(time.Now().UnixNano())
	c := t.commits.Get().(*commit)
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
func (t *transactor) await(who waiter, c *commit, held *reservation) error {
	ctx, over := who.watched()
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
		return errEnding
	}
	if c.state.CompareAndSwap(queued, left) {
		c.frames = nil
		return ctx.Err()
	}
	select {
	case err := <-c.outcome:
		return t.settle(c, err, held)
	case <-t.ctx.Done():
		return errEnding
	}
}

// settle ends the wait for a commit with its outcome. The memory of one that is emitted and too slow stays reserved
// until its acknowledgement.
func (t *transactor) settle(c *commit, err error, held *reservation) error {
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
func (t *transactor) leave() {
	t.since[(t.gone.Add(1)-1)%maxWaiting].Store(0) // before its place is another's
	t.waiting.Add(-1)
}

// oldest returns how long the request has waited that was let in first, to within those that left before it.
func (t *transactor) oldest(now time.Time) time.Duration {
	if t.waiting.Load() <= 0 {
		return 0
	}
	since := t.since[t.gone.Load()%maxWaiting].Load()
	if since == 0 { // it is being let in, or has just left
		return 0
	}
	return now.Sub(time.Unix(0, since))
}

// emit writes what waits, without waiting for more, until the session ends or the stream fails. It can not be
// interrupted while the runtime does not read.
func (t *transactor) emit() error {
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
			recycle(frames)
		}
		if cap(joined) > 4*maxWriteBytes {
			joined = nil
		}
	}
	return t.ctx.Err()
}

// gather takes the first commit and those behind it, and returns their frames in one piece: those of a single commit
// as they are, those of several joined.
func (t *transactor) gather(first *commit, joined []byte) (frames, scratch []byte) {
	frames = t.take(first)
	for len(frames) < maxWriteBytes {
		select {
		case next := <-t.queue:
			more := t.take(next)
			switch {
			case len(frames) == 0:
				frames = more
			case len(more) > 0:
				if len(joined) == 0 {
					joined = append(joined, frames...)
					recycle(frames)
				}
				joined = append(joined, more...)
				recycle(more)
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
func (t *transactor) take(c *commit) []byte {
	if !c.state.CompareAndSwap(queued, emitted) {
		t.leave()
		return nil
	}
	frames := c.frames
	c.frames = nil // what is written needs no memory while it waits
	t.sent <- c
	return frames
}

// acknowledge releases the requests whose checkpoints the runtime acknowledges, until the session ends. It can not be
// interrupted while the runtime says nothing.
func (t *transactor) acknowledge() error {
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
			if c.state.CompareAndSwap(emitted, acknowledged) {
				c.outcome <- nil // and from here on it is its request's
			} else {
				t.budget.held.Add(-c.held)
			}
		}
	}
}
