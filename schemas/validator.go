package schemas

import (
	"bytes"
	"context"
	"errors"
	"sync"
)

// uuid is the member of _meta that the runtime sets before it validates a document, to this placeholder.
const (
	uuid            = "uuid"
	uuidPlaceholder = "DocUUIDPlaceholder-329Bb50aa48EAa9ef"
)

// Documents of this connector begin with what it writes under _meta, and the runtime adds an id.
const (
	metaStart = `{"_meta":{"`
	withUUID  = `{"_meta":{"uuid":"` + uuidPlaceholder + `","`
	metaAt    = len(`{"_meta":`)
)

// ErrTooCostly tells that a document was not validated to its end, since that took too many steps.
var ErrTooCostly = errors.New("validating the documents takes more steps than a request may")

// Limits are what the validation of one request may take, of all its documents together.
type Limits struct {
	// Steps that are left, each of some nanoseconds.
	Steps int64
	// Memory is asked before bytes are used, and told a negative number when they no longer are. Its errors end the validation.
	Memory func(bytes int64) error

	unasked int // steps since the context was asked
}

const (
	// stepsOfAny request are a fraction of a second of one core. Everyday documents take one step for some bytes.
	stepsOfAny = 50_000_000
	// stepsPerByte let a document of 64 MiB have a few seconds, some ten times what it takes with an everyday schema.
	stepsPerByte = 8
)

// NewLimits returns those of a request whose documents have this many bytes.
func NewLimits(size int, memory func(bytes int64) error) *Limits {
	return &Limits{Steps: stepsOfAny + stepsPerByte*int64(size), Memory: memory}
}

func (l *Limits) hold(n int64) error {
	if l.Memory == nil {
		return nil
	}
	return l.Memory(n)
}

// A Validator decides whether the runtime would accept a document of one collection: by its write schema and its key.
// It is safe for concurrent use.
type Validator struct {
	schema  *schema
	keys    []key // those that are not the connector's own to write
	covered bool
}

// Compile prepares a collection's write schema (JSON text) and key (JSON pointers) for documents of a path with these
// parameters. No schema at all accepts every document. A schema that the runtime would not build, or that can not be asserted
// as the runtime does, is an error that says where, what, and how to mend it.
func Compile(writeSchema []byte, keys []string, pathParams []string) (*Validator, error) {
	return compile(writeSchema, keys, written(pathParams))
}

// CompileObject is for documents of objects of an API, which identifiers tell apart: strings at these locations, as the
// connector writes them.
func CompileObject(writeSchema []byte, keys, identifiers []string) (*Validator, error) {
	return compile(writeSchema, keys, polled(identifiers))
}

func compile(writeSchema []byte, keys []string, shape shape) (*Validator, error) {
	if len(writeSchema) == 0 {
		writeSchema = []byte("true")
	}
	raw, err := parse(writeSchema)
	if err != nil {
		return nil, err
	}
	s, err := compileSchema(raw)
	if err != nil {
		return nil, err
	}
	v := &Validator{schema: s}
	for _, pointer := range keys {
		if k := newKey(pointer, s); !k.writtenAs(shape) {
			v.keys = append(v.keys, k)
		}
	}
	v.covered = len(v.keys) == 0 && covers(s, shape)
	return v, nil
}

// Covered tells that every document is accepted whose _meta is wholly the connector's, so that none need be checked.
func (v *Validator) Covered() bool { return v.covered }

// evaluations are used again, for the memory of their frames.
var evaluations = sync.Pool{New: func() any { return new(evaluation) }}

// copies is how many times a document's bytes are held while it is validated: a copy, and what its strings say where they
// have escapes.
const copies = 2

// Validate returns why the runtime would refuse the document, JSON text that is known to be valid and without duplicate
// names, or nothing. An error tells that it is not known: the limits are reached or the context is done. Where that happens
// when something is already known to be wrong, it is told.
func (v *Validator) Validate(ctx context.Context, doc []byte, limits *Limits) ([]Violation, error) {
	if err := limits.hold(int64(copies * len(doc))); err != nil {
		return nil, err
	}
	defer limits.hold(-int64(copies * len(doc)))
	e := evaluations.Get().(*evaluation)
	defer e.release()
	e.ctx, e.limits = ctx, limits
	e.reader = readerOf(doc)
	e.evaluate(v.schema)
	if e.stopped != nil && len(e.found) == 0 {
		return nil, e.stopped
	}
	var violations []Violation
	for _, r := range e.found {
		violations = append(violations, e.violation(r))
	}
	for _, k := range v.keys {
		if len(violations) == MaxViolations {
			break
		}
		if err := k.check(e.reader); err != nil {
			violations = append(violations, Violation{InstanceLocation: k.pointer, Keyword: "key", Error: err.Error()})
		}
	}
	return violations, nil
}

// readerOf reads a document as the runtime validates it.
func readerOf(doc []byte) reader {
	if rest, ok := bytes.CutPrefix(doc, []byte(metaStart)); ok {
		return reader{text: withUUID + string(rest), own: metaAt}
	}
	return reader{text: string(doc)}
}

// evaluate passes the document that is next.
func (e *evaluation) evaluate(s *schema) {
	e.value = e.next()
	e.add(-1, viaAll, s)
	if e.stopped == nil {
		e.walk(0, 0)
	}
}

// release ends the use of an evaluation. What a frame refers to is another's by then, and small.
func (e *evaluation) release() {
	*e = evaluation{frames: e.frames[:0], found: e.found[:0]}
	evaluations.Put(e)
}
