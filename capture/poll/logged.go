package poll

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"source-intercom-ingest/intercom/api"
)

// A logged is the stream of a log, of which nothing ever changes: it is read by windows of time.
type logged struct {
	*Poller
	*Binding
	kept *kept
	writer
}

const (
	// maxWindow is how much of a log one request may ask for. Of longer ones the API makes errors.
	maxWindow   = 5*24*time.Hour - time.Minute
	leastWindow = time.Minute
)

func newLogged(p *Poller, b *Binding, k *kept) *logged {
	return &logged{Poller: p, Binding: b, kept: k, writer: writer{outlet: p.out}}
}

func (l *logged) name() string         { return l.Binding.Name }
func (l *logged) every() time.Duration { return l.Every }

// round reads what came since the last.
func (l *logged) round(ctx context.Context) error {
	to := l.horizon() + 1
	st := l.writer.read(l.kept)
	if st.Inc == nil {
		err := l.advance(ctx, []*kept{l.kept}, func(st *state) {
			st.Inc = &increment{WM: to - 1}
			if start := l.first(); start < to {
				st.Backfill = &backfill{Cutoff: to, Ranges: [][3]int64{{start, to, to}}}
			}
		})
		if err != nil {
			return err
		}
		return nil
	}
	from := st.Inc.WM - int64(overlap.Seconds())
	for from < to {
		end := min(to, from+int64(maxWindow.Seconds()))
		if err := l.window(ctx, from, end, look{source: byPoll, from: from}, api.Live); err != nil {
			return err
		}
		if err := l.advance(ctx, []*kept{l.kept}, func(st *state) { st.Inc.WM = max(st.Inc.WM, end-1) }); err != nil {
			return err
		}
		from = end
	}
	l.metrics.lag(l.name(), to-1)
	return nil
}

// first is from when on the log is read: that of a workspace begins with it.
func (l *logged) first() int64 { return max(l.start(), l.me.Load().App.CreatedAt, oldest) }

// rest reads the history, the newest window first.
func (l *logged) rest(ctx context.Context) error {
	for l.writer.read(l.kept).Inc == nil {
		if err := api.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	for {
		b := l.writer.read(l.kept).Backfill
		if b == nil {
			return nil
		}
		r := b.Ranges[0]
		from := max(r[0], r[2]-int64(maxWindow.Seconds()))
		if err := l.window(ctx, from, r[2], look{source: byBackfill, from: r[0]}, api.Backfill); err != nil {
			return err
		}
		err := l.advance(ctx, []*kept{l.kept}, func(st *state) {
			if st.Backfill.Ranges[0][2] = from; from <= r[0] {
				st.Backfill = nil
			}
		})
		if err != nil {
			return err
		}
	}
}

// window reads [from, to), in halves where the API can not answer it whole.
func (l *logged) window(ctx context.Context, from, to int64, k look, lane api.Lane) error {
	path := fmt.Sprintf("%s?created_at_after=%d&created_at_before=%d", l.Path, max(0, from-1), to)
	tries := 2
	if to-from < 2*int64(leastWindow.Seconds()) {
		tries = listTries
	}
	err := l.pages(ctx, api.Request{Method: "GET", Endpoint: l.Path, Path: path, Lane: lane, Tries: tries}, math.MaxInt, func(page api.Page) (bool, error) {
		l.metrics.rows.WithLabelValues(l.name()).Add(float64(len(page.Rows)))
		for _, row := range page.Rows {
			if err := l.row(ctx, row, from, to, k); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	var fault *api.Fault
	if tries == 2 && errors.As(err, &fault) && fault.Passing() && fault.Status != 429 {
		mid := from + (to-from)/2
		if err := l.window(ctx, mid, to, k, lane); err != nil {
			return err
		}
		return l.window(ctx, from, mid, k, lane)
	}
	return err
}

func (l *logged) row(ctx context.Context, text []byte, from, to int64, k look) error {
	o, err := l.lens.read(text)
	if err != nil {
		l.unreadable(err)
		return nil
	}
	defer o.Release()
	at := l.updatedAt(o)
	if at != 0 && (at < from || at >= to) {
		return nil
	}
	id := o.scalar("/id")
	l.writer.mu.Lock()
	defer l.writer.mu.Unlock()
	v := version{at: at, row: digest(text)}
	before, known := l.known.of(id)
	if _, news := v.news(before, known); !news {
		return nil
	}
	if at > l.now().Add(-2*overlap).Unix() {
		l.known.note(id, v, time.Now())
	}
	m := l.metaOf(o, l.Binding, k)
	m.op = created
	return l.document(ctx, l.Poller, l.Binding, o, m, nil)
}
