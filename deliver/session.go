package deliver

import (
	"context"
	"fmt"
	"time"

	"source-intercom-ingest/protocol/materialize"
)

// A session takes the documents of transactions.
type session struct {
	*schedule
	deliveries []*delivery
	documents  int64 // of the session so far
	ended      func()
}

// store selects a document, renders it once, and puts it on its lane. It waits for room.
func (s *session) store(ctx context.Context, r *materialize.Request_Store) error {
	if int(r.GetBinding()) >= len(s.deliveries) {
		return fmt.Errorf("protocol: a document of binding %d, and there are %d", r.GetBinding(), len(s.deliveries))
	}
	d := s.deliveries[r.GetBinding()]
	n := s.documents
	s.documents++
	if len(r.GetDocJson()) == 0 {
		return fmt.Errorf("protocol: the document of binding %d is missing; select the root of the collection %s", r.GetBinding(), d.collection)
	}
	in, err := d.read(r.GetDocJson())
	if err != nil {
		return fmt.Errorf("protocol: document %d of binding %d: %w", n, r.GetBinding(), err)
	}
	if no := d.filtered(in); no != "" {
		s.filters(d, n, in.id, no)
		return nil
	}
	begun := time.Now()
	m, err := d.action.prepare(in)
	if err != nil {
		return s.unsendable(d, n, in, err)
	}
	j := &job{of: d, message: m, n: n, lane: d.lane(in), begun: begun, size: min(int64(m.size()+len(in.raw)), roomBytes)}
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(s.ctx, cancel)
	defer stop()
	if d.room.Acquire(wait, j.size) != nil {
		if err := s.err(); err != nil {
			return err
		}
		return ctx.Err()
	}
	s.add(j)
	return s.err()
}

// unsendable parks a document that no request can be made of.
func (s *session) unsendable(d *delivery, n int64, in *input, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	reason := "the request can not be made: send." + err.Error()
	if s.parked++; s.delivered == 0 && s.parked >= firstParked {
		s.fail(fmt.Errorf("of the first %d events of this session none could be sent, the last as %s; mend the delivery %s, nothing is skipped", s.parked, reason, d.name))
		return s.err()
	}
	s.parks(d, n, in.id, reason, 0)
	return nil
}

// commit returns once all is settled, with what is new of the state.
func (s *session) commit(ctx context.Context) ([]byte, error) {
	if err := s.drain(ctx); err != nil {
		return nil, err
	}
	return s.patch()
}

func (s *session) close() {
	s.schedule.close()
	s.ended()
}
