package api

import (
	"context"
	"math/rand/v2"
	"time"
)

// Waits between attempts double from firstWait to maxWait, each of them anything between nothing and all of it.
const (
	firstWait = time.Second
	maxWait   = time.Minute
	doublings = 6 // to maxWait
)

// backoff is how long to wait after so many attempts that failed.
func backoff(tried int) time.Duration {
	return rand.N(min(maxWait, firstWait<<min(tried-1, doublings)))
}

// Sleep waits, no longer than ctx.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pause waits as [Client.Do] does after so many attempts that failed. Its error is that of ctx.
func Pause(ctx context.Context, tried int) error { return Sleep(ctx, backoff(tried)) }
