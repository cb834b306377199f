package api

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Lane says who goes first where the limit lets not all go.
type Lane int

// Lanes, the first first. A scroll that pauses for a minute is lost; what is live comes before what is old.
const (
	Scroll Lane = iota
	Live
	Backfill
	Children
	lanes = iota
)

const (
	// unlimitedRate is how many requests a second are sent while no answer tells a limit: half of the lowest that
	// users have seen, 1,000 a minute.
	unlimitedRate = 8
	// defaultWindow is over how long Intercom counts, where an answer does not say when it begins anew.
	defaultWindow = 10 * time.Second
	// maxPause bounds a wait that an answer asks for, so that a wrong date stops nobody for long.
	maxPause = time.Minute
	// jitter spreads requests behind a pause, and covers that times are told in whole seconds.
	jitter = 250 * time.Millisecond
)

// A limiter gives turns to requests. What the API's answers tell is the truth: how many requests a window has, how many of
// them remain, and when the next begins. Requests under way may or may not be counted in what remains, so they are
// taken off it: the limit is never passed, and what was taken off twice is given back as answers come.
type limiter struct {
	share int // percent of the limit

	mu        sync.Mutex
	limit     int // of a window; zero is not known
	remaining int // by the answers of this window
	reset     time.Time
	pause     time.Time // nobody goes before
	sending   int       // requests without an answer
	next      time.Time // while no limit is known
	waiting   [lanes][]chan struct{}
	wake      *time.Timer
	offset    time.Duration // of the API's clock from ours; never too much
	synced    bool
}

func newLimiter(share int) *limiter {
	if share <= 0 || share > 100 {
		share = 100
	}
	return &limiter{share: share}
}

// A turn is the right to send one request.
type turn struct {
	limiter  *limiter
	finished bool
}

// take waits for a turn. Its error is that of ctx.
func (l *limiter) take(ctx context.Context, lane Lane) (*turn, error) {
	ready := make(chan struct{})
	l.mu.Lock()
	l.waiting[lane] = append(l.waiting[lane], ready)
	l.grant()
	l.mu.Unlock()
	select {
	case <-ready:
		return &turn{limiter: l}, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, other := range l.waiting[lane] {
		if other == ready {
			l.waiting[lane] = append(l.waiting[lane][:i], l.waiting[lane][i+1:]...)
			return nil, ctx.Err()
		}
	}
	l.sending-- // granted meanwhile
	l.grant()
	return nil, ctx.Err()
}

// grant lets go whoever may, and sets the alarm for the others. The lock is held.
func (l *limiter) grant() {
	for {
		ready := l.first()
		if ready == nil {
			return
		}
		if wait := l.wait(time.Now()); wait > 0 {
			l.alarm(wait)
			return
		} else if wait < 0 {
			return // an answer will tell
		}
		l.pop()
		l.sending++
		close(ready)
	}
}

// wait is how long until one more may go: zero for now, negative until an answer comes.
func (l *limiter) wait(now time.Time) time.Duration {
	if d := l.pause.Sub(now); d > 0 {
		return d
	}
	if l.limit == 0 {
		return l.unknown(now)
	}
	if !now.Before(l.reset) { // a new window, of which nothing is known but its size
		l.remaining, l.reset = l.limit, now.Add(defaultWindow)
	}
	reserve := l.limit - l.limit*l.share/100
	switch {
	case l.remaining-l.sending > reserve:
		return 0
	case l.remaining > reserve:
		return -1
	}
	return l.reset.Sub(now)
}

// unknown paces requests while no answer has told a limit. The first goes alone, as it is likely to tell.
func (l *limiter) unknown(now time.Time) time.Duration {
	if !l.synced && l.sending > 0 {
		return -1
	}
	if d := l.next.Sub(now); d > 0 {
		return d
	}
	l.next = now.Add(time.Second / unlimitedRate)
	return 0
}

func (l *limiter) first() chan struct{} {
	for _, lane := range l.waiting {
		if len(lane) > 0 {
			return lane[0]
		}
	}
	return nil
}

func (l *limiter) pop() {
	for i, lane := range l.waiting {
		if len(lane) > 0 {
			l.waiting[i] = lane[1:]
			return
		}
	}
}

func (l *limiter) alarm(d time.Duration) {
	if l.wake != nil {
		l.wake.Stop()
	}
	l.wake = time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.grant()
	})
}

// answered takes what an answer's headers tell.
func (t *turn) answered(status int, header http.Header) {
	l, now := t.limiter, time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	t.finish()
	l.sync(header.Get("Date"), now)
	limit, hasLimit := number(header, "X-RateLimit-Limit")
	remaining, hasRemaining := number(header, "X-RateLimit-Remaining")
	reset, hasReset := number(header, "X-RateLimit-Reset")
	if hasLimit && hasRemaining && limit > 0 {
		l.window(limit, remaining, reset, hasReset, now)
	}
	if status == http.StatusTooManyRequests {
		l.stop(header, reset, hasReset, now)
	}
	l.grant()
}

// window takes the numbers of an answer. Answers overtake each other: within a window the least that remains is the latest.
func (l *limiter) window(limit, remaining, reset int, hasReset bool, now time.Time) {
	ends := now.Add(defaultWindow)
	if hasReset {
		ends = time.Unix(int64(reset), 0).Add(-l.offset)
		ends = minTime(ends, now.Add(maxPause))
	}
	const same = 2 * time.Second // ends of one window differ by what was learned of the clock
	switch {
	case l.limit == 0 || ends.After(l.reset.Add(same)):
		l.remaining = remaining
	case ends.Before(l.reset.Add(-same)) && hasReset && l.limit == limit && remaining > l.remaining:
		return // of a window that is over
	default:
		l.remaining = min(l.remaining, remaining)
	}
	l.limit, l.reset = limit, ends
}

// stop waits a 429 out, by the larger of what it says.
func (l *limiter) stop(header http.Header, reset int, hasReset bool, now time.Time) {
	until := now.Add(time.Second)
	if hasReset {
		until = maxTime(until, time.Unix(int64(reset), 0).Add(-l.offset))
	}
	if seconds, ok := number(header, "Retry-After"); ok {
		until = maxTime(until, now.Add(time.Duration(seconds)*time.Second))
	} else if date, err := http.ParseTime(header.Get("Retry-After")); err == nil {
		until = maxTime(until, date.Add(-l.offset))
	}
	until = minTime(until, now.Add(maxPause)).Add(rand.N(jitter))
	l.pause = maxTime(l.pause, until)
}

// sync learns the API's clock from a date, which is cut to the second: the largest difference is the nearest.
func (l *limiter) sync(date string, now time.Time) {
	told, err := http.ParseTime(date)
	if err != nil {
		l.synced = true
		return
	}
	const setBack = 3 * time.Second // more than a cut second and an answer's way
	offset := told.Sub(now)
	if !l.synced || offset > l.offset || offset < l.offset-setBack {
		l.offset = offset
	}
	l.synced = true
}

// end gives the turn back where no answer has done so.
func (t *turn) end() {
	t.limiter.mu.Lock()
	defer t.limiter.mu.Unlock()
	t.finish()
	t.limiter.grant()
}

func (t *turn) finish() {
	if !t.finished {
		t.finished = true
		t.limiter.sending--
	}
}

func (l *limiter) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Add(l.offset)
}

func (l *limiter) rate() (remaining, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remaining, l.limit
}

// held is how many requests wait, and how long the first of them will.
func (l *limiter) held() (requests int, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lane := range l.waiting {
		requests += len(lane)
	}
	now := time.Now()
	if requests == 0 {
		return 0, 0
	}
	return requests, max(0, l.pause.Sub(now), l.reset.Sub(now))
}

func number(header http.Header, name string) (int, bool) {
	n, err := strconv.Atoi(header.Get(name))
	return n, err == nil && n >= 0
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
