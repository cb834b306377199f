package capture

import (
	"errors"
	"math"
	"net/http"
	"os"
	"runtime/debug"
	"sync/atomic"

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

// A budget bounds the bytes that requests in flight hold.
type budget struct {
	total int64
	held  atomic.Int64
}

// newBudget takes a share of the memory limit, that of the cgroup or GOMEMLIMIT, and tells the collector to keep to
// the limit. Without a limit, it is told one that leaves little garbage beside a full budget.
func newBudget() *budget {
	_, chosen := os.LookupEnv("GOMEMLIMIT")
	limit, err := memlimit.Set() // nine tenths of the cgroup's, or what GOMEMLIMIT says
	if n, cgroupErr := memlimit.FromCgroup(); cgroupErr == nil && !chosen {
		limit = int64(min(n, math.MaxInt64))
	}
	b := &budget{total: defaultBudget}
	if err == nil && limit != math.MaxInt64 {
		b.total = limit / budgetShare
	}
	debug.SetGCPercent(garbagePercent)
	if !chosen {
		debug.SetMemoryLimit(min(debug.SetMemoryLimit(-1), b.total+idleBytes))
	}
	return b
}

var errNoRoom = errors.New("too many bytes of requests are in flight")

// A reservation is what one request holds of a budget.
type reservation struct {
	budget *budget
	held   int64
}

// take reserves bytes before they are used. A request that is larger than the whole budget is told so; one for which
// there is no room now is told to come back.
func (r *reservation) take(n int64) error {
	if r.held+n > r.budget.total {
		return refuse(http.StatusRequestEntityTooLarge, "the request needs more memory than the %d bytes that requests may hold", r.budget.total)
	}
	if r.budget.held.Add(n) > r.budget.total {
		r.budget.held.Add(-n)
		return errNoRoom
	}
	r.held += n
	return nil
}

// note holds bytes that are used already, whether or not there is room.
func (r *reservation) note(n int64) {
	r.held += n
	r.budget.held.Add(n)
}

// give returns bytes that are no longer used.
func (r *reservation) give(n int64) {
	r.held -= n
	r.budget.held.Add(-n)
}

// adjust takes bytes, or gives them where there are less than none.
func (r *reservation) adjust(n int64) error {
	if n < 0 {
		r.give(-n)
		return nil
	}
	return r.take(n)
}

// release returns all that is held.
func (r *reservation) release() { r.give(r.held) }

// grow makes room for n more bytes in b, and holds the new capacity in place of the old, whose buffer is recycled.
func (r *reservation) grow(b []byte, n int) ([]byte, error) {
	if cap(b)-len(b) >= n {
		return b, nil
	}
	size := max(len(b)+n, 2*cap(b))
	if err := r.take(int64(size)); err != nil {
		return b, err
	}
	grown := newBuffer(size)
	r.note(int64(cap(grown) - size)) // classes of buffers are at most twice what is asked for
	grown = append(grown, b...)
	r.drop(b)
	return grown, nil
}

// drop returns a buffer that is no longer used, and what was held for it.
func (r *reservation) drop(b []byte) {
	r.give(int64(cap(b)))
	recycle(b)
}
