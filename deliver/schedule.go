package deliver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A job is a message on its way.
type job struct {
	of       *delivery
	message  *message
	n        int64 // which document of the session it is of
	lane     string
	size     int64 // of the budget that it holds
	begun    time.Time
	failures int
	due      time.Time
	others   int64 // that had been delivered when it failed first
}

// A schedule sends messages: those of a lane one after the other, those of others beside them, as far as the brake lets them.
type schedule struct {
	to   *Destination
	ctx  context.Context
	stop context.CancelCauseFunc
	*record

	mu        sync.Mutex
	lanes     map[string][]*job // that wait behind the one that is first, or in flight
	waiting   []*job            // first ones of lanes, in the order in which they take turns
	inFlight  int
	pending   int
	idle      chan struct{} // closed once nothing is pending; nil while nobody waits
	brake     brake
	limiter   *rate.Limiter
	timer     *time.Timer
	delivered int64
	parked    int64 // for their own fault
	requests  sync.WaitGroup
}

// Bounds of failures.
const (
	// mostFailures of one message while others pass, then it is parked: it is what fails, not the destination.
	mostFailures = 8
	// firstParked of a session, with nothing delivered, are no faults of documents.
	firstParked = 20
)

func newSchedule(ctx context.Context, to *Destination, r *record) *schedule {
	s := &schedule{to: to, record: r, lanes: map[string][]*job{}, limiter: rate.NewLimiter(rate.Inf, 1),
		brake: brake{concurrency: to.concurrency, allowed: to.concurrency}}
	s.ctx, s.stop = context.WithCancelCause(ctx)
	if to.perSecond > 0 {
		s.limiter = rate.NewLimiter(rate.Limit(to.perSecond), max(1, int(to.perSecond)))
	}
	s.timer = time.AfterFunc(time.Hour, s.wake)
	s.timer.Stop()
	return s
}

// close ends what is in flight.
func (s *schedule) close() {
	s.stop(context.Canceled)
	s.timer.Stop()
	s.requests.Wait()
}

// fail ends the session for a reason.
func (s *schedule) fail(err error) { s.stop(err) }

// err is why the session ended; nil while it goes on.
func (s *schedule) err() error {
	if s.ctx.Err() == nil {
		return nil
	}
	return context.Cause(s.ctx)
}

// add puts a message at the end of its lane.
func (s *schedule) add(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending++
	if j.lane != "" {
		if queue, busy := s.lanes[j.lane]; busy {
			s.lanes[j.lane] = append(queue, j)
			return
		}
		s.lanes[j.lane] = nil
	}
	s.waiting = append(s.waiting, j)
	s.dispatch(time.Now())
}

func (s *schedule) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dispatch(time.Now())
}

// dispatch begins requests as far as the brake lets it, and sets the timer to when it may do more.
func (s *schedule) dispatch(now time.Time) {
	for s.inFlight < s.brake.allowed && len(s.waiting) > 0 && s.ctx.Err() == nil {
		wait := s.brake.next.Sub(now)
		at, soonest := -1, time.Time{}
		for i, j := range s.waiting {
			if !j.due.After(now) {
				at = i
				break
			}
			if soonest.IsZero() || j.due.Before(soonest) {
				soonest = j.due
			}
		}
		if at < 0 {
			wait = max(wait, soonest.Sub(now))
		}
		if wait > 0 {
			s.timer.Reset(wait)
			return
		}
		j := s.waiting[at]
		copy(s.waiting[1:at+1], s.waiting[:at]) // it is near the front, where those behind it stay
		s.waiting[0], s.waiting = nil, s.waiting[1:]
		s.inFlight++
		s.requests.Add(1)
		go s.attempt(j)
	}
}

// attempt makes the requests of a message once, and settles it or puts it at the end of those that take turns.
func (s *schedule) attempt(j *job) {
	defer s.requests.Done()
	a := s.exchange(j)
	if s.ctx.Err() != nil {
		return // what was answered is asked again, by who comes next
	}
	of, n, next := a.class(j.of), j.failures+1, time.Duration(0)
	if of != passing {
		s.attempted(j, a, of, n, 0) // nobody else waits for who reads the log
	}
	s.mu.Lock()
	s.inFlight--
	now := time.Now()
	switch of {
	case succeeded:
		s.delivered++
		s.brake.succeeded()
		s.settle(j, "")
	case ofOne:
		s.brake.succeeded() // it answers
		s.parkOne(j, a.says())
	case ofAll:
		s.fail(s.to.refusedAll(a))
	default:
		next = s.failed(j, a, now)
	}
	s.dispatch(now)
	s.mu.Unlock()
	if of == passing {
		s.attempted(j, a, of, n, next)
	}
}

// exchange makes the requests. A token that is no longer taken is replaced once.
func (s *schedule) exchange(j *job) answer {
	once := func(ctx context.Context, m *message) answer {
		if err := s.limiter.Wait(ctx); err != nil {
			return answer{err: err}
		}
		return s.to.exchange(ctx, m, time.Now())
	}
	do := func(ctx context.Context, m *message) answer {
		a := once(ctx, m)
		if tokens := s.to.authorize.tokens; tokens != nil && a.status == http.StatusUnauthorized {
			tokens.forget()
			a = once(ctx, m)
		}
		return a
	}
	if j.message.plan != nil {
		return j.message.plan(s.ctx, do)
	}
	return do(s.ctx, j.message)
}

// failed puts a message back that failed in passing, or parks it where others pass and it does not. It returns how long it waits.
func (s *schedule) failed(j *job, a answer, now time.Time) time.Duration {
	if j.failures++; j.failures == 1 {
		j.others = s.delivered
	}
	if j.failures >= mostFailures && s.delivered > j.others {
		s.settle(j, fmt.Sprintf("%s, %d times, while others passed", a.says(), j.failures))
		return 0
	}
	asks := a.comesBack(now)
	s.brake.failed(now, a.says(), asks)
	if s.brake.failures > 1 && now.Sub(s.brake.since) > s.to.patience {
		s.fail(fmt.Errorf("%s fails for %v: %s; nothing is skipped, and all is tried again when the task is restarted", s.to.address.Host, now.Sub(s.brake.since).Round(time.Second), a.says()))
		return 0
	}
	j.due = now.Add(backoff(j.failures))
	if asks > 0 {
		j.due = later(j.due, now.Add(asks))
	}
	s.waiting = append(s.waiting, j)
	return later(j.due, s.brake.next).Sub(now)
}

// parkOne parks a message for its own fault. If that is all that a session's first have, it is not theirs.
func (s *schedule) parkOne(j *job, reason string) {
	if s.parked++; s.delivered == 0 && s.parked >= firstParked {
		s.fail(fmt.Errorf("the first %d events of this session are all refused by %s, the last with: %s; mend the delivery %s, nothing is skipped", s.parked, s.to.address.Host, reason, j.of.name))
		return
	}
	s.settle(j, reason)
}

// settle ends a message's way: delivered, or parked for a reason. The next of its lane follows.
func (s *schedule) settle(j *job, reason string) {
	s.settled(j, reason)
	j.of.room.Release(j.size)
	s.pending--
	if j.lane != "" {
		if queue := s.lanes[j.lane]; len(queue) > 0 {
			s.waiting, s.lanes[j.lane] = append(s.waiting, queue[0]), queue[1:]
		} else {
			delete(s.lanes, j.lane)
		}
	}
	if s.pending == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// drain waits until all that was added is settled.
func (s *schedule) drain(ctx context.Context) error {
	s.mu.Lock()
	if s.pending == 0 {
		s.mu.Unlock()
		return s.err()
	}
	s.idle = make(chan struct{})
	idle := s.idle
	s.mu.Unlock()
	select {
	case <-idle:
		return s.err()
	case <-s.ctx.Done():
		return s.err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refusedAll is the end of a session that a destination wants nothing of.
func (d *Destination) refusedAll(a answer) error {
	text := fmt.Sprintf("%s: %s", d.address.Host, a.says())
	if cure := a.cure(); cure != "" {
		text += "; " + cure
	}
	return errors.New(text + "; nothing is skipped")
}
