// Package poll is one object's way from Intercom's API to its commit:
//
//	due ─ query ─ page ─ known? ─ (parts) ─ documents ─ commit, with the state that follows from it
//
// Objects that are searched have a change feed from the first moment on, which overlaps what it read before, and beside it a
// backfill of the history, cut into ranges of time. Lists are read whole and compared. A notification only says that an object
// is due; the object comes from the API, so that a collection has one shape. Nothing here stops or slows webhooks: it has a
// share of the memory of its own, and what the API denies is announced, and tried again.
package poll

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
	"source-intercom-ingest/spec"
)

// Shares of the budget, of which polling has a quarter: most of that for answers that are read, the rest for documents that
// the runtime has not acknowledged.
const (
	budgetShare = 4
	frameShare  = 8
)

// A Config says what is polled, and where it leaves.
type Config struct {
	Access     spec.Access
	Bindings   []*Binding
	State      map[string]json.RawMessage // by state key
	Alone      bool                       // no webhooks are taken beside it, so that a dead token ends the session
	Transactor *commit.Transactor
	Log        *logrus.Logger
	Registry   prometheus.Registerer
	// Workspace hears the id of the token's workspace once it is known.
	Workspace func(id string)
}

// A Poller polls for one session.
type Poller struct {
	Config
	client  atomic.Pointer[api.Client]
	bodies  *commit.Share
	out     *outlet
	metrics *metrics
	me      atomic.Pointer[api.Me]
	zone    atomic.Pointer[time.Location]
	streams []stream
	refresh *refreshes
	faults  faults
	scroll  sync.Mutex // a workspace has one at a time
	status  status
}

// A stream is what is polled together, on its own.
type stream interface {
	name() string
	every() time.Duration
	// round looks once for what has changed.
	round(ctx context.Context) error
	// rest does what goes on beside the rounds until it is done, such as a backfill.
	rest(ctx context.Context) error
	// flush hands over what a round that failed has left.
	flush(ctx context.Context) error
}

// New makes a poller. Its errors are those of the state.
func New(c Config) (*Poller, error) {
	p := &Poller{Config: c}
	p.metrics = newMetrics(p)
	for _, b := range c.Bindings {
		b.documents = p.metrics.documents.WithLabelValues(b.Name)
		p.metrics.invalid.WithLabelValues(b.Name) // which shows those without any as 0
	}
	base := c.Access.BaseURL
	if base == "" {
		base = api.BaseURL("")
	}
	client, err := api.New(api.Config{
		BaseURL: base, Token: c.Access.Token, Version: c.Access.Version, Share: c.Access.Share,
		Transport: transport(), Observe: p.metrics.asked,
	})
	if err != nil {
		return nil, err
	}
	p.client.Store(client)
	p.zone.Store(time.UTC)
	budget := c.Transactor.Budget()
	quarter := budget.Total() / budgetShare
	p.bodies = budget.Share(quarter - quarter/frameShare)
	p.out = &outlet{
		transactor: c.Transactor, frames: c.Transactor.Frames(),
		share: budget.Share(quarter / frameShare), pieces: semaphore.NewWeighted(maxPieces),
	}
	p.refresh = newRefreshes(p)
	p.faults.poller, p.status.poller = p, p
	return p, p.arrange()
}

// Run polls until ctx ends. It fails where nothing else is captured and the token is dead.
func (p *Poller) Run(ctx context.Context) error {
	if err := p.connect(ctx); err != nil {
		return err
	}
	loops, ctx := errgroup.WithContext(ctx)
	for _, s := range p.streams {
		loops.Go(func() error { return p.loop(ctx, s) })
		loops.Go(func() error { return p.persist(ctx, s) })
	}
	loops.Go(func() error { return p.refresh.run(ctx) })
	loops.Go(func() error { return p.status.run(ctx) })
	loops.Go(func() error { return p.renew(ctx) })
	return loops.Wait()
}

// loop looks for what has changed, at intervals.
func (p *Poller) loop(ctx context.Context, s stream) error {
	for {
		began := time.Now()
		err := s.round(ctx)
		if err != nil {
			_ = s.flush(ctx) // whose error is that of ctx
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if fatal := p.outcome(ctx, s.name(), err); fatal != nil {
			return fatal
		}
		wait := s.every() - time.Since(began)
		if err != nil {
			wait = min(max(wait, time.Second), retryAfter)
		}
		if err := api.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// retryAfter is the longest wait after a round that failed.
const retryAfter = time.Minute

// persist does what goes on beside the rounds, again where it fails.
func (p *Poller) persist(ctx context.Context, s stream) error {
	for wait := time.Second; ; wait = min(2*wait, retryAfter) {
		err := s.rest(ctx)
		if err != nil {
			_ = s.flush(ctx) // whose error is that of ctx
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if fatal := p.outcome(ctx, s.name()+" backfill", err); fatal != nil || err == nil {
			return fatal
		}
		if err := api.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// now is the API's time.
func (p *Poller) now() time.Time { return p.client.Load().Now() }

// horizon is the last second that is over for the API.
func (p *Poller) horizon() int64 {
	const settling = 5 // seconds
	return p.now().Unix() - settling
}

// workspace is the id of the token's, once connected.
func (p *Poller) workspace() string { return p.me.Load().App.IDCode }

// arrange makes the streams of the bindings.
func (p *Poller) arrange() error {
	byName := map[string]*Binding{}
	for _, b := range p.Bindings {
		if b.Way != intercom.Custom {
			byName[b.Name] = b
		}
	}
	for _, b := range p.Bindings {
		if b.Object != "" {
			p.metrics.missed.WithLabelValues(cmp.Or(b.Parent, b.Name)) // the same
		}
		s, err := p.streamOf(b, byName)
		if err != nil {
			return fmt.Errorf("the state of %s under %q: %w", b.collection, b.stateKey, err)
		}
		if s != nil {
			p.streams = append(p.streams, s)
		}
	}
	return nil
}

func (p *Poller) streamOf(b *Binding, byName map[string]*Binding) (stream, error) {
	kept, err := p.keptOf(b)
	if err != nil {
		return nil, err
	}
	switch {
	case b.Way == intercom.Parts && byName[b.Parent] != nil:
		return nil, nil // its parent's stream has it
	case b.Way == intercom.BySearch || b.Way == intercom.ByDay:
		s := newSearched(p, b.Resource, kept)
		s.self = b
		for _, other := range p.Bindings {
			if other.Way == intercom.Parts && other.Parent == b.Name {
				keptParts, err := p.keptOf(other)
				if err != nil {
					return nil, err
				}
				s.parts = other
				s.states = append(s.states, keptParts)
			}
		}
		return s.prepared(), nil
	case b.Way == intercom.Parts:
		parent, _ := intercom.ResourceOf(b.Parent)
		s := newSearched(p, parent, kept)
		s.parts = b
		return s.prepared(), nil
	case b.Way == intercom.Children && b.Parent == "contacts":
		parent, _ := intercom.ResourceOf(b.Parent)
		s := newSearched(p, parent, kept)
		s.children = b
		return s.prepared(), nil
	case b.Way == intercom.Log:
		return newLogged(p, b, kept), nil
	}
	return newListed(p, b, kept), nil
}

// A kept is the state of a binding, as it is and as the runtime has it.
type kept struct {
	*Binding
	state
	told any // as the last checkpoint left it
}

func (p *Poller) keptOf(b *Binding) (*kept, error) {
	s, err := readState(p.State[b.stateKey])
	k := &kept{Binding: b, state: s, told: s.values()}
	if b.counter > s.Counter { // it is to start over
		k.state = state{V: stateVersion, Counter: b.counter}
	}
	if raw := p.State[b.stateKey]; len(raw) == 0 || string(raw) == "null" {
		k.told = map[string]any{}
	}
	return k, err
}

// advance changes states, and hands their patch over behind all that was emitted before.
func (w *writer) advance(ctx context.Context, of []*kept, change func(*state)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	patches := map[string]any{}
	for _, k := range of {
		change(&k.state)
		is := k.values()
		if p, differs := patch(k.told, is); differs {
			patches[k.stateKey] = p
		}
		k.told = is
	}
	var text []byte
	if len(patches) > 0 {
		var err error
		if text, err = json.Marshal(patches); err != nil {
			return err
		}
	}
	return w.hand(ctx, text)
}

// read returns a copy of a state that no other can change.
func (w *writer) read(k *kept) state {
	w.mu.Lock()
	defer w.mu.Unlock()
	return k.clone()
}
