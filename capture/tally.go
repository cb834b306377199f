package capture

import (
	"sync"

	"github.com/sirupsen/logrus"
)

// maxTallied bounds the kinds that a tally tells apart. Intercom has some hundred topics.
const maxTallied = 1000

// A tally counts notifications that nobody takes, by what they are. That is no error, to which Intercom would react by
// pausing the subscription, but an operator hears once of each kind.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

// add counts, and logs a kind when it comes for the first time.
func (t *tally) add(log *logrus.Logger, kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	if _, known := t.counts[kind]; !known && len(t.counts) < maxTallied {
		log.WithField("kind", kind).Infof("dropping notifications %s; they are answered 200", kind)
	} else if !known {
		kind = "of further kinds"
	}
	t.counts[kind]++
}

// total returns the counts so far.
func (t *tally) total() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := make(map[string]int, len(t.counts))
	for kind, n := range t.counts {
		counts[kind] = n
	}
	return counts
}
