package poll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/protocol"
	"source-intercom-ingest/scan"
	"source-intercom-ingest/schemas"
)

// maxDocumentBytes bounds a document: what fits a message of the runtime, less a kibibyte for the message around it.
const maxDocumentBytes = protocol.MaxResponseBytes - 1<<10

// What happened to an object, and what made the connector read it.
const (
	created = "c"
	updated = "u"
	deleted = "d"

	byPoll     = "poll"
	byWebhook  = "webhook"
	byBackfill = "backfill"
)

// A meta is what the connector writes of an object.
type meta struct {
	op, source string
	behind     string // what follows them, of all that is read at a time
	updatedAt  int64  // in seconds since 1970; zero for unknown
	workspace  string // as JSON text
}

// metaNow is the meta of what is read now, but for when it was updated.
func (p *Poller) metaNow(op, source string) meta {
	workspace, _ := jsontext.AppendQuote(nil, p.workspace()) // its error says that something was mended
	return meta{op: op, source: source, behind: time.Now().UTC().Format(`","fetchedAt":"2006-01-02T15:04:05.000Z"`), workspace: string(workspace)}
}

func (m meta) append(b []byte) []byte {
	b = append(append(append(b, `{"_meta":{"op":"`...), m.op...), `","source":"`...)
	b = append(append(b, m.source...), m.behind...)
	if m.updatedAt != 0 {
		b = append(time.Unix(m.updatedAt, 0).UTC().AppendFormat(append(b, `,"updatedAt":"`...), time.RFC3339), '"')
	}
	return append(append(append(b, `,"workspaceId":`...), m.workspace...), '}')
}

// A member is put in front of an object's own.
type member struct {
	name  string
	value []byte // JSON text
}

func text(name, value string) member {
	quoted, _ := jsontext.AppendQuote(nil, value) // its error says that something was mended
	return member{name, quoted}
}

// nested is a member that holds a text at a JSON pointer.
func nested(pointer, value string) member {
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	m := text(schemas.Unescape(tokens[len(tokens)-1]), value)
	for _, token := range slices.Backward(tokens[:len(tokens)-1]) {
		inside := append(strconv.AppendQuote([]byte{'{'}, m.name), ':')
		m = member{schemas.Unescape(token), append(append(inside, m.value...), '}')}
	}
	return m
}

var errNoKey = errors.New("what identifies it is missing")

// appendDocument appends the document of an object, with edits of its text and members in front. Members of those names are
// gone; ids that are numbers become strings.
func (b *Binding) appendDocument(to []byte, m meta, o object, edits []scan.Edit, front ...member) ([]byte, error) {
	for _, pointer := range b.Key {
		name := strings.TrimPrefix(pointer, "/")
		if slices.ContainsFunc(front, func(f member) bool { return f.name == name }) {
			continue
		}
		span := o.at(pointer)
		value := span.Of(o.text)
		switch {
		case len(value) == 0 || value[0] == 'n' || value[0] == '{' || value[0] == '[' || string(value) == `""`:
			return to, errNoKey
		case value[0] == '-' || value[0] >= '0' && value[0] <= '9':
			edits = append(edits, scan.Edit{Span: span, With: []byte(`"` + string(value) + `"`)})
		}
	}
	for _, f := range front {
		edits = o.without(edits, f.name)
	}
	slices.SortFunc(edits, func(a, b scan.Edit) int { return a.Start - b.Start })
	start := len(to)
	to = m.append(to)
	for _, f := range front {
		to = append(strconv.AppendQuote(append(to, ','), f.name), ':')
		to = append(to, f.value...)
	}
	to = append(to, ',')
	members := len(to)
	before, after := o.element.WithoutMeta()
	to = scan.AppendEdited(to, o.text, before, edits)
	to = scan.AppendEdited(to, o.text, after, edits)
	if rest := bytes.TrimLeft(to[members:], " \t\r,"); len(rest) == 0 {
		to = to[:members-1]
	} else {
		to = append(to[:members], rest...)
	}
	to = append(to, '}')
	if b.FilterNulls {
		to = append(to[:start], scan.AppendWithoutNulls(nil, to[start:])...)
	}
	return to, nil
}

// without cuts a member out, if it is there.
func (o object) without(edits []scan.Edit, name string) []scan.Edit {
	span := o.at("/" + name)
	if span.End == 0 {
		return edits
	}
	if cut, ok := scan.Member(o.text, span, name); ok {
		edits = append(edits, scan.Edit{Span: cut})
	}
	return edits
}

// appendDeletion appends the document of an object that is gone, with what identifies it.
func (b *Binding) appendDeletion(to []byte, m meta, ids ...member) []byte {
	to = m.append(to)
	for _, id := range ids {
		to = append(strconv.AppendQuote(append(to, ','), id.name), ':')
		to = append(to, id.value...)
	}
	return append(to, '}')
}

// check says why the runtime would refuse a document, or nothing. times tells that those of it are integers.
func (b *Binding) check(ctx context.Context, doc []byte, times bool) error {
	if len(doc) > maxDocumentBytes {
		return fmt.Errorf("it has %d bytes; the runtime takes %d", len(doc), maxDocumentBytes)
	}
	if b.validator.Covered() && times {
		return nil
	}
	violations, err := b.validator.Validate(ctx, doc, schemas.NewLimits(len(doc), nil))
	if err == nil && len(violations) > 0 {
		err = fmt.Errorf("the collection's write schema does not accept it: %s", violations[0])
	}
	return err
}

// times tells that the times which schemas may promise are integers, where they are there.
func (o object) times() bool {
	for _, name := range schemas.Times {
		value := o.value("/" + name)
		if _, integer := o.seconds("/" + name); len(value) > 0 && !integer {
			return false
		}
	}
	return true
}
