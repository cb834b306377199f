package poll

import (
	"sync"
	"time"
)

const (
	// lateAfter is how long a notification may take: Intercom tries again after a minute, and holds back for some.
	lateAfter = 15 * time.Minute
	// within is how far a notification's time and that of its change may differ.
	within = 5 * time.Minute
	// maxMissed bounds what is remembered of changes and of notifications.
	maxMissed = 50_000
)

// A missed counts the changes that were found without a notification. It is safe for concurrent use.
type missed struct {
	mu       sync.Mutex
	comes    bool                // notifications of the kind have come
	heard    map[uint64][2]int64 // by object, the first and the last time
	before   map[uint64][2]int64 // of the half hour before
	since    int64
	changes  []change
	waiting  int // that were missed, if notifications come at all
	total    int
	reported int
}

// A change is one that was found, of an object.
type change struct {
	object uint64
	at     int64
}

// notified notes a notification about an object.
func (m *missed) notified(id string, at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.comes = true
	if m.heard == nil || at-m.since > int64((2*lateAfter).Seconds()) || len(m.heard) >= maxMissed {
		m.before, m.heard, m.since = m.heard, map[uint64][2]int64{}, at
	}
	key := idDigest(id)
	times, ok := m.heard[key]
	if !ok {
		times[0] = at
	}
	times[1] = at
	m.heard[key] = times
}

// found notes a change that was found by looking.
func (m *missed) found(id string, at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.changes) < maxMissed {
		m.changes = append(m.changes, change{idDigest(id), at})
	}
}

// settle counts the changes that are so old that their notifications should have come, and newer than what an earlier session
// may have heard of.
func (m *missed) settle(p *Poller, resource string, origin int64) {
	now := p.now().Unix()
	m.mu.Lock()
	defer m.mu.Unlock()
	young := m.changes[:0]
	for _, c := range m.changes {
		switch {
		case c.at > now-int64(lateAfter.Seconds()):
			young = append(young, c)
		case c.at > origin && !m.wasHeard(c):
			m.waiting++
		}
	}
	m.changes = young
	if m.comes && m.waiting > 0 {
		p.metrics.missed.WithLabelValues(resource).Add(float64(m.waiting))
		m.total += m.waiting
		m.waiting = 0
	}
}

func (m *missed) wasHeard(c change) bool {
	for _, heard := range []map[uint64][2]int64{m.heard, m.before} {
		for _, at := range heard[c.object] {
			if at != 0 && max(at-c.at, c.at-at) <= int64(within.Seconds()) {
				return true
			}
		}
	}
	return false
}

// news returns how many were missed since it was asked last.
func (m *missed) news() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.total - m.reported
	m.reported = m.total
	return n
}
