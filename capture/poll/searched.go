package poll

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
	"source-intercom-ingest/spec"
)

// A searched is the stream of objects that are searched by when they were updated, and of what is in them.
type searched struct {
	*Poller
	of                    intercom.Resource
	self, parts, children *Binding // those that are bound
	lens                  lens
	states                []*kept
	writer
	sizes     sizes
	gets      *semaphore.Weighted
	interval  time.Duration
	origin    int64 // up to where an earlier session has read; what was updated later may have been missed
	missed    missed
	swept     map[uint64]uint64 // digests of what the last daily sweep read
	deletions deletions
	progress  progress
	holes     atomic.Int64
}

func newSearched(p *Poller, of intercom.Resource, state *kept) *searched {
	return &searched{
		Poller: p, of: of, states: []*kept{state}, writer: writer{outlet: p.out},
		lens: newLens(pointers(spec.Polled{Resource: of})...), gets: semaphore.NewWeighted(inFlight),
	}
}

// prepared settles what depends on which bindings there are.
func (s *searched) prepared() *searched {
	s.interval = time.Duration(math.MaxInt64)
	for _, k := range s.states {
		if k.Every > 0 {
			s.interval = min(s.interval, k.Every)
		}
	}
	if s.interval == math.MaxInt64 {
		s.interval = usualInterval
	}
	return s
}

// usualInterval is that of parts whose parents are not bound, and none is configured.
const usualInterval = 5 * time.Minute

func (s *searched) name() string {
	if s.self == nil && s.parts != nil {
		return s.parts.Name
	}
	if s.children != nil {
		return s.children.Name
	}
	return s.of.Name
}

func (s *searched) every() time.Duration { return s.interval }

// A look says what objects are read for.
type look struct {
	source string
	from   int64 // what was created since is new
	to     []*kept
	sweep  bool // whether what is found is news to nobody who was notified
	deep   bool // once more, by content
}

// includes tells that a look is for a binding.
func (l look) includes(b *Binding) bool {
	return b != nil && (l.to == nil || slices.ContainsFunc(l.to, func(k *kept) bool { return k.Binding == b }))
}

// takeAll emits what rows of a page stand for. Those whose objects can not be read come back.
func (s *searched) takeAll(ctx context.Context, rows []row, l look) (failed []row, err error) {
	outcomes := make([]error, len(rows))
	if !s.fetches() {
		for i, r := range rows {
			if outcomes[i] = s.take(ctx, r, l); ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	} else {
		if err := s.takeTogether(ctx, rows, outcomes, l); err != nil {
			return nil, err
		}
	}
	for i, err := range outcomes {
		var fault *api.Fault
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &fault) && !fault.Denied():
			failed = append(failed, rows[i])
		default:
			return nil, err
		}
	}
	if len(failed) > 0 {
		if err := s.outage(ctx, len(failed), len(rows)); err != nil {
			return nil, err
		}
	}
	return failed, ctx.Err()
}

// outage tells objects that are not answered from an API that answers none: then nothing is stepped over.
func (s *searched) outage(ctx context.Context, failed, of int) error {
	if _, err := s.client.Load().Me(ctx, 2); err != nil {
		return err
	}
	const few = 2
	if of > few && failed > of/2 {
		return errManyHoles
	}
	return nil
}

// rowsAtATime of one page are fetched. Several pages are read at a time.
const rowsAtATime = 32

// takeTogether takes rows that need requests, several at a time.
func (s *searched) takeTogether(ctx context.Context, rows []row, outcomes []error, l look) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(rowsAtATime, len(rows)) {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(rows); i = int(next.Add(1)) - 1 {
				if err := s.gets.Acquire(ctx, 1); err != nil {
					return err
				}
				outcomes[i] = s.take(ctx, rows[i], l)
				s.gets.Release(1)
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

// fetches tells that objects need more requests than the search.
func (s *searched) fetches() bool {
	return s.children != nil || s.parts != nil && s.of.Name == "conversations" || s.self != nil && s.of.Name == "contacts"
}

// take emits what a row stands for, unless that is known.
func (s *searched) take(ctx context.Context, r row, l look) error {
	v := version{at: r.at, row: digest(r.text)}
	if r.at < s.start() {
		return nil
	}
	lane := api.Live
	if l.source == byBackfill || l.deep {
		lane = api.Backfill
	}
	news, unseen := s.news(r.id, v, l)
	switch {
	case unseen && s.children == nil:
		return s.fetch(ctx, r.id, v, lane, getTries, l)
	case !news:
		return nil
	case s.children != nil:
		return s.takeChildren(ctx, r.id, v, l)
	case s.parts != nil && s.of.Name == "conversations" && l.includes(s.parts):
		return s.fetch(ctx, r.id, v, lane, getTries, l)
	}
	o, err := s.lens.read(r.text)
	if err != nil {
		s.unreadable(err)
		return nil
	}
	defer o.Release()
	return s.complete(ctx, o, r.id, v, lane, l)
}

// getTries of one object, before its second is stepped over.
const getTries = 5

// news tells that a row is worth reading further, and that it is of an object which was not found by its id lately: then
// either the search is late, or that was too soon.
func (s *searched) news(id string, v version, l look) (news, unseen bool) {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	same := s.swept[idDigest(id)] == v.row
	s.sweepNote(id, v.row)
	before, ok := s.known.of(id)
	if _, news := v.news(before, ok); !news {
		return false, before.unseen
	}
	return !l.deep || !same, false
}

// fetch gets an object by its id and emits it, or that it is gone.
func (s *searched) fetch(ctx context.Context, id string, v version, lane api.Lane, tries int, l look) error {
	b, err := s.ask(ctx, api.Request{
		Method: "GET", Endpoint: s.of.Item + "{id}", Path: s.of.Item + segment(id), Lane: lane, Tries: tries,
	}, objectBytes)
	var fault *api.Fault
	if errors.As(err, &fault) && fault.Gone() {
		return s.remove(ctx, id, s.now(), l.source, true)
	}
	if err != nil {
		return err
	}
	defer b.release()
	s.found(id)
	o, err := s.lens.read(b.Bytes())
	if err != nil {
		return &api.Fault{Status: http.StatusOK, Err: err}
	}
	defer o.Release()
	if at, ok := o.seconds("/" + s.of.Order); ok {
		if at > v.at {
			v.row = 0 // it is another's
		}
		v.at = max(v.at, at)
	}
	v.whole = digest(b.Bytes())
	return s.complete(ctx, o, id, v, lane, l)
}

// complete reads what is left of an object and emits it.
func (s *searched) complete(ctx context.Context, o object, id string, v version, lane api.Lane, l look) error {
	edits, gone, err := s.sublists(ctx, o, id, lane)
	if err != nil {
		return err
	}
	if gone {
		return s.remove(ctx, id, s.now(), l.source, true)
	}
	at, _ := o.seconds("/" + s.of.Order)
	m := s.metaNow(updated, l.source)
	m.updatedAt = at
	since, isNew := o.seconds("/created_at")
	isNew = isNew && since >= l.from
	return s.emit(ctx, id, v, l, func(first bool) error {
		if first && isNew {
			m.op = created
		}
		if l.includes(s.self) {
			own := edits
			if list := o.at(s.partsAt()); list.End > 0 {
				own = o.without(slices.Clone(edits), s.partsAt()[1:])
			}
			if err := s.document(ctx, s.self, o, m, own); err != nil {
				return err
			}
		}
		if l.includes(s.parts) {
			return s.partsOf(ctx, o, id, at, m)
		}
		return nil
	})
}

// partsAt is where an object has its parts.
func (s *searched) partsAt() string {
	switch s.of.Name {
	case "conversations":
		return "/conversation_parts"
	case "tickets":
		return "/ticket_parts"
	}
	return "/"
}
