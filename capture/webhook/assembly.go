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
	text       []byte // what all share of _meta, and behind it what is of one document
	shared     int    // of text
}

// expected is about how much the documents will be.
func (m *assembly) expected() int {
	n := len(m.Elements)
	return min(len(m.Text())+n*(len(m.text)+metaBytes/4), commit.MaxWriteBytes) + frameBytes
}

// begin writes what all documents share.
func (m *assembly) begin(text []byte) {
	reserved := cap(text)
	m.text = m.appendRequestMeta(text, m.request, m.receivedAt)
	m.held.Note(int64(cap(m.text) - reserved)) // for what metaBytes does not allow for
	m.shared = len(m.text)
}

func (m *assembly) release() { m.held.Drop(m.text) }

// element adds the documents of an element, one for each binding that takes it.
func (m *assembly) element(made *batch, index int) error {
	e, body := &m.Elements[index], m.Text()
	event := m.event(e, body)
	if m.notifies {
		m.metrics.notified(&event, m.receivedAt)
	}
	made.bindings = m.targets(made.bindings[:0], event)
	reserved := cap(m.text)
	m.text = m.text[:m.shared]
	if !event.IsEmpty() {
		m.text = event.AppendJSON(append(m.text, `,"event":`...))
	}
	if e.Meta.End > 0 {
		m.text = appendSenderMeta(m.text, e.Meta.Of(body), func(name string) bool { return m.writes(name) || e.Mended && name == schemas.Mended })
	}
	if e.Mended {
		m.text = append(m.text, `,"`+schemas.Mended+`":true`...)
	}
	m.text = append(m.text, '}')
	end := len(m.text)
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
		m.text = appendString(m.text[:end], id)
		m.held.Note(int64(cap(m.text) - reserved)) // for what metaBytes does not allow for
		reserved = cap(m.text)
		d := document{binding: b, element: index, foreign: e.Meta.End > 0 || e.Mended}
		err = made.add(m.codec, d, m.held, []byte(`{"_meta":{"webhookId":`), m.text[end:], m.text[:end],
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
