package webhook

import (
	"maps"
	"sync"
	"unicode/utf8"

	"github.com/sirupsen/logrus"
)

// maxTallied bounds the kinds that are told apart of what senders name as they like. Intercom has some hundred topics.
const maxTallied = 250

// maxTold bounds the bytes that are kept or logged of a text that a sender wrote. Intercom's longest topic has 36, and
// few paths are longer than this.
const maxTold = 256

// told returns as much of a sender's text as is kept or logged.
func told(text string) string {
	if len(text) <= maxTold {
		return text
	}
	end := maxTold
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

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
	return maps.Clone(t.counts)
}
