package commit

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// A body that has sent nothing for so long, or less than crawling on average, makes room for others that come. Its sender
// may send its webhook again.
const (
	stalled       = 250 * time.Millisecond // of strangers: the longest round trip on earth
	stalledKnown  = time.Second            // of others, who are rather waited for where the machine is slow
	crawling      = 16 << 10               // bytes a second
	crawlingSince = time.Second
	// roomTime is how long who comes waits for one that is given up: as long as its goroutine takes to notice.
	roomTime = 250 * time.Millisecond
)

// maxReadings is how many such bodies of one address may be on their way. Further ones are the first to make room.
const maxReadings = 32

// A reading is a body on its way, as those see it who need its memory.
type reading struct {
	from    netip.Addr
	began   time.Time
	silence time.Duration // after which it has stalled
	bytes   atomic.Int64
	last    atomic.Int64 // when bytes came, in nanoseconds since 1970
	givenUp atomic.Bool
	end     func() // what waits for further bytes; it must not wait itself
	ended   chan struct{}
}

// came notes further bytes.
func (r *reading) came(n int, at time.Time) {
	r.bytes.Add(int64(n))
	r.last.Store(at.UnixNano())
}

// slow tells that a body has stalled or crawls.
func (r *reading) slow(now time.Time) bool {
	took := now.Sub(r.began)
	return now.UnixNano()-r.last.Load() > int64(r.silence) || took > crawlingSince && r.bytes.Load() < crawling*int64(took/time.Second)
}

// Readings are the bodies that are on their way, and did not come at once.
type readings struct {
	mu   sync.Mutex
	all  map[*reading]struct{}
	from map[netip.Addr]int
}

func (r *readings) add(one *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all, r.from = map[*reading]struct{}{}, map[netip.Addr]int{}
	}
	r.all[one] = struct{}{}
	r.from[one.from]++
}

func (r *readings) remove(one *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, one)
	if r.from[one.from]--; r.from[one.from] == 0 {
		delete(r.from, one.from)
	}
	close(one.ended)
}

// makeRoom gives up the body, other than one's own, that is slow for the longest, those of crowded addresses first. It
// returns when that has returned its memory, or false if there is none.
func (r *readings) makeRoom(own *reading, now time.Time) bool {
	victim := r.slowest(own, now)
	if victim == nil {
		return false
	}
	patience := time.NewTimer(roomTime)
	defer patience.Stop()
	select {
	case <-victim.ended:
	case <-patience.C:
	}
	return true
}

func (r *readings) slowest(own *reading, now time.Time) (victim *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for one := range r.all {
		if one == own || one.givenUp.Load() || !one.slow(now) {
			continue
		}
		if victim == nil || r.before(one, victim) {
			victim = one
		}
	}
	if victim != nil {
		victim.givenUp.Store(true)
		victim.end()
	}
	return victim
}

// before tells which of two makes room.
func (r *readings) before(one, other *reading) bool {
	crowded, otherCrowded := r.from[one.from] > maxReadings, r.from[other.from] > maxReadings
	if crowded != otherCrowded {
		return crowded
	}
	return one.began.Before(other.began)
}

// Begin makes the request's body one on its way, of a sender at an address. If its memory is needed, end must end what
// waits for further bytes, without waiting itself.
func (r *Reservation) Begin(from netip.Addr, began time.Time, end func()) {
	r.reading = &reading{from: from, began: began, silence: stalled, end: end, ended: make(chan struct{})}
	if r.proven {
		r.reading.silence = stalledKnown
	}
	r.budget.readings.add(r.reading)
}

// Begun tells that the body is on its way.
func (r *Reservation) Begun() bool { return r.reading != nil }

// Came notes that so many bytes of it came now.
func (r *Reservation) Came(n int) { r.reading.came(n, time.Now()) }

// GivenUp tells that it has been ended for its memory.
func (r *Reservation) GivenUp() bool { return r.reading != nil && r.reading.givenUp.Load() }

// ReadUp notes that the body is on its way no more. What it held is returned by now, or its request goes on.
func (r *Reservation) ReadUp() {
	if r.reading != nil {
		r.budget.readings.remove(r.reading)
		r.reading = nil
	}
}
