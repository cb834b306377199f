package capture

import (
	"context"
	"errors"
	"fmt"
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
	errEnding    = errors.New("the capture is stopping")
)

// A transactor is the only holder of the protocol stream while webhooks are captured. Each request's documents and
// checkpoint are written contiguously, and those of requests that wait together in one write. The runtime acknowledges
// checkpoints by count, so the requests in flight are a queue: the oldest that were written are the first acknowledged.
type transactor struct {
	ctx     context.Context // of the session; its end releases all that wait
	stream  *protocol.Stream
	budget  *budget
	waiting atomic.Int64 // requests in queue and sent; neither channel ever blocks, as each has room for all
	arrived atomic.Int64 // requests that were ever let in, and those of them that no longer wait
	gone    atomic.Int64
	since   [maxWaiting]atomic.Int64 // when they were let in, in nanoseconds since 1970, by arrived
	queue   chan *commit             // to be written
	sent    chan *commit             // written or being written, the oldest first
}

// A commit is one request's documents on their way.
type commit struct {
	frames       []byte        // Captured messages and their Checkpoint; the writer's once taken
	taken        atomic.Bool   // by the writer, or by a request that no longer waits; whoever is first
	acknowledged chan struct{} // closed
	held         atomic.Int64  // of the budget, by a request that has left since; returned with the acknowledgement
}

// newTransactor makes one whose emit and acknowledge must run until ctx ends.
func newTransactor(ctx context.Context, stream *protocol.Stream, budget *budget) *transactor {
	return &transactor{
		ctx:    ctx,
		stream: stream,
		budget: budget,
		queue:  make(chan *commit, maxWaiting),
		sent:   make(chan *commit, maxWaiting),
	}
}

// commit returns nil once the runtime has made the documents durable. After an error they may still be, unless the
// error came before they were written. The frames must not be touched afterwards.
func (t *transactor) commit(ctx context.Context, frames []byte, held *reservation) error {
	if t.waiting.Add(1) > maxWaiting {
		t.waiting.Add(-1)
		return errQueueFull
	}
	t.since[(t.arrived.Add(1)-1)%maxWaiting].Store(time.Now().UnixNano())
	c := &commit{frames: frames, acknowledged: make(chan struct{})}
	t.queue <- c
	select {
	case <-c.acknowledged:
		return nil
	case <-ctx.Done():
		if c.taken.CompareAndSwap(false, true) {
			c.frames = nil // not written yet, and no longer wanted
		} else {
			t.keep(c, held)
		}
		return context.Cause(ctx)
	case <-t.ctx.Done():
		return errEnding
	}
}

// keep lets the memory of a commit that is written, or just being so, stay reserved until its acknowledgement.
func (t *transactor) keep(c *commit, held *reservation) {
	c.held.Store(held.transfer())
	select {
	case <-c.acknowledged: // meanwhile, perhaps without seeing what is held
		t.budget.held.Add(-c.held.Swap(0))
	default:
	}
}

// leave counts a request that no longer waits for the runtime, because it is acknowledged or was never written.
func (t *transactor) leave() {
	t.gone.Add(1)
	t.waiting.Add(-1)
}

// oldest returns how long the request has waited that was let in first, to within those that left before it.
func (t *transactor) oldest(now time.Time) time.Duration {
	if t.waiting.Load() <= 0 {
		return 0
	}
	return now.Sub(time.Unix(0, t.since[t.gone.Load()%maxWaiting].Load()))
}

// emit writes what waits, without waiting for more, until the session ends or the stream fails.
func (t *transactor) emit() error {
	var joined []byte
	for {
		var frames []byte
		select {
		case c := <-t.queue:
			frames, joined = t.gather(c, joined[:0])
		case <-t.ctx.Done():
			return t.ctx.Err()
		}
		if len(frames) == 0 {
			continue
		}
		if err := t.stream.Write(t.ctx, frames); err != nil {
			return err
		}
		if len(joined) == 0 { // else they are in joined, which is used again
			recycle(frames)
		}
		if cap(joined) > 4*maxWriteBytes {
			joined = nil
		}
	}
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
	if !c.taken.CompareAndSwap(false, true) {
		t.leave()
		return nil
	}
	frames := c.frames
	c.frames = nil // what is written needs no memory while it waits
	t.sent <- c
	return frames
}

// acknowledge releases the requests whose checkpoints the runtime acknowledges, until the session ends.
func (t *transactor) acknowledge() error {
	for {
		n, err := t.stream.Acknowledged(t.ctx)
		if err != nil {
			return err
		}
		for i := range n {
			select {
			case c := <-t.sent:
				t.leave()
				close(c.acknowledged)
				t.budget.held.Add(-c.held.Swap(0))
			default:
				return fmt.Errorf("protocol: the runtime acknowledged %d checkpoints when only %d were sent", n, i)
			}
		}
	}
}
