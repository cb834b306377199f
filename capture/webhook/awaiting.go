package webhook

import (
	"context"
	"time"
)

// unhurried is how long work on a webhook may take before its sender is watched for leaving: longer than on any but the
// largest, so that a sender that has only ended its side of the connection is rarely taken for one that left.
const unhurried = 250 * time.Millisecond

// An awaiting is the context of work that a sender waits for. It is canceled when the sender leaves, once the work takes long.
type awaiting struct {
	context.Context
	since time.Time
	stop  func()
}

// Err is asked now and then by whoever does the work.
func (a *awaiting) Err() error {
	if a.stop == nil && time.Since(a.since) > unhurried {
		a.Context, a.stop = watching(a.Context)
	}
	return a.Context.Err()
}

// end must be called before the handler of the request ends, whether or not there was work.
func (a *awaiting) end() {
	if a != nil && a.stop != nil {
		a.stop()
	}
}
