package capture

import (
	"bytes"
	"net/http"
	"time"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/schemas"
)

// maxDocumentBytes bounds a document with its _meta: what fits a message of the runtime, less a kibibyte for the
// message around it and for the UUID that the runtime adds.
const maxDocumentBytes = protocol.MaxResponseBytes - 1<<10

// maxCommitBytes bounds all documents of a request. An array of empty objects grows some hundredfold by their _meta.
const maxCommitBytes = 2 * maxBodyBytes

// What a document may need beside the sender's text and what all documents of a request share: its id and its event,
// and the messages around it. A longer id grows the buffer once more.
const (
	metaBytes  = 1 << 10
	frameBytes = 128
)

// A batch is the documents of one request, as they are written to the runtime.
type batch struct {
	frames    []byte // a Captured message for each document, and one Checkpoint
	documents []document
}

// A document is one of a batch.
type document struct {
	span             // in the batch's frames
	binding *binding // that it goes to
	element int      // index of what it was made from, in the body
	foreign bool     // its _meta holds members of the sender's
}

// documents makes the documents of a body.
func (h *hook) documents(r *http.Request, body []byte, receivedAt time.Time, held *reservation) (*batch, error) {
	body, elements, array, err := scan(body, h.want, h.slots, held)
	if err != nil {
		return nil, err
	}
	shared := h.appendRequestMeta(nil, r, receivedAt)
	made := new(batch)
	var text []byte
	defer func() { held.drop(text) }()
	var to []*binding
	for i, e := range elements {
		event := h.event(e, body)
		to = h.targets(to[:0], event)
		var fresh string
		for _, b := range to {
			id, err := b.ids.of(r, e, body, i, array)
			if err != nil {
				return nil, err
			}
			if id == "" {
				if fresh == "" {
					fresh = newID()
				}
				id = fresh // one for all the bindings that take the notification
			}
			if text, err = held.grow(text[:0], len(shared)+e.end-e.start+metaBytes); err != nil {
				return nil, err
			}
			reserved := cap(text)
			text = h.appendDocument(text, id, shared, event, r, e, body)
			held.note(int64(cap(text) - reserved)) // for an id or a topic beyond what metaBytes allows for
			if err := made.add(h.codec, document{binding: b, element: i, foreign: e.meta.end > 0}, text, held); err != nil {
				return nil, err
			}
		}
	}
	if len(made.documents) > 0 {
		made.frames = h.codec.AppendCheckpoint(made.frames)
	}
	return made, nil
}

// appendDocument appends the sender's object with _meta put in.
func (h *hook) appendDocument(b []byte, id string, shared []byte, event intercom.Event, r *http.Request, e element, body []byte) []byte {
	b = append(b, `{"_meta":{"webhookId":`...)
	b = append(appendString(b, id), shared...)
	if event.Topic != "" {
		b = event.AppendJSON(append(b, `,"event":`...))
	}
	if e.meta.end > 0 {
		b = appendSenderMeta(b, e.meta.of(body), h.writes(r, event))
	}
	return appendMembers(append(b, '}'), body, e)
}

// add frames a document, if it is not too large.
func (b *batch) add(codec protocol.Codec, d document, text []byte, held *reservation) (err error) {
	if len(text) > maxDocumentBytes {
		return tooLarge("document %d would be %d bytes with its _meta; the runtime takes %d", d.element, len(text), maxDocumentBytes)
	}
	if len(b.frames)+len(text) > maxCommitBytes {
		return tooLarge("the documents of the body would be more than %d bytes with their _meta; send fewer at a time", maxCommitBytes)
	}
	if b.frames, err = held.grow(b.frames, len(text)+frameBytes); err != nil {
		return err
	}
	b.frames = codec.AppendCapturedHead(b.frames, d.binding.index, len(text))
	d.start = len(b.frames)
	b.frames = append(b.frames, text...)
	d.end = len(b.frames)
	b.documents = append(b.documents, d)
	b.frames = codec.AppendCapturedTail(b.frames)
	return nil
}

// writes tells which members of _meta are the connector's in documents of this request.
func (h *hook) writes(r *http.Request, event intercom.Event) func(name string) bool {
	return func(name string) bool {
		switch name {
		case schemas.WebhookID, schemas.ReceivedAt, schemas.ReqPath, schemas.Headers:
			return true
		case schemas.PathParams:
			return len(h.wildcards) > 0
		case schemas.Query:
			return r.URL.RawQuery != ""
		case schemas.Event:
			return event.Topic != ""
		}
		return false
	}
}

// appendMembers appends the sender's members, less its _meta, and the closing brace.
func appendMembers(b, body []byte, e element) []byte {
	first, second := e.withoutMeta()
	before, after := first.of(body), second.of(body)
	if len(bytes.TrimSpace(before)) > 0 || len(bytes.TrimSpace(after)) > 0 {
		b = append(b, ',')
	}
	return append(appendOnOneLine(appendOnOneLine(b, before), after), '}')
}

// appendOnOneLine appends JSON text less the white space that holds a newline. In valid JSON a newline stands between
// tokens only; in a message of the JSON codec it would end the message.
func appendOnOneLine(b, text []byte) []byte {
	for newline := bytes.IndexByte(text, '\n'); newline >= 0; newline = bytes.IndexByte(text, '\n') {
		b = append(b, bytes.TrimRight(text[:newline], " \t\r")...)
		text = bytes.TrimLeft(text[newline:], " \t\r\n")
	}
	return append(b, text...)
}

// decodedShare is how many times its bytes a document takes while it is decoded: a map of short members, each of them
// an interface and a string.
const decodedShare = 12

// validate refuses the request if the runtime would refuse one of its documents.
func (b *batch) validate(held *reservation) error {
	var violations []schemas.Violation
	for _, d := range b.documents {
		if d.binding.validator.Covered() && !d.foreign {
			continue
		}
		decoded := decodedShare * int64(d.end-d.start)
		if err := held.take(decoded); err != nil {
			return err
		}
		for _, violation := range d.binding.validator.Validate(d.of(b.frames)) {
			violation.Document = d.element
			violations = append(violations, violation)
		}
		held.give(decoded)
		if len(violations) >= schemas.MaxViolations {
			break
		}
	}
	if len(violations) == 0 {
		return nil
	}
	r := refuse(http.StatusBadRequest, "the collection's write schema does not accept the webhook: %s", violations[0])
	r.Violations = violations
	return r
}
