package poll

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"source-intercom-ingest/intercom/api"
)

// repeatAfter is how long a fault that lasts is not announced again.
const repeatAfter = time.Hour

// faults are what is broken now, by what of the poller.
type faults struct {
	poller *Poller
	mu     sync.Mutex
	broken map[string]brokenness
}

type brokenness struct {
	since, told time.Time
	text        string
}

// outcome notes how a round of a stream ended. Where its request was not authorized, the token may be dead, which is
// another fault than a permission that it lacks.
func (p *Poller) outcome(ctx context.Context, what string, err error) error {
	var fault *api.Fault
	if errors.As(err, &fault) && fault.Status == http.StatusUnauthorized {
		if dead := p.identify(ctx); dead != nil {
			return p.settled("", dead)
		}
	}
	if err == nil {
		_ = p.settled("", nil) // the token works
	}
	return p.settled(what, err)
}

// settled notes how a round ended. It announces what is broken, once and then hourly, and that it no longer is. What it
// returns ends the session.
func (p *Poller) settled(what string, err error) error {
	var fault *api.Fault
	if err != nil && p.Alone && what == "" && errors.As(err, &fault) && fault.Status == http.StatusUnauthorized {
		return errors.New(cure("", err))
	}
	f := &p.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	before, was := f.broken[what]
	now := time.Now()
	name := what
	if name == "" {
		name = "the access token"
	}
	entry := p.Log.WithField("eventType", "connectorStatus").WithField("resource", name)
	switch {
	case err == nil && was:
		delete(f.broken, what)
		entry.Infof("%s is polled again", name)
	case err == nil:
	case errors.As(err, &fault) && fault.Passing() && !was:
		// it is tried again; what lasts is announced
		f.set(what, brokenness{since: now, text: cure(what, err)})
	case now.Sub(before.told) >= repeatAfter || !was:
		text := cure(resourceOf(what), err)
		if what == "" {
			text = cure("", err)
		}
		f.set(what, brokenness{since: before.sinceOr(now), told: now, text: text})
		entry.Warnf("%s can not be polled, and is tried again: %s", name, text)
	}
	return nil
}

func (f *faults) set(what string, b brokenness) {
	if f.broken == nil {
		f.broken = map[string]brokenness{}
	}
	f.broken[what] = b
}

func (b brokenness) sinceOr(now time.Time) time.Time {
	if b.since.IsZero() {
		return now
	}
	return b.since
}

// resourceOf drops what is behind a stream's name.
func resourceOf(what string) string {
	for i, c := range what {
		if c == ' ' {
			return what[:i]
		}
	}
	return what
}
