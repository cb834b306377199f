package commit

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// budgetShare of the memory limit is for requests in flight. As much again may be garbage before the collector has
	// run, and the rest is for what the process needs idle, and for the peaks of decoding.
	budgetShare = 4
	// defaultBudget is a quarter of the 1 GiB that Flow gives a connector.
	defaultBudget = 256 << 20
	// garbagePercent lets some MiB of live memory collect two to three times as much garbage, which is how seldom the collector
	// runs then; with a full budget, the memory limit makes it run oftener.
	garbagePercent = 250
	// idleBytes is what the process needs without requests, with the schemas of many bindings.
	idleBytes = 32 << 20
)

// Shares of a budget, in eighths. Strangers, who have shown neither a right signature nor a right token yet, leave a quarter
// to those who have, so that these can always go on to their commit. Strangers that hold much leave an eighth to those that
// hold little: most senders are strangers only until their small body is read. Of the 256 MiB that there are by default, the
// rest is enough for the largest body that is accepted, compressed, with its decoder and its text while that grows.
const (
	ofShares      = 8
	strangerShare = 6
	muchShare     = 5
	// much is more than a request of 16 KiB holds while it is read, ten times the usual webhook.
	much = 64 << 10
)

// A Budget bounds the bytes that requests in flight hold.
type Budget struct {
	total     int64
	held      atomic.Int64
	strangers atomic.Int64 // of held, by requests that are not known to be authentic
	readings  readings
}

// forStrangers is what they may hold together for one of them to hold so much.
func (b *Budget) forStrangers(held int64) int64 {
	if held > much {
		return b.total / ofShares * muchShare
	}
	return b.total / ofShares * strangerShare
}

// reserve adds to a count, unless that would be more than the most. Nobody sees a count in between, so that none who
// fits is refused.
func reserve(count *atomic.Int64, n, most int64) bool {
	for {
		now := count.Load()
		if now+n > most {
			return false
		}
		if count.CompareAndSwap(now, now+n) {
			return true
		}
	}
}

// Spare lets the collector run oftener, where much lives that webhooks do not need: what polling reads and hands over.
func (b *Budget) Spare() {
	const garbagePercent = 160
	debug.SetGCPercent(garbagePercent)
}

// NewBudgetOf makes one of so many bytes, and does not tell the collector.
func NewBudgetOf(total int64) *Budget { return &Budget{total: total} }

// Total is how many bytes requests may hold.
func (b *Budget) Total() int64 { return b.total }

// Held is how many they hold.
func (b *Budget) Held() int64 { return b.held.Load() }

// Reserve begins a request's reservation, of nothing.
func (b *Budget) Reserve() *Reservation { return &Reservation{budget: b} }

// NewBudget takes a share of the memory limit, that of the cgroup or GOMEMLIMIT, and tells the collector to keep to
// the limit. Without a limit, it is told one that leaves little garbage beside a full budget.
func NewBudget() *Budget {
	_, chosen := os.LookupEnv("GOMEMLIMIT")
	limit, err := memlimit.Set() // nine tenths of the cgroup's, or what GOMEMLIMIT says
	if n, cgroupErr := memlimit.FromCgroup(); cgroupErr == nil && !chosen {
		limit = int64(min(n, math.MaxInt64))
	}
	b := &Budget{total: defaultBudget}
	if err == nil && limit != math.MaxInt64 {
		b.total = limit / budgetShare
	}
	debug.SetGCPercent(garbagePercent)
	if !chosen {
		debug.SetMemoryLimit(min(debug.SetMemoryLimit(-1), b.total+idleBytes))
	}
	return b
}

// A TooLargeError refuses a request that needs more memory than it may ever hold.
type TooLargeError struct{ Most int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the request needs more memory than the %d bytes that it may hold", e.Most)
}

// ErrNoRoom tells a request to come back.
var ErrNoRoom = errors.New("too many bytes of requests are in flight")

// A Reservation is what one request holds of a budget.
type Reservation struct {
	budget  *Budget
	held    int64
	proven  bool     // the request is authentic
	reading *reading // of its body, while that is on its way
}

// Held is how many bytes it holds.
func (r *Reservation) Held() int64 { return r.held }

// Take reserves bytes before they are used. A request that is larger than it may ever be is told so; one for which there
// is no room now, even if bodies that have stalled make room, is told to come back.
func (r *Reservation) Take(n int64) error {
	most := r.budget.total
	if !r.proven {
		most = r.budget.forStrangers(r.held + n)
	}
	if r.held+n > most {
		return &TooLargeError{most}
	}
	for !r.tryTake(n) {
		if !r.budget.readings.makeRoom(r.reading, time.Now()) {
			return ErrNoRoom
		}
	}
	return nil
}

func (r *Reservation) tryTake(n int64) bool {
	if !r.proven && !reserve(&r.budget.strangers, n, r.budget.forStrangers(r.held+n)) {
		return false
	}
	if !reserve(&r.budget.held, n, r.budget.total) {
		if !r.proven {
			r.budget.strangers.Add(-n)
		}
		return false
	}
	r.held += n
	return true
}

// Prove notes that the request is authentic.
func (r *Reservation) Prove() {
	if !r.proven {
		r.proven = true
		r.budget.strangers.Add(-r.held)
	}
}

// Note holds bytes that are used already, whether or not there is room.
func (r *Reservation) Note(n int64) {
	r.held += n
	r.budget.held.Add(n)
	if !r.proven {
		r.budget.strangers.Add(n)
	}
}

// Give returns bytes that are no longer used.
func (r *Reservation) Give(n int64) { r.Note(-n) }

// Adjust takes bytes, or gives them where there are less than none.
func (r *Reservation) Adjust(n int64) error {
	if n < 0 {
		r.Give(-n)
		return nil
	}
	return r.Take(n)
}

// release returns all that is held.
func (r *Reservation) Release() {
	r.Give(r.held)
	r.ReadUp()
}

// leave hands what is held over to whoever returns it later.
func (r *Reservation) leave() (held int64) {
	r.Prove()
	held, r.held = r.held, 0
	return held
}

// Grow makes room for n more bytes in b, and holds the new capacity in place of the old, whose buffer is recycled.
func (r *Reservation) Grow(b []byte, n int) ([]byte, error) {
	if cap(b)-len(b) >= n {
		return b, nil
	}
	return r.GrowTo(b, max(len(b)+n, 2*cap(b)))
}

// GrowTo is to so many bytes in all.
func (r *Reservation) GrowTo(b []byte, size int) ([]byte, error) {
	if err := r.Take(int64(size)); err != nil {
		return b, err
	}
	grown := NewBuffer(size)
	r.Note(int64(cap(grown) - size)) // classes of buffers are at most twice what is asked for
	grown = append(grown, b...)
	r.Drop(b)
	return grown, nil
}

// Drop returns a buffer that is no longer used, and what was held for it.
func (r *Reservation) Drop(b []byte) {
	r.Give(int64(cap(b)))
	Recycle(b)
}
