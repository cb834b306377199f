package poll

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
)

const (
	// refreshAfter is how long a notification's object is waited with: several notifications are one fetch, and the API has
	// settled.
	refreshAfter = 2 * time.Second
	// maxRefreshes wait. What does not fit is left to the next look.
	maxRefreshes = 10_000
	// refreshesAtATime are fetched.
	refreshesAtATime = 32
	// refreshTries of one object, before it is left to the next look.
	refreshTries = 3
)

// A refreshed is a stream whose objects notifications make due.
type refreshed interface {
	stream
	object() string // the kind, as notifications name it
	// notified notes that the object was changed then.
	notified(id string, at time.Time)
	freshen(ctx context.Context, id string) error
	deleted(ctx context.Context, id string, at time.Time) error
}

// Refreshes are the objects that notifications have made due.
type refreshes struct {
	*Poller
	mu      sync.Mutex
	waiting map[due]bool
	order   []due // the oldest first
	wake    chan struct{}
}

// A due is an object of a stream.
type due struct {
	of        refreshed
	id        string
	gone      bool
	workspace string    // empty where the notification does not say
	at        time.Time // of the deletion
	when      time.Time
}

// key tells what is due from all else.
func (d due) key() due { return due{of: d.of, id: d.id, gone: d.gone, workspace: d.workspace} }

func newRefreshes(p *Poller) *refreshes {
	return &refreshes{Poller: p, waiting: map[due]bool{}, wake: make(chan struct{}, 1)}
}

// Notice takes what a committed notification says. It never waits.
func (p *Poller) Notice(e intercom.Event) {
	at := e.OccurredAt
	if at.IsZero() {
		at = e.CreatedAt
	}
	for _, s := range p.streams {
		r, ok := s.(refreshed)
		if !ok || r.object() == "" || e.ObjectType != r.object() || e.ObjectID == "" {
			continue
		}
		if me := p.me.Load(); me != nil && e.WorkspaceID != "" && e.WorkspaceID != me.App.IDCode {
			return
		}
		r.notified(e.ObjectID, at)
		if e.Operation == "deleted" {
			p.refresh.add(due{of: r, id: e.ObjectID, gone: true, at: at, workspace: e.WorkspaceID})
		} else {
			p.refresh.add(due{of: r, id: e.ObjectID, workspace: e.WorkspaceID})
		}
		if e.MergedFrom != "" {
			p.refresh.add(due{of: r, id: e.MergedFrom, gone: true, at: at, workspace: e.WorkspaceID})
		}
	}
}

func (r *refreshes) add(d due) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := d.key()
	if r.waiting[key] {
		return
	}
	if len(r.waiting) >= maxRefreshes {
		return
	}
	r.waiting[key] = true
	if d.when = time.Now().Add(refreshAfter); d.gone {
		d.when = time.Time{}
		r.order = append([]due{d}, r.order...)
	} else {
		r.order = append(r.order, d)
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// next takes the first that is due, or says how long until one is.
func (r *refreshes) next() (d due, ok bool, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) == 0 {
		return d, false, time.Hour
	}
	if wait = time.Until(r.order[0].when); wait > 0 {
		return d, false, wait
	}
	d, r.order = r.order[0], r.order[1:]
	delete(r.waiting, d.key())
	return d, true, 0
}

// size is how many wait.
func (r *refreshes) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.order)
}

// run fetches what is due.
func (r *refreshes) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(refreshesAtATime)
	for ctx.Err() == nil {
		d, ok, wait := r.next()
		if ok {
			group.Go(func() error { return r.do(ctx, d) })
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.wake:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return errors.Join(group.Wait(), ctx.Err())
}

// do makes one object fresh. What fails is left to the next look, as what the API says may be of this object alone.
func (r *refreshes) do(ctx context.Context, d due) error {
	if d.workspace != "" && d.workspace != r.workspace() {
		return nil // it came before the token's workspace was known
	}
	var err error
	if d.gone {
		err = d.of.deleted(ctx, d.id, d.at)
	} else {
		err = d.of.freshen(ctx, d.id)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.Log.WithField("resource", d.of.name()).WithField("reason", err.Error()).Debug("an object that a notification was about is left to the next look")
	}
	return nil
}

func (s *searched) object() string {
	if s.children != nil {
		return ""
	}
	return s.of.Object
}

func (s *searched) notified(id string, at time.Time) { s.missed.notified(id, at.Unix()) }

func (s *searched) freshen(ctx context.Context, id string) error {
	l := look{source: byWebhook, from: s.feedFrom()}
	return s.fetch(ctx, id, version{}, api.Live, refreshTries, l)
}

// feedFrom is from when on what was created is new.
func (s *searched) feedFrom() int64 {
	if !s.started() {
		return s.horizon()
	}
	return s.watermark() - int64(overlap.Seconds())
}

func (s *searched) deleted(ctx context.Context, id string, at time.Time) error {
	if at.IsZero() {
		at = s.now()
	}
	return s.remove(ctx, id, at, byWebhook, false)
}

func (l *listed) object() string { return l.Object }

func (l *listed) notified(id string, at time.Time) { l.missed.notified(id, at.Unix()) }

func (l *listed) freshen(ctx context.Context, id string) error {
	b, err := l.ask(ctx, api.Request{Method: "GET", Endpoint: l.Item + "{id}", Path: l.Item + segment(id), Lane: api.Live, Tries: refreshTries}, objectBytes)
	var fault *api.Fault
	if errors.As(err, &fault) && fault.Gone() {
		return l.deleted(ctx, id, l.now())
	}
	if err != nil {
		return err
	}
	defer b.release()
	o, err := l.lens.read(b.Bytes())
	if err != nil {
		return err
	}
	defer o.Release()
	l.turn.Lock()
	defer l.turn.Unlock()
	r := &reading{listed: l, look: look{source: byWebhook, from: l.now().Add(-overlap).Unix()}, number: -1}
	if _, err := r.take(ctx, o, ""); err != nil {
		return err
	}
	return l.flush(ctx)
}

func (l *listed) deleted(ctx context.Context, id string, at time.Time) error {
	if at.IsZero() {
		at = l.now()
	}
	l.turn.Lock()
	defer l.turn.Unlock()
	l.writer.mu.Lock()
	defer l.writer.mu.Unlock()
	before, known := l.entries[id]
	if known && before.gone {
		return nil
	}
	l.remember(id, listedEntry{at: max(at.Unix(), before.at), gone: true})
	if err := l.remove(ctx, id, at, byWebhook); err != nil {
		return err
	}
	return l.hand(ctx, nil)
}
