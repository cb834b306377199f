package poll

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"source-intercom-ingest/intercom"
)

// A listedEntry is what is remembered of an object.
type listedEntry struct {
	digest uint64
	at     int64
	seen   int // the round that saw it last
	short  string
	gone   bool // a notification said so; a list may have it for a while
}

// maxEntries are remembered of one list, some 100 bytes each.
const maxEntries = 200_000

// maxKept entries are in the state, so that the next session knows what has changed and what is gone.
const maxKept = 2_000

// remembered is what the state keeps of a small list.
func (l *listed) remembered() map[string]string {
	compared := l.Way == intercom.Snapshot || l.Deletes || l.Way == intercom.Custom && l.Updated == ""
	if !compared || len(l.entries) > maxKept {
		return nil
	}
	of := map[string]string{}
	for id, e := range l.entries {
		of[id] = e.short
	}
	return of
}

func (l *listed) remember(id string, e listedEntry) {
	if _, known := l.entries[id]; !known && len(l.entries) >= maxEntries {
		l.forgetful = true
		return
	}
	l.entries[id] = e
}

// identity is what tells an object from the others of the list.
func (l *listed) identity(o object, model string) (string, bool) {
	var parts []string
	keys := l.Key
	if l.Way == intercom.Children {
		keys = []string{"/id"}
	}
	for _, pointer := range keys {
		part := o.scalar(pointer)
		if pointer == "/model" && model != "" {
			part = model
		}
		if part == "" {
			return "", false
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "\n"), true
}

// gone emits deletions of what a whole reading did not find. A list that is capped or has broken off is none.
func (r *reading) gone(ctx context.Context) error {
	deletes := r.Way == intercom.Snapshot || r.Way == intercom.Newest || r.Deletes
	if !deletes || !r.full || r.forgetful {
		return nil
	}
	r.writer.mu.Lock()
	defer r.writer.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(r.entries)) {
		if r.entries[id].seen == r.number {
			continue
		}
		delete(r.entries, id)
		if err := r.remove(ctx, id, time.Now(), byPoll); err != nil {
			return err
		}
	}
	return nil
}

// remove emits that an object is gone. The writer's lock is held.
func (l *listed) remove(ctx context.Context, id string, at time.Time, source string) error {
	var ids []member
	for i, part := range strings.Split(id, "\n") {
		ids = append(ids, nested(l.Key[i], part))
	}
	m := l.metaNow(deleted, source)
	m.updatedAt = at.Unix()
	doc := l.appendDeletion(nil, m, ids...)
	if err := l.check(ctx, doc, true); err != nil {
		l.refused(l.Binding, err)
		return nil
	}
	l.Binding.documents.Inc()
	return l.add(ctx, l.Binding, doc)
}

// short is what the state keeps of an object's text.
func short(text []byte) string {
	var compact bytes.Buffer
	if json.Compact(&compact, text) != nil {
		return ""
	}
	return shortDigest(compact.Bytes())
}
