package sim

import (
	"sync"
	"time"
)

// A Clock runs as the machine's does, from where it was set last. The zero value is the machine's.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	frozen time.Time // zero while it runs
}

// Now returns the time that the API tells.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen.IsZero() {
		return c.frozen
	}
	return time.Now().Add(c.offset)
}

// Set moves the clock to a time, from where it runs on.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = time.Until(t)
	if !c.frozen.IsZero() {
		c.frozen = t
	}
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
	if !c.frozen.IsZero() {
		c.frozen = c.frozen.Add(d)
	}
}

// Freeze stops the clock at a time, until Set or Advance move it.
func (c *Clock) Freeze(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = t
}

// now is the present second.
func (w *Workspace) now() int64 { return w.Clock.Now().Unix() }
