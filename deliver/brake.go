package deliver

import (
	"math/rand/v2"
	"time"
)

// Delays between attempts.
const (
	firstDelay = time.Second
	lastDelay  = 5 * time.Minute
)

// backoff is how long to wait after so many failures, from 1: up to a delay that doubles, by chance.
func backoff(failures int) time.Duration {
	const most = 30 // doublings, behind which it would overflow
	delay := min(lastDelay, firstDelay<<min(failures-1, most))
	return time.Duration(rand.Int64N(int64(delay)) + 1)
}

// behindBack is a little more than a destination asked for, so that not all senders come back at once.
func behindBack(wait time.Duration) time.Duration {
	return wait + time.Duration(rand.Int64N(int64(100*time.Millisecond)+int64(wait)/20)+1)
}

// A brake slows what is sent to a destination that fails: to one probe at a time while it does, and to ever more once it
// answers.
type brake struct {
	concurrency int
	allowed     int // requests at a time
	failures    int // since the last success
	since       time.Time
	next        time.Time // no request is begun before
	asked       time.Time // until when the destination asked to wait
	why         string
}

// down tells that the destination fails.
func (b *brake) down() bool { return b.failures > 0 }

// failed notes a failure, and returns when to try again at the earliest.
func (b *brake) failed(now time.Time, why string, asks time.Duration) {
	if b.failures == 0 {
		b.since = now
	}
	b.failures++
	b.allowed, b.why = 1, why
	wait := backoff(b.failures)
	if asks > 0 {
		wait = max(wait, behindBack(asks))
		b.asked = now.Add(asks)
	}
	b.next = later(b.next, now.Add(wait))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// succeeded notes a success: twice as many requests may be made at a time.
func (b *brake) succeeded() {
	b.failures = 0
	b.allowed = min(2*b.allowed, b.concurrency)
	b.next = b.asked // which still holds
}
