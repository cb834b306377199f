package commit

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// A Share is a part of a budget whose holders wait for room, instead of being told to come back.
type Share struct {
	budget *Budget
	most   int64
	room   *semaphore.Weighted
}

// Share returns one of so many bytes.
func (b *Budget) Share(most int64) *Share {
	return &Share{budget: b, most: most, room: semaphore.NewWeighted(most)}
}

// Most is how many bytes may be held.
func (s *Share) Most() int64 { return s.most }

// Take waits for room, the first come first, and returns how many bytes it took: at most all there are. Whoever waits
// while it holds some may wait for ever. Its error is that of ctx.
func (s *Share) Take(ctx context.Context, n int64) (taken int64, err error) {
	n = min(n, s.most)
	if err := s.room.Acquire(ctx, n); err != nil {
		return 0, err
	}
	s.budget.held.Add(n)
	return n, nil
}

// TryTake takes bytes if there is room for all of them now.
func (s *Share) TryTake(n int64) bool {
	if !s.room.TryAcquire(n) {
		return false
	}
	s.budget.held.Add(n)
	return true
}

// Give returns what was taken.
func (s *Share) Give(n int64) {
	s.budget.held.Add(-n)
	s.room.Release(n)
}
