package commit

import (
	"context"
	"time"
)

// tryAgain is how long whoever hands over waits where too many others do.
const tryAgain = 20 * time.Millisecond

// Hand hands a piece over as Commit does, and does not wait for the runtime: acknowledged is called once the documents are
// durable, and must be quick. Pieces that one caller hands over are written in that order. The error is that of ctx.
func (t *Transactor) Hand(ctx context.Context, frames []byte, acknowledged func()) error {
	for t.waiting.Add(1) > MaxWaiting {
		t.waiting.Add(-1)
		select {
		case <-time.After(tryAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.since[(t.arrived.Add(1)-1)%MaxWaiting].Store(time.Now().UnixNano())
	t.queue <- &ticket{frames: frames, acknowledged: acknowledged}
	return nil
}
