package webhook

import (
	"fmt"
	"sync/atomic"
	"time"
)

// A wrong secret makes every webhook fail, which Intercom bears for seven days before it suspends the subscription.
const (
	quietTime    = time.Minute     // without a signature that passes, failures are no longer a stranger's
	warnInterval = 5 * time.Minute // between warnings, which then carry counts
)

// A watch notices that the signatures of a path fail for a reason that an operator must mend. It holds no lock, as all
// requests of the path pass by.
type watch struct {
	passed atomic.Int64 // when one last did, in nanoseconds since 1970
	warned atomic.Int64
	failed atomic.Int64 // since the last warning
}

// note counts a signature, and returns a warning when one is due.
func (w *watch) note(ok bool, at time.Time) (warning string) {
	now := at.UnixNano()
	if ok {
		w.passed.Store(now)
		return ""
	}
	w.failed.Add(1)
	warned := w.warned.Load()
	if now-w.passed.Load() < int64(quietTime) || now-warned < int64(warnInterval) || !w.warned.CompareAndSwap(warned, now) {
		return ""
	}
	since := "since the start"
	if passed := w.passed.Load(); passed != 0 {
		since = "since " + time.Unix(0, passed).UTC().Format(time.RFC3339)
	}
	n := w.failed.Swap(0)
	return fmt.Sprintf("%d signatures failed and none has passed %s", n, since)
}
