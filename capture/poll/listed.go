package poll

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
)

// A listed is the stream of a list without a search: of small ones, which are read whole and compared, of those whose latest
// come first, of companies, and of what a user configures.
type listed struct {
	*Poller
	*Binding
	kept *kept
	writer
	rounds    int
	last      time.Time              // of a whole reading in this session
	entries   map[string]listedEntry // what the list had, by what identifies it
	forgetful bool                   // there is more than is remembered
	turn      sync.Mutex             // of rounds and of refreshes
	missed    missed
	origin    int64 // since when notifications are heard
}

func newListed(p *Poller, b *Binding, k *kept) *listed {
	l := &listed{Poller: p, Binding: b, kept: k, writer: writer{outlet: p.out}, entries: map[string]listedEntry{}}
	if k.Snap != nil {
		for id, short := range k.Snap.Of {
			l.entries[id] = listedEntry{short: short}
		}
	}
	return l
}

func (l *listed) name() string {
	if l.Way == intercom.Custom {
		return l.collection
	}
	return l.Binding.Name
}

func (l *listed) every() time.Duration { return l.Every }

func (l *listed) rest(context.Context) error { return nil }

// A reading is one look at a list.
type reading struct {
	*listed
	number  int
	began   time.Time
	look    look
	before  int64 // when the list was read before; zero for never
	full    bool  // to its end
	changed []string
}

// round reads the list.
func (l *listed) round(ctx context.Context) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.rounds++
	r := &reading{listed: l, number: l.rounds, began: time.Now(), look: look{source: byPoll, from: l.start()}}
	now := l.now().Unix()
	if snap := l.writer.read(l.kept).Snap; snap != nil {
		r.before, r.look.sweep = snap.At, l.Object != ""
		r.look.from = snap.At - int64(overlap.Seconds())
	} else {
		r.look.source = byBackfill
	}
	r.full = l.Way != intercom.Newest || r.before == 0 || time.Since(l.last) > daily
	if err := r.read(ctx); err != nil {
		return err
	}
	if err := r.children(ctx); err != nil {
		return err
	}
	if err := r.gone(ctx); err != nil {
		return err
	}
	if r.full {
		l.last = r.began
	}
	if l.origin == 0 {
		l.origin = max(now, r.before)
	}
	l.missed.settle(l.Poller, l.Binding.Name, l.origin)
	l.metrics.lag(l.name(), now)
	of := l.remembered()
	return l.advance(ctx, []*kept{l.kept}, func(st *state) { st.Snap = &snapshot{At: now, Of: of} })
}

// read reads all pages.
func (r *reading) read(ctx context.Context) error {
	switch {
	case r.Way == intercom.Companies, r.Way == intercom.Children:
		return r.companies(ctx)
	case len(r.Models) > 0:
		for _, model := range r.Models {
			if err := r.list(ctx, r.Path+model, model); err != nil {
				return err
			}
		}
		return nil
	}
	return r.list(ctx, r.Path, "")
}

// maxListPages end a list that never does.
const maxListPages = 100_000

func (r *reading) list(ctx context.Context, path, model string) error {
	endpoint, _, _ := strings.Cut(r.Path, "?")
	ask := api.Request{Method: "GET", Endpoint: endpoint, Path: pathOf(path), Lane: r.lane(), Tries: listTries}
	if model == "conversation" {
		ask.Path, ask.Version = r.attributes(path)
	}
	ordered, last := true, int64(0)
	return r.pages(ctx, ask, maxListPages, func(page api.Page) (bool, error) {
		r.metrics.rows.WithLabelValues(r.name()).Add(float64(len(page.Rows)))
		old := len(page.Rows) > 0
		for _, row := range page.Rows {
			at, err := r.row(ctx, row, model)
			if err != nil {
				return false, err
			}
			ordered = ordered && (last == 0 || at <= last)
			last = at
			old = old && at > 0 && at < r.before-r.reach()
		}
		return r.full || !old || !ordered, nil
	})
}

// reach is how far back a list is read whose latest come first. That of calls says nothing about its order.
func (r *reading) reach() int64 {
	if r.Binding.Name == "calls" {
		return int64(sweptSpan.Seconds())
	}
	return int64(overlap.Seconds())
}

// attributes of conversations have a list of their own since version 2.16.
func (r *reading) attributes(path string) (string, string) {
	if major, minor, ok := strings.Cut(r.Access.Version, "."); ok {
		m, err := strconv.Atoi(minor)
		if n, majorErr := strconv.Atoi(major); err == nil && majorErr == nil && (n > 2 || n == 2 && m >= 16) {
			return "/conversations/attributes", ""
		}
	}
	return pathOf(path), ""
}

// pathOf is the path and query of a list, of which a custom one may have an address: the host is that of the API all the same.
func pathOf(list string) string {
	if _, behind, ok := strings.Cut(list, "://"); ok {
		if slash := strings.IndexByte(behind, '/'); slash >= 0 {
			return behind[slash:]
		}
	}
	return list
}

// listTries of one page, before the round is given up and tried again.
const listTries = 6

func (r *reading) lane() api.Lane {
	if r.before == 0 {
		return api.Backfill
	}
	return api.Live
}

// row takes an object of the list, and returns when it was updated; zero for unknown.
func (r *reading) row(ctx context.Context, text []byte, model string) (at int64, err error) {
	o, err := r.lens.read(text)
	if err != nil {
		r.unreadable(err)
		return 0, nil
	}
	defer o.Release()
	return r.take(ctx, o, model)
}

// take emits an object if it is new or has changed.
func (r *reading) take(ctx context.Context, o object, model string) (at int64, err error) {
	at = r.updatedAt(o)
	id, ok := r.identity(o, model)
	if !ok {
		r.refused(r.Binding, errNoKey)
		return at, nil
	}
	sum := digest(o.all())
	before, known := r.entries[id]
	entry := listedEntry{digest: sum, at: at, seen: r.number, short: short(o.all())}
	// What is older than what was emitted is no news, nor in a custom list what is not newer.
	if known && at != 0 && (at < before.at || r.Updated != "" && at == before.at) {
		before.seen = r.number
		r.entries[id] = before
		return at, nil
	}
	same := known && (before.digest == sum || before.digest == 0 && before.short == entry.short)
	r.remember(id, entry)
	if same || at != 0 && r.old(at, known) {
		return at, nil
	}
	if r.Way == intercom.Children {
		r.changed = append(r.changed, id)
		return at, nil
	}
	m := r.metaOf(o, r.Binding, r.look)
	if !known && r.isNew(o) {
		m.op = created
	}
	if r.look.sweep && at > 0 {
		r.missed.found(id, at)
	}
	r.writer.mu.Lock()
	defer r.writer.mu.Unlock()
	var front []member
	if model != "" {
		front = append(front, text("model", model))
	}
	return at, r.document(ctx, r.Poller, r.Binding, o, m, nil, front...)
}

// old tells that an object was updated before what is to be emitted: before the start date, or in a session before.
func (r *reading) old(at int64, known bool) bool {
	if at < r.start() {
		return true
	}
	return !known && r.before > 0 && (r.last.IsZero() || r.forgetful || r.Way == intercom.Custom && !r.Deletes) && at < r.before-int64(overlap.Seconds())
}

// isNew tells that an object which is not known was created since the list was read before.
func (r *reading) isNew(o object) bool {
	since, ok := o.seconds("/created_at")
	if !ok {
		return true
	}
	return since >= r.look.from
}

// children emits the lists of the parents that have changed.
func (r *reading) children(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	const atATime = 8
	group.SetLimit(atATime)
	for _, id := range r.changed {
		group.Go(func() error {
			var documents [][]byte
			err := r.childrenOf(ctx, r.Binding, id, func(doc []byte) { documents = append(documents, doc) }, r.look)
			var fault *api.Fault
			if errors.As(err, &fault) && fault.Gone() {
				return nil // archived meanwhile, or listed all the same
			}
			if err != nil {
				return err
			}
			r.writer.mu.Lock()
			defer r.writer.mu.Unlock()
			for _, doc := range documents {
				r.Binding.documents.Inc()
				if err := r.add(ctx, r.Binding, doc); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	if err != nil { // the parents are asked again in the next round
		for _, id := range r.changed {
			delete(r.entries, id)
		}
	}
	return err
}

// denied tells that the API has no such list for this token.
func denied(err error) bool {
	var fault *api.Fault
	return errors.As(err, &fault) && (fault.Denied() || fault.Status == http.StatusNotFound)
}
