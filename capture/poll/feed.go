package poll

import (
	"context"
	"errors"
	"slices"
	"time"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
)

func unix(at int64) time.Time { return time.Unix(at, 0) }

// begin gives bindings that have none their first state: the feed starts now, and history ends here.
func (s *searched) begin(ctx context.Context) error {
	cutoff := s.horizon()
	s.origin = cutoff
	for _, k := range s.states {
		if k.Inc != nil {
			s.origin = k.Inc.WM + int64(s.interval.Seconds()) // up to there the session before may have heard
		}
	}
	return s.advance(ctx, s.states, func(st *state) {
		if st.Inc != nil {
			return
		}
		st.Inc = &increment{WM: cutoff}
		st.Sweep = &moment{At: cutoff}
		st.Deleted = &moment{At: cutoff}
		if start := s.start(); start < cutoff {
			st.Backfill = &backfill{Cutoff: cutoff, Ranges: [][3]int64{{start, cutoff, cutoff}}}
		}
	})
}

// start is from when on history is read.
func (p *Poller) start() int64 {
	if p.Access.Start.IsZero() {
		return 0
	}
	return p.Access.Start.Unix()
}

// round reads what was updated since the last, and what it could not read then.
func (s *searched) round(ctx context.Context) error {
	if !s.started() {
		if err := s.begin(ctx); err != nil {
			return err
		}
	}
	if err := s.feed(ctx); err != nil {
		return err
	}
	s.metrics.lag(s.name(), s.watermark())
	if err := s.mend(ctx); err != nil {
		return err
	}
	s.countHoles()
	if s.self != nil && s.of.Name == "conversations" {
		if err := s.deletions.round(ctx, s); err != nil {
			return err
		}
	}
	if err := s.sweepDaily(ctx); err != nil {
		return err
	}
	s.missed.settle(s.Poller, s.of.Name, s.origin)
	return s.flush(ctx)
}

func (s *searched) started() bool {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return !slices.ContainsFunc(s.states, func(k *kept) bool { return k.Inc == nil }) && s.origin != 0
}

// watermark is up to where all bindings have read.
func (s *searched) watermark() int64 {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	wm := s.states[0].Inc.WM
	for _, k := range s.states {
		wm = min(wm, k.Inc.WM)
	}
	return wm
}

// feed reads what was updated since the watermark, less the overlap.
func (s *searched) feed(ctx context.Context) error {
	from, to := s.watermark()-int64(overlap.Seconds()), s.horizon()+1
	if to <= from {
		return nil // the API's clock was set back
	}
	l := look{source: byPoll, from: from, sweep: true}
	w := walk{searched: s, lane: api.Live, descending: s.of.Way == intercom.ByDay, from: from, to: to}
	return s.readOver(ctx, w, l, func(done int64, _ int, ends bool) error {
		if w.descending && !ends {
			return nil // what is older is not read yet
		}
		wm := done - 1
		if w.descending {
			wm = to - 1
		}
		return s.advance(ctx, s.states, func(st *state) { st.Inc.WM = max(st.Inc.WM, wm) })
	})
}

// maxHoles are kept in the state. Where there are more, it is the API that fails, and what is read waits for it.
const maxHoles = 64

var errManyHoles = errors.New("too many objects are not answered to go on without them")

// noteHoles keeps the seconds of rows that could not be read, to be read later.
func (s *searched) noteHoles(ctx context.Context, rows []row, l look) error {
	if len(rows) == 0 {
		return nil
	}
	of := s.states
	if l.to != nil {
		of = l.to
	}
	for _, k := range of {
		if holes := s.writer.read(k).Holes; len(holes)+len(rows) > maxHoles {
			return errManyHoles
		}
	}
	for _, r := range rows {
		s.Log.WithField("eventType", "connectorStatus").WithField("resource", s.name()).
			Warnf("Intercom's API does not answer %s that were updated at %s; they are left out and asked for again with every sweep", s.of.Name, unix(r.at).UTC().Format(time.RFC3339))
	}
	return s.advance(ctx, of, func(st *state) {
		for _, r := range rows {
			if hole := (span{r.at, r.at}); !slices.Contains(st.Holes, hole) {
				st.Holes = append(st.Holes, hole)
			}
		}
	})
}

// mend reads again what could not be read.
func (s *searched) mend(ctx context.Context) error {
	for _, k := range s.states {
		for _, hole := range s.writer.read(k).Holes {
			whole := true
			l := look{source: byPoll, from: hole[0], to: []*kept{k}}
			w := walk{searched: s, lane: api.Backfill, from: hole[0], to: hole[1] + 1, tries: 1}
			w.page = func(ctx context.Context, rows []row, _ int64, _ bool) error {
				failed, err := s.takeAll(ctx, rows, l)
				whole = whole && len(failed) == 0
				return err
			}
			err := w.run(ctx)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil || !whole {
				continue // it stays
			}
			err = s.advance(ctx, []*kept{k}, func(st *state) {
				st.Holes = slices.DeleteFunc(st.Holes, func(h span) bool { return h == hole })
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
