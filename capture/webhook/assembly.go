package webhook

import (
	"net/http"
	"time"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/scan"
	"source-intercom-ingest/schemas"
)

// An assembly makes the documents of one request: each is its element with _meta put in.
type assembly struct {
	*hook
	*scan.Scanner
	request    *http.Request
	receivedAt time.Time
	held       *commit.Reservation
	meta       []byte // what all share of _meta, and behind it what is of one document
	shared     int    // of meta
}

// expected is about how much the documents will be.
func (m *assembly) expected() int {
	n := len(m.Elements)
	return min(len(m.Text())+n*(len(m.meta)+metaBytes/4), commit.MaxWriteBytes) + frameBytes
}

// begin writes what all documents share.
func (m *assembly) begin(buffer []byte) {
	reserved := cap(buffer)
	m.meta = m.appendRequestMeta(buffer, m.request, m.receivedAt)
	m.held.Note(int64(cap(m.meta) - reserved)) // for what metaBytes does not allow for
	m.shared = len(m.meta)
}

func (m *assembly) release() { m.held.Drop(m.meta) }

// element adds the documents of an element, one for each binding that takes it.
func (m *assembly) element(made *batch, index int) error {
	e, body := &m.Elements[index], m.Text()
	event := m.event(e, body)
	if m.notifies {
		m.metrics.notified(&event, m.receivedAt)
	}
	made.bindings = m.targets(made.bindings[:0], event)
	if m.notifies && len(made.bindings) > 0 && m.notify.Load() != nil {
		made.events = append(made.events, event)
	}
	reserved := cap(m.meta)
	m.meta = m.meta[:m.shared]
	if !event.IsEmpty() {
		m.meta = event.AppendJSON(append(m.meta, `,"event":`...))
	}
	if e.Meta.End > 0 {
		m.meta = appendSenderMeta(m.meta, e.Meta.Of(body), func(name string) bool { return m.writes(name) || e.Mended && name == schemas.Mended })
	}
	if e.Mended {
		m.meta = append(m.meta, `,"`+schemas.Mended+`":true`...)
	}
	m.meta = append(m.meta, '}')
	end := len(m.meta)
	before, after := e.WithoutMeta()
	separator := ""
	if e.Others > 0 {
		separator = ","
	}
	var fresh string
	for _, b := range made.bindings {
		id, err := b.ids.of(m.request, e, body, index, m.Several)
		if err != nil {
			return err
		}
		if id == "" {
			if fresh == "" {
				fresh = newID()
			}
			id = fresh // one for all the bindings that take the notification
		}
		m.meta = appendString(m.meta[:end], id)
		m.held.Note(int64(cap(m.meta) - reserved)) // for what metaBytes does not allow for
		reserved = cap(m.meta)
		d := document{binding: b, element: index, foreign: e.Meta.End > 0 || e.Mended}
		err = made.add(m.codec, d, m.held, []byte(`{"_meta":{"webhookId":`), m.meta[end:], m.meta[:end],
			[]byte(separator), before.Of(body), after.Of(body), []byte("}"))
		if err != nil {
			return err
		}
	}
	return nil
}

// writes tells which members of _meta are the connector's in documents of this request. Where it derives events, no
// sender's is taken for one.
func (m *assembly) writes(name string) bool {
	switch name {
	case schemas.WebhookID, schemas.ReceivedAt, schemas.ReqPath, schemas.Headers:
		return true
	case schemas.PathParams:
		return len(m.params) > 0
	case schemas.Query:
		return m.request.URL.RawQuery != ""
	case schemas.Event:
		return m.notifies
	}
	return false
}
