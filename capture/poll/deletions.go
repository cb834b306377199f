package poll

import (
	"context"
	"errors"
	"net/http"
	"time"

	"source-intercom-ingest/intercom/api"
)

// deletions read the list of deleted conversations, which has no filter. Its order by default is descending, of what is not
// said: a page is the last where it has nothing but what is known or a day older than the last look.
type deletions struct {
	seen    map[string]bool
	refused time.Time // when the API last did not have the list
}

const (
	deletedVersion = "2.16" // of the API, which has the list since
	deletedPath    = "/conversations/deleted"
	maxDeleted     = 10_000 // pages of one look, so that none goes on for ever
)

func (d *deletions) round(ctx context.Context, s *searched) error {
	if !d.refused.IsZero() && time.Since(d.refused) < repeatAfter {
		return nil
	}
	now := s.now().Unix()
	last := now
	if kept := s.writer.read(s.states[0]).Deleted; kept != nil {
		last = kept.At
	}
	if d.seen == nil || len(d.seen) > maxKnown {
		d.seen = map[string]bool{}
	}
	deletion := newLens("/id", "/deleted_at")
	r := api.Request{Method: "GET", Endpoint: deletedPath, Path: deletedPath + "?order=desc&per_page=60", Version: deletedVersion, Lane: api.Live, Tries: getTries}
	err := s.pages(ctx, r, maxDeleted, func(page api.Page) (bool, error) {
		more := false
		for _, row := range page.Rows {
			o, err := deletion.read(row)
			if err != nil {
				s.unreadable(err)
				continue
			}
			id := o.scalar("/id")
			at, _ := o.seconds("/deleted_at")
			o.Release()
			if at < last-int64(daily.Seconds()) || d.seen[id] {
				continue
			}
			more, d.seen[id] = true, true
			if at < last-int64(overlap.Seconds()) {
				continue
			}
			if err := s.remove(ctx, id, unix(at), byPoll, false); err != nil {
				return false, err
			}
		}
		return more, nil
	})
	var fault *api.Fault
	if errors.As(err, &fault) && !fault.Passing() {
		d.refused = time.Now()
		if fault.Status == http.StatusBadRequest || fault.Denied() || fault.Gone() {
			s.Log.WithField("eventType", "connectorStatus").Warnf("the list of deleted conversations is not to be had: %v; deletions are known by webhooks alone", err)
			return nil
		}
	}
	if err != nil {
		return err
	}
	return s.advance(ctx, s.states[:1], func(st *state) { st.Deleted = &moment{At: now} })
}
