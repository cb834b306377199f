package poll

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/protocol"
)

const (
	// pieceBytes is when documents are handed over though their page goes on, so that a page of large objects needs no more.
	pieceBytes = 512 << 10
	// stepBytes are reserved at a time.
	stepBytes = 64 << 10
	// maxPieces wait for the runtime at a time, of the ten thousand places that there are.
	maxPieces = 256
)

// An outlet is where all that is polled leaves.
type outlet struct {
	transactor *commit.Transactor
	frames     protocol.Frames
	share      *commit.Share // of memory, for what is not acknowledged
	pieces     *semaphore.Weighted
}

// A writer hands the documents of one kind of objects over, in the order in which they were decided on. It is safe for
// concurrent use.
type writer struct {
	*outlet
	mu     sync.Mutex
	known  known
	buffer []byte // frames that are not handed over
	held   int64  // of the share
}

// add appends a document. The lock is held.
func (w *writer) add(ctx context.Context, b *Binding, doc []byte) error {
	const frame = 64 // more than is around a document
	if err := w.room(ctx, len(doc)+frame); err != nil {
		return err
	}
	w.buffer = w.frames.AppendCapturedHead(w.buffer, b.index, len(doc))
	w.buffer = append(w.buffer, doc...)
	w.buffer = w.frames.AppendCapturedTail(w.buffer)
	return nil
}

// room makes it for so many bytes more. Who waits for it holds none, so that nobody waits for ever.
func (w *writer) room(ctx context.Context, n int) error {
	if len(w.buffer) > 0 && len(w.buffer)+n > pieceBytes {
		if err := w.hand(ctx, nil); err != nil {
			return err
		}
	}
	need := int64(len(w.buffer) + n)
	if need > w.held {
		more := max(need-w.held, stepBytes)
		if w.share.TryTake(more) {
			w.held += more
		} else {
			if err := w.hand(ctx, nil); err != nil {
				return err
			}
			taken, err := w.share.Take(ctx, max(int64(n), stepBytes))
			if err != nil {
				return err
			}
			w.held = taken
		}
	}
	if cap(w.buffer)-len(w.buffer) < n {
		grown := append(commit.NewBuffer(max(2*cap(w.buffer), len(w.buffer)+n)), w.buffer...)
		commit.Recycle(w.buffer)
		w.buffer = grown
	}
	return nil
}

// hand hands over what there is, with a checkpoint behind it whose state is a patch, or unchanged. The lock is held.
func (w *writer) hand(ctx context.Context, patch []byte) error {
	if len(w.buffer) == 0 && patch == nil {
		return nil
	}
	if err := w.pieces.Acquire(ctx, 1); err != nil {
		return err
	}
	frames, held := w.frames.AppendCheckpoint(w.buffer, patch), w.held
	w.buffer, w.held = nil, 0
	return w.transactor.Hand(ctx, frames, func() {
		w.share.Give(held)
		w.pieces.Release(1)
	})
}

// flush hands over what there is.
func (w *writer) flush(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hand(ctx, nil)
}
