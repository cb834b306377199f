package poll

import (
	"context"
	"math"
	"time"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
)

// A daily sweep reads once more what was updated in the last two days, and all open conversations and tickets: the search may
// have been later than the overlap, and some changes do not count as updates.
const (
	daily     = 24 * time.Hour
	sweptSpan = 48 * time.Hour
	// maxSwept digests are kept from one sweep to the next, so that only what has changed is emitted.
	maxSwept = 200_000
)

func (s *searched) sweepNote(id string, row uint64) {
	if s.swept == nil {
		s.swept = map[uint64]uint64{}
	}
	if key := idDigest(id); len(s.swept) < maxSwept || s.swept[key] != 0 {
		s.swept[key] = row
	}
}

// sweepDaily sweeps, if the last time was a day ago.
func (s *searched) sweepDaily(ctx context.Context) error {
	now := s.now().Unix()
	last := s.writer.read(s.states[0]).Sweep
	if last != nil && now-last.At < int64(daily.Seconds()) {
		return nil
	}
	l := look{source: byPoll, from: s.watermark() - int64(overlap.Seconds()), sweep: true, deep: true}
	walks := []walk{{from: now - int64(sweptSpan.Seconds()), to: s.horizon() + 1, descending: s.of.Way == intercom.ByDay}}
	if s.of.Way == intercom.BySearch {
		walks = append(walks, walk{from: 0, to: math.MaxInt64, open: true})
	}
	for _, w := range walks {
		w.searched, w.lane = s, api.Backfill
		if err := s.readOver(ctx, w, l, func(int64, int, bool) error { return nil }); err != nil {
			return err
		}
	}
	return s.advance(ctx, s.states, func(st *state) { st.Sweep = &moment{At: now} })
}
