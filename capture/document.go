package capture

import (
	"bytes"
	"net/http"
	"time"

	"source-intercom-ingest/protocol"
	"source-intercom-ingest/schemas"
)

// maxDocumentBytes bounds a document with its _meta: what fits a message of the runtime, less a kibibyte for the
// message around it and for the UUID that the runtime adds.
const maxDocumentBytes = protocol.MaxResponseBytes - 1<<10

// maxCommitBytes bounds all documents of a request. An array of empty objects grows some hundredfold by their _meta.
const maxCommitBytes = 2 * maxBodyBytes

// A batch is the documents of one request, as they are written to the runtime.
type batch struct {
	frames    []byte // a Captured message for each document, and one Checkpoint
	documents []span // in frames
	unchecked []int  // indexes of the documents whose _meta holds members of the sender's
}

// documents makes the documents of a body.
func (h *hook) documents(r *http.Request, body []byte, receivedAt time.Time) (*batch, error) {
	fromHeader, err := h.ids.ofRequest(r)
	if err != nil {
		return nil, err
	}
	body, elements, array, err := scan(body, h.want, h.values)
	if err != nil {
		return nil, err
	}
	shared := h.appendRequestMeta(nil, r, receivedAt)
	made := new(batch)
	var document []byte
	for i, e := range elements {
		id, err := h.ids.ofDocument(fromHeader, e, body, i, array)
		if err != nil {
			return nil, err
		}
		document = append(document[:0], `{"_meta":{"webhookId":`...)
		document = append(appendString(document, id), shared...)
		if e.meta.end > 0 {
			document = appendSenderMeta(document, withoutNewlines(e.meta.of(body)), h.writes(r))
			made.unchecked = append(made.unchecked, i)
		}
		document = appendMembers(append(document, '}'), body, e)
		if len(document) > maxDocumentBytes {
			return nil, tooLarge("document %d would be %d bytes with its _meta", i, len(document))
		}
		if len(made.frames)+len(document) > maxCommitBytes {
			return nil, tooLarge("the %d documents of the body would be more than %d bytes with their _meta", len(elements), maxCommitBytes)
		}
		made.add(h.codec, h.index, document)
	}
	if len(elements) > 0 {
		made.frames = h.codec.AppendCheckpoint(made.frames)
	}
	return made, nil
}

func (b *batch) add(codec protocol.Codec, binding uint32, document []byte) {
	b.frames = codec.AppendCapturedHead(b.frames, binding, len(document))
	start := len(b.frames)
	b.frames = append(b.frames, document...)
	b.documents = append(b.documents, span{start, len(b.frames)})
	b.frames = codec.AppendCapturedTail(b.frames)
}

// writes tells which members of _meta are the connector's in documents of this request.
func (h *hook) writes(r *http.Request) func(name string) bool {
	return func(name string) bool {
		switch name {
		case schemas.WebhookID, schemas.ReceivedAt, schemas.ReqPath, schemas.Headers:
			return true
		case schemas.PathParams:
			return len(h.wildcards) > 0
		case schemas.Query:
			return r.URL.RawQuery != ""
		}
		return false
	}
}

// appendMembers appends the sender's members, less its _meta, and the closing brace.
func appendMembers(b, body []byte, e element) []byte {
	first, second := e.withoutMeta()
	before, after := withoutNewlines(first.of(body)), withoutNewlines(second.of(body))
	if len(bytes.TrimSpace(before)) > 0 || len(bytes.TrimSpace(after)) > 0 {
		b = append(b, ',')
	}
	return append(append(append(b, before...), after...), '}')
}

// withoutNewlines takes white space that holds a newline out of JSON text, in place. In valid JSON a newline stands
// between tokens only; in a message of the JSON codec it would end the message.
func withoutNewlines(text []byte) []byte {
	newline := bytes.IndexByte(text, '\n')
	if newline < 0 {
		return text
	}
	kept := text[:0]
	for newline >= 0 {
		kept = append(kept, bytes.TrimRight(text[:newline], " \t\r")...)
		text = bytes.TrimLeft(text[newline:], " \t\r\n")
		newline = bytes.IndexByte(text, '\n')
	}
	return append(kept, text...)
}

// validate refuses the request if the runtime would refuse one of its documents.
func (h *hook) validate(made *batch) error {
	v := h.validator
	check := made.unchecked
	if !v.Covered() {
		check = nil
		for i := range made.documents {
			check = append(check, i)
		}
	}
	var violations []schemas.Violation
	for _, i := range check {
		for _, violation := range v.Validate(made.documents[i].of(made.frames)) {
			violation.Document = i
			violations = append(violations, violation)
		}
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
