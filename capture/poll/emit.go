package poll

import (
	"context"
	"fmt"
	"time"

	"source-intercom-ingest/scan"
)

// emit emits a version with what write adds, unless it is known or older by now. first tells that the object is not known.
func (s *searched) emit(ctx context.Context, id string, v version, l look, write func(first bool) error) error {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	before, ok := s.known.of(id)
	remembered, news := v.news(before, ok)
	recent := v.at > s.now().Add(-2*overlap).Unix()
	if ok || recent || l.source == byWebhook {
		s.known.note(id, remembered, time.Now())
	}
	if !news {
		return nil
	}
	if l.sweep {
		s.missed.found(id, v.at)
	}
	if err := write(!ok); err != nil {
		return err
	}
	if l.source == byWebhook { // somebody waits for it
		return s.hand(ctx, nil)
	}
	return nil
}

// document adds the document of an object, or notes why there can be none. The writer's lock is held.
func (s *searched) document(ctx context.Context, b *Binding, o object, m meta, edits []scan.Edit, front ...member) error {
	return s.writer.document(ctx, s.Poller, b, o, m, edits, front...)
}

// document adds the document of an object. One that the runtime would refuse would fail the whole capture: it is left out, and
// told. The lock is held.
func (w *writer) document(ctx context.Context, p *Poller, b *Binding, o object, m meta, edits []scan.Edit, front ...member) error {
	scratch := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	doc, err := b.appendDocument((*scratch)[:0], m, o, edits, front...)
	if cap(doc) <= pageBytes {
		*scratch = doc
	}
	if err == nil {
		err = b.check(ctx, doc, o.times())
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		p.refused(b, err)
		return nil
	}
	b.documents.Inc()
	return w.add(ctx, b, doc)
}

// found notes that an object is there which was not found before.
func (s *searched) found(id string) {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	if before, ok := s.known.of(id); ok && before.unseen {
		s.known.forget(id)
	}
}

// remove emits that an object is gone, unless that is known. Parts have no deletions of their own.
func (s *searched) remove(ctx context.Context, id string, at time.Time, source string, unseen bool) error {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	before, ok := s.known.of(id)
	if ok && before.gone {
		return nil
	}
	v := version{at: max(at.Unix(), before.at), gone: true, unseen: unseen}
	s.known.note(id, v, time.Now())
	if s.self == nil {
		return nil
	}
	m := s.metaNow(deleted, source)
	m.updatedAt = v.at
	s.self.documents.Inc()
	doc := s.self.appendDeletion(nil, m, text("id", id))
	if err := s.self.check(ctx, doc, true); err != nil {
		s.refused(s.self, err)
		return nil
	}
	if err := s.add(ctx, s.self, doc); err != nil {
		return err
	}
	return s.hand(ctx, nil)
}

// unreadable notes a row that is none.
func (p *Poller) unreadable(err error) {
	p.metrics.invalid.WithLabelValues("unreadable").Inc()
	p.Log.WithField("error", fmt.Sprint(err)).Warn("left a row of Intercom's API out, as it is none")
}

// refused notes an object that the runtime would refuse, without what it says.
func (p *Poller) refused(b *Binding, err error) {
	p.metrics.invalid.WithLabelValues(b.Name).Inc()
	p.Log.WithField("collection", b.collection).WithField("reason", err.Error()).Error("left an object of Intercom's API out, as the runtime would refuse it")
}
