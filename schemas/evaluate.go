package schemas

import (
	"context"
	"errors"
)

// maxFrames is how many schemas may hold at once on the way to a value: for the value itself and for all that it is within,
// with those in place, whether they are met or not. The runtime's stack has 512 places, of which one is its own.
const maxFrames = 511

// An evaluation passes once over a document. At each value, it holds a frame for each schema that holds there; a value's
// members and items add frames, which are gone when they are passed. So its time is bounded by the text and the frames.
type evaluation struct {
	reader
	ctx     context.Context
	limits  *Limits
	frames  []frame
	value   byte     // the first of the value that frames are added for
	found   []record // what is wrong for certain
	stopped error
}

// A frame is a schema that holds for a value, or may: so long as an alternative is open, others decide about it.
type frame struct {
	schema  *schema
	parent  int // frame of the schema that applied it
	via     via
	certain bool // what is invalid here makes the document invalid
	outcome
	tracked *tracking // nil unless it matters which members or items are evaluated
	found   []record  // what is wrong, if the schema must be met
	others  []record  // why its alternatives are not met
}

// An outcome is how it went so far.
type outcome struct {
	invalid bool
	any     bool // one of anyOf is met
	one     bool // and of oneOf
	ifKnown bool
	ifMet   bool
	count   int // members that are required, or items that are contained
}

// A tracking knows which members or items of a value are evaluated, by their index.
type tracking struct {
	evaluated, invalid bits
	own                bool // the schema asserts something of those that are not
	n                  int  // members or items
}

// bits is a set of indexes.
type bits []uint64

func (b *bits) set(i int) {
	for len(*b) <= i/64 {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

func (b bits) has(i int) bool { return i/64 < len(b) && b[i/64]>>(i%64)&1 == 1 }

func (b *bits) add(other bits) {
	for len(*b) < len(other) {
		*b = append(*b, 0)
	}
	for i, word := range other {
		(*b)[i] |= word
	}
}

var errEnough = errors.New("enough is wrong with the document")

// spend takes steps from what is left. Now and then it looks whether somebody still waits.
func (e *evaluation) spend(steps int) {
	e.limits.Steps -= int64(steps)
	const often = 1 << 14 // steps, of some 100 microseconds
	e.limits.unasked += steps
	switch {
	case e.stopped != nil:
	case e.limits.Steps < 0:
		e.stopped = ErrTooCostly
	case e.limits.unasked >= often:
		e.limits.unasked = 0
		e.stopped = e.ctx.Err()
	}
}

// at adds a frame for the value that is next, with those of all schemas that are applied in place.
func (e *evaluation) add(parent int, via via, s *schema) {
	i := len(e.frames)
	if e.spend(1); e.stopped != nil {
		return
	}
	if i >= maxFrames {
		e.fail(parent, record{keyword: "$ref", schema: s, at: e.reader.at})
		return
	}
	f := e.push()
	f.schema, f.parent, f.via = s, parent, via
	f.certain = i == 0 || e.frames[parent].certain && via.holds()
	e.track(i, parent, via)
	for _, a := range s.applied {
		switch {
		case a.via == viaDependent && (e.value != '{' || !e.hasMember(a.member)):
		case a.anchor != nil:
			e.add(i, a.via, e.dynamic(i, a))
		default:
			e.add(i, a.via, a.schema)
		}
	}
}

// push adds an empty frame, with the memory that one at this depth had before.
func (e *evaluation) push() *frame {
	i := len(e.frames)
	if i == cap(e.frames) {
		e.frames = append(e.frames, frame{})
		return &e.frames[i]
	}
	e.frames = e.frames[:i+1]
	f := &e.frames[i]
	f.outcome, f.tracked = outcome{}, nil
	f.found, f.others = f.found[:0], f.others[:0]
	return f
}

// track lets a frame know what is evaluated, if its schema asserts something of what is not, or one does that applied it in place.
func (e *evaluation) track(i, parent int, v via) {
	f := &e.frames[i]
	switch {
	case e.value == '{' && f.schema.tracks(objects), e.value == '[' && f.schema.tracks(arrays):
		f.tracked = &tracking{own: true}
	case i > 0 && v.inPlace() && e.frames[parent].tracked != nil:
		f.tracked = &tracking{}
	}
}

// inPlace tells that a schema holds for the same value as the one that applied it.
func (v via) inPlace() bool {
	return v != viaChild && v != viaName && v != viaContains && v != viaUnevaluated
}

// dynamic returns the target of a dynamic reference: of the resources that references have led through, the first that
// has the anchor decides.
func (e *evaluation) dynamic(i int, a *application) *schema {
	target := a.schema
	for e.frames[i].parent >= 0 {
		via := e.frames[i].via
		if i = e.frames[i].parent; via != viaReference {
			continue
		}
		if s := e.frames[i].schema.resource.dynamic[*a.anchor]; s != nil {
			target = s
		}
	}
	return target
}

// hasMember tells that the object that is next has a member of a name.
func (e *evaluation) hasMember(name string) bool {
	r := e.reader
	for o := r.open(); r.member(&o); {
		if o.name == name {
			e.spend((r.at - e.at) / bytesPerStep)
			return true
		}
		r.skip(r.text[r.at])
	}
	e.spend((r.at - e.at) / bytesPerStep)
	return false
}
