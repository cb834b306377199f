package poll

import (
	"context"
	"fmt"
	"sync"
	"time"

	"source-intercom-ingest/intercom/api"

	"github.com/sirupsen/logrus"
)

// A progress is how far a backfill has come. It is safe for concurrent use.
type progress struct {
	mu      sync.Mutex
	running bool
	began   time.Time
	done    int64
	total   int64
	here    int64 // rows of this session
}

func (p *progress) begin(b *backfill) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b == nil || p.running {
		return
	}
	p.running, p.began, p.done, p.total, p.here = true, time.Now(), b.Done, b.Total, 0
}

func (p *progress) expect(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total = int64(max(total, 0))
}

func (p *progress) read(rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += int64(rows)
	p.here += int64(rows)
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = false
}

// ratio is how much is read, from 0 to 1.
func (p *progress) ratio() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.running:
		return 1
	case p.total == 0:
		return 0
	}
	return min(1, float64(p.done)/float64(p.total))
}

// rows are how many are read and how many there are.
func (p *progress) rows() (done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done, p.total
}

// left is how long the rest takes at the pace so far; zero where that is not known.
func (p *progress) left() time.Duration {
	if p.here == 0 || p.total <= p.done {
		return 0
	}
	return time.Duration(float64(time.Since(p.began)) / float64(p.here) * float64(p.total-p.done)).Round(time.Second)
}

// A status tells people how it stands.
type status struct {
	poller   *Poller
	asks     int64
	asked    time.Time
	limited  time.Time // when it was told that requests wait
	streamed bool
	hourly   time.Time
}

// Times between lines.
const (
	statusEvery = 30 * time.Second
	firstStatus = 2 * time.Second // and between looks at what waits
	missedEvery = time.Hour

	limitedEvery = 5 * time.Minute
)

// run tells how it stands until ctx ends.
func (s *status) run(ctx context.Context) error {
	s.asked, s.hourly = time.Now(), time.Now()
	for told := (time.Time{}); ; {
		if err := api.Sleep(ctx, firstStatus); err != nil {
			return err
		}
		s.tellLimited()
		if time.Since(told) >= statusEvery {
			told = time.Now()
			s.tell()
		}
	}
}

func (s *status) line() *logrus.Entry {
	return s.poller.Log.WithField("eventType", "connectorStatus")
}

func (s *status) tell() {
	perMinute := s.pace()
	backfilling := 0
	for _, of := range s.poller.streams {
		searched, ok := of.(*searched)
		if !ok {
			continue
		}
		if fields, ok := searched.progress.fields(); ok {
			backfilling++
			fields["resource"], fields["requestsPerMinute"] = of.name(), perMinute
			text := fmt.Sprintf("backfilling %s: %d rows", of.name(), fields["rows"])
			if total := fields["total"].(int64); total > 0 {
				text = fmt.Sprintf("backfilling %s: %d of %d rows, %d %%, %d requests a minute", of.name(), fields["rows"], total, fields["percent"], perMinute)
			}
			if left := fields["left"].(string); left != "" {
				text += ", " + left + " left"
			}
			s.line().WithFields(fields).Info(text)
		}
	}
	if backfilling > 0 {
		s.streamed = false
	} else if !s.streamed {
		s.streamed = true
		s.line().Infof("streaming changes of %d resources of Intercom's API", len(s.poller.streams))
	}
	if time.Since(s.hourly) >= missedEvery {
		s.hourly = time.Now()
		s.tellMissed()
	}
}

// tellLimited tells that requests wait for the rate limit, when they begin to and then from time to time.
func (s *status) tellLimited() {
	requests, wait := s.poller.client.Load().Held()
	switch {
	case requests == 0:
		s.limited = time.Time{}
	case wait > 0 && time.Since(s.limited) >= limitedEvery:
		s.limited = time.Now()
		remaining, limit := s.poller.client.Load().Rate()
		s.line().WithFields(logrus.Fields{"waiting": requests, "limit": limit, "remaining": remaining}).
			Infof("waiting for the rate limit of Intercom's API: %d requests wait, the next at most %v", requests, wait.Round(time.Second/10))
	}
}

// tellMissed tells what Intercom has lost.
func (s *status) tellMissed() {
	for _, of := range s.poller.streams {
		n := 0
		switch of := of.(type) {
		case *searched:
			n = of.missed.news()
		case *listed:
			n = of.missed.news()
		}
		if n > 0 {
			s.line().WithField("resource", of.name()).WithField("missed", n).
				Warnf("%d changes of %s were found that no notification told; they are captured", n, of.name())
		}
	}
}

// pace is how many requests were made a minute, since it was asked last.
func (s *status) pace() int {
	asks, now := s.poller.metrics.asks.Load(), time.Now()
	perMinute := int(float64(asks-s.asks) / now.Sub(s.asked).Minutes())
	s.asks, s.asked = asks, now
	return perMinute
}

func (p *progress) fields() (logrus.Fields, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running {
		return nil, false
	}
	percent, left := int64(0), ""
	if p.total > 0 {
		percent = min(100, 100*p.done/p.total)
	}
	if d := p.left(); d > 0 {
		left = d.String()
	}
	return logrus.Fields{"rows": p.done, "total": p.total, "percent": percent, "left": left}, true
}
