package webhook

import (
	"context"
	"net/http"
	"sync"
	"time"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/intercom"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/scan"
	"source-intercom-ingest/schemas"
)

// maxDocumentBytes bounds a document with its _meta: what fits a message of the runtime, less a kibibyte for the
// message around it and for the UUID that the runtime adds.
const maxDocumentBytes = protocol.MaxResponseBytes - 1<<10

// maxCommitBytes bounds all documents of a request. An array of empty objects grows some hundredfold by their _meta.
const maxCommitBytes = 2 * maxBodyBytes

// What a document may need beside the sender's text: what all documents of a request share, with its own id and event,
// and the message around it. What is more makes the buffer grow once more.
const (
	metaBytes  = 1 << 10
	frameBytes = 128
)

// A batch is the documents of one request, as they are written to the runtime.
type batch struct {
	frames    []byte // a Captured message for each document, and one Checkpoint
	documents []document
	bindings  []*Binding       // that take the element which is made a document
	events    []intercom.Event // of notifications, where somebody wants to hear of them
}

// maxKept is how many documents a batch may have had to be used again. A larger one would be kept for nothing.
const maxKept = 1 << 10

// batches are used again, but for their frames.
var batches = sync.Pool{New: func() any { return new(batch) }}

// release ends the use of all but the frames, which are the transactor's.
func (b *batch) release() {
	if cap(b.documents) > maxKept {
		return
	}
	clear(b.events)
	b.frames, b.documents, b.bindings, b.events = nil, b.documents[:0], b.bindings[:0], b.events[:0]
	batches.Put(b)
}

// A document is one of a batch.
type document struct {
	scan.Span          // in the batch's frames
	binding   *Binding // that it goes to
	element   int      // index of what it was made from, in the body
	foreign   bool     // its _meta holds members that are not in every document
}

// documents makes the documents of a body, which the runtime accepts.
func (h *hook) documents(r *http.Request, b body, receivedAt time.Time, held *commit.Reservation) (*batch, error) {
	if b.broken != nil {
		return nil, b.broken
	}
	text, err := h.text(r, b.text, held)
	if err != nil {
		return nil, err
	}
	made, err := h.assemble(r, text, receivedAt, held)
	if err != nil {
		return nil, err
	}
	if err := made.validate(r.Context(), held); err != nil {
		made.release()
		return nil, err
	}
	return made, nil
}

// assemble makes the documents of JSON text.
func (h *hook) assemble(r *http.Request, body []byte, receivedAt time.Time, held *commit.Reservation) (*batch, error) {
	s, err := scan.Read(body, h.want, h.slots, held)
	if err != nil {
		return nil, err
	}
	defer s.Release()
	meta, err := held.Grow(nil, metaBytes)
	if err != nil {
		return nil, err
	}
	m := assembly{hook: h, Scanner: s, request: r, held: held, receivedAt: receivedAt}
	m.begin(meta)
	defer m.release()
	made := batches.Get().(*batch)
	if made.frames, err = held.Grow(nil, m.expected()); err != nil {
		return nil, err
	}
	for i := range s.Elements {
		if err := m.element(made, i); err != nil {
			return nil, err
		}
	}
	if len(made.documents) > 0 {
		made.frames = h.codec.AppendCheckpoint(made.frames, nil)
	}
	return made, nil
}

// add frames a document that consists of these parts, if it is not too large.
func (b *batch) add(codec protocol.Frames, d document, held *commit.Reservation, parts ...[]byte) (err error) {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	if size > maxDocumentBytes {
		return tooLarge("document %d would be %d bytes with its _meta; the runtime takes %d", d.element, size, maxDocumentBytes)
	}
	if len(b.frames)+size > maxCommitBytes {
		return tooLarge("the documents of the body would be more than %d bytes with their _meta; send fewer at a time", maxCommitBytes)
	}
	if b.frames, err = held.Grow(b.frames, size+frameBytes); err != nil {
		return err
	}
	b.frames = codec.AppendCapturedHead(b.frames, d.binding.index, size)
	d.Start = len(b.frames)
	for _, part := range parts {
		b.frames = append(b.frames, part...)
	}
	d.End = len(b.frames)
	b.documents = append(b.documents, d)
	b.frames = codec.AppendCapturedTail(b.frames)
	return nil
}

// validate refuses the request if the runtime would refuse one of its documents. It ends when nobody waits any more.
func (b *batch) validate(ctx context.Context, held *commit.Reservation) error {
	var limits *schemas.Limits // of all documents that are looked at
	var sender *awaiting
	defer func() { sender.end() }()
	var violations []schemas.Violation
	for _, d := range b.documents {
		if d.binding.validator.Covered() && !d.foreign {
			continue
		}
		if limits == nil {
			limits = schemas.NewLimits(len(b.frames), held.Adjust)
			sender = &awaiting{Context: ctx, since: time.Now()}
		}
		found, err := d.binding.validator.Validate(sender, d.Of(b.frames), limits)
		if err != nil && len(violations) == 0 {
			return err
		}
		for i := range found {
			found[i].Document = d.element
		}
		if violations = append(violations, found...); err != nil || len(violations) >= schemas.MaxViolations {
			break
		}
	}
	if len(violations) == 0 {
		return nil
	}
	r := refuse(http.StatusBadRequest, "the collection's write schema does not accept the webhook: %s", violations[0])
	r.Violations = violations
	r.Code = "schema"
	return r
}
