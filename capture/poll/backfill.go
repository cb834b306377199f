package poll

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
)

const (
	// maxRangeRows are walked in one go. What has more is cut.
	maxRangeRows = 15_000
	// maxRanges are open at a time, as the state has them.
	maxRanges = 64
	// rangesAtATime are walked: one search takes up to some seconds, and the fetches behind it fill the rest.
	rangesAtATime = 4
)

// rest reads the history of the bindings that have not read theirs.
func (s *searched) rest(ctx context.Context) error {
	for !s.started() { // the first round begins the states
		if err := api.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	jobs := map[string][]*kept{} // those that have the same left are read together
	for _, k := range s.states {
		if b := s.writer.read(k).Backfill; b != nil {
			left, _ := json.Marshal(b) // of numbers
			jobs[string(left)] = append(jobs[string(left)], k)
		}
	}
	for _, of := range jobs {
		if err := s.history(ctx, of); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// A history is what some bindings have left to read.
type history struct {
	*searched
	bindings []*kept
	look     look
	mu       sync.Mutex
	taken    map[int64]bool // ranges that are walked, by where they begin
}

func (s *searched) history(ctx context.Context, of []*kept) error {
	h := &history{searched: s, bindings: of, taken: map[int64]bool{}}
	h.look = look{source: byBackfill, from: s.start(), to: of}
	s.progress.begin(s.writer.read(of[0]).Backfill)
	if err := h.count(ctx); err != nil {
		return err
	}
	group, within := errgroup.WithContext(ctx)
	for range rangesAtATime {
		group.Go(func() error { return h.work(within) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.progress.end()
	return s.advance(ctx, of, func(st *state) { st.Backfill = nil })
}

// count asks once how many rows there are.
func (h *history) count(ctx context.Context) error {
	b := h.read(h.bindings[0]).Backfill
	if b.Total > 0 || len(b.Ranges) != 1 {
		return nil
	}
	w := walk{searched: h.searched, lane: api.Live, from: b.Ranges[0][0], to: b.Ranges[0][2], descending: true, tries: 2}
	total := 0
	w.total = func(rows int) bool { total = rows; return false }
	if err := w.run(ctx); err != nil && ctx.Err() != nil {
		return err // without a total there is only no percentage
	}
	h.progress.expect(total)
	return h.advance(ctx, h.bindings, func(st *state) { st.Backfill.Total = int64(max(total, 0)) })
}

// work walks ranges until none is left for it.
func (h *history) work(ctx context.Context) error {
	for {
		r, left := h.next()
		switch {
		case r != nil:
			err := h.walk(ctx, *r)
			h.free(r[0])
			if err != nil {
				return err
			}
		case !left:
			return nil
		default: // another may cut what it walks
			if err := api.Sleep(ctx, 20*time.Millisecond); err != nil {
				return err
			}
		}
	}
}

// next takes the newest range that nobody walks. left tells that there are some that others walk.
func (h *history) next() (r *[3]int64, left bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.read(h.bindings[0]).Backfill // under the lock: a range that is done is gone from it before it is free
	slices.SortFunc(b.Ranges, func(a, b [3]int64) int { return int(b[0] - a[0]) })
	for i := range b.Ranges {
		if !h.taken[b.Ranges[i][0]] {
			h.taken[b.Ranges[i][0]] = true
			return &b.Ranges[i], true
		}
	}
	return nil, len(b.Ranges) > 0
}

func (h *history) free(from int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.taken, from)
}

// walk reads a range, the newest rows first, or cuts it in two where that is too much for one walk.
func (h *history) walk(ctx context.Context, r [3]int64) error {
	if r[2] <= r[0] {
		return h.update(ctx, r[0], 0)
	}
	mid, cuts := h.middle(r)
	cut := false
	w := walk{searched: h.searched, lane: api.Backfill, from: r[0], to: r[2], descending: true}
	w.total = func(rows int) bool {
		cut = rows > maxRangeRows && cuts && len(h.read(h.bindings[0]).Backfill.Ranges) < maxRanges
		return !cut
	}
	last := 0
	err := h.readOver(ctx, w, h.look, func(done int64, rows int, ends bool) error {
		h.progress.read(rows)
		if ends {
			last = rows
			return nil
		}
		return h.advance(ctx, h.bindings, func(st *state) {
			st.Backfill.Done += int64(rows)
			for i := range st.Backfill.Ranges {
				if st.Backfill.Ranges[i][0] == r[0] {
					st.Backfill.Ranges[i][2] = min(st.Backfill.Ranges[i][2], done)
				}
			}
		})
	})
	if err != nil {
		return err
	}
	if cut {
		return h.update(ctx, r[0], 0, [3]int64{mid, r[2], r[2]}, [3]int64{r[0], mid, mid})
	}
	return h.update(ctx, r[0], last)
}

// update replaces a range, of which so many rows more are read.
func (h *history) update(ctx context.Context, from int64, rows int, by ...[3]int64) error {
	return h.advance(ctx, h.bindings, func(st *state) {
		st.Backfill.Done += int64(rows)
		st.Backfill.Ranges = slices.DeleteFunc(st.Backfill.Ranges, func(r [3]int64) bool { return r[0] == from })
		st.Backfill.Ranges = append(st.Backfill.Ranges, by...)
	})
}

// oldest is when Intercom began. Nothing was updated before, so that nothing needs to be searched for there in halves.
const oldest = 1293840000 // 2011

// middle is where a range is cut: at a second, or where days are searched at the beginning of one. cuts tells that it can be.
func (h *history) middle(r [3]int64) (mid int64, cuts bool) {
	from := r[0]
	if from < oldest && r[2] > oldest {
		from = oldest
	}
	mid = from + (r[2]-from)/2
	if h.searched.of.Way == intercom.ByDay {
		at := unix(mid).In(h.zone.Load())
		mid = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location()).Unix()
		if mid <= r[0] {
			mid = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, at.Location()).Unix()
		}
	}
	return mid, mid > r[0] && mid < r[2]
}
