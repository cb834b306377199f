package poll

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// An over is one reading of a time, over the seconds that the API does not answer.
type over struct {
	*searched
	look    look
	target  int64 // where it ends
	unheard int   // rows that progress has not heard of
	cut     bool  // there are too many rows to go on
	stuckAt int64
	// progress hears how far all is read and how many rows that were since it heard last; ends is the last time.
	progress func(done int64, rows int, ends bool) error
}

// readOver walks, emits, and steps over seconds that the API does not answer.
func (s *searched) readOver(ctx context.Context, w walk, l look, progress func(done int64, rows int, ends bool) error) error {
	o := &over{searched: s, look: l, target: w.to, stuckAt: -1, progress: progress}
	if w.descending {
		o.target = w.from
	}
	if total := w.total; total != nil {
		w.total = func(rows int) bool {
			o.cut = o.cut || !total(rows)
			return !o.cut
		}
	}
	w.page = o.emitPage
	for left := [][2]int64{{w.from, w.to}}; len(left) > 0; {
		w.from, w.to = left[0][0], left[0][1]
		left = left[1:]
		err := w.run(ctx)
		var stuck *stuckError
		switch {
		case o.cut:
			return nil
		case err == nil:
		case errors.As(err, &stuck):
			parts, err := o.stepOver(ctx, w, stuck)
			if err != nil {
				return err
			}
			left = append(parts, left...)
		default:
			return err
		}
	}
	return progress(o.target, o.unheard, true)
}

// emitPage emits the rows of a page.
func (o *over) emitPage(ctx context.Context, rows []row, done int64, ordered bool) error {
	failed, err := o.takeAll(ctx, rows, o.look)
	if err != nil {
		return err
	}
	if err := o.noteHoles(ctx, failed, o.look); err != nil {
		return err
	}
	o.unheard += len(rows)
	if !ordered || done == o.target {
		return nil
	}
	heard := o.unheard
	o.unheard = 0
	return o.progress(done, heard, false)
}

// stepOver returns what is left of a walk that is stuck, in its order.
func (o *over) stepOver(ctx context.Context, w walk, stuck *stuckError) ([][2]int64, error) {
	second, err := narrow(ctx, w, stuck)
	if err != nil {
		return nil, err
	}
	if second < 0 {
		if stuck.at == o.stuckAt {
			return nil, stuck.cause // again, though each question by itself is answered
		}
		o.stuckAt = stuck.at
		return [][2]int64{w.left(stuck.at)}, nil
	}
	if err := o.noteHoles(ctx, []row{{at: second}}, o.look); err != nil {
		return nil, err
	}
	left := w.left(stuck.at)
	parts := [][2]int64{{left[0], second}, {second + 1, left[1]}}
	if w.descending {
		slices.Reverse(parts)
	}
	return slices.DeleteFunc(parts, func(p [2]int64) bool { return p[0] >= p[1] }), nil
}

// left is what is left of a walk from a second on, which comes next.
func (w *walk) left(at int64) [2]int64 {
	if w.descending {
		return [2]int64{w.from, at + 1}
	}
	return [2]int64{at, w.to}
}

// A narrowing looks for a second that the API does not answer.
type narrowing struct {
	walk
	answered bool // some question was
}

var errProbed = errors.New("it is answered")

// stops tells that the first row of a time is not answered.
func (n *narrowing) stops(ctx context.Context, from, to int64) (bool, error) {
	probe := n.walk
	probe.from, probe.to, probe.total, probe.tries = from, to, nil, 2
	probe.page = func(context.Context, []row, int64, bool) error { return errProbed }
	err := probe.run(ctx)
	var stuck *stuckError
	switch {
	case errors.As(err, &stuck):
		return true, nil
	case err == nil, errors.Is(err, errProbed):
		n.answered = true
		return false, nil
	}
	return false, err
}

// narrow finds the second that the API does not answer, from where a walk is stuck. It returns -1 where all is answered by
// now, and an error where nothing is, which is an outage.
func narrow(ctx context.Context, w walk, stuck *stuckError) (second int64, err error) {
	if w.open {
		return -1, stuck.cause
	}
	n := narrowing{walk: w}
	left := w.left(stuck.at)
	if stops, err := n.stops(ctx, left[0], left[1]); err != nil || !stops {
		return -1, err
	}
	if second, err = n.halve(ctx, left); err != nil || n.answered {
		return second, err
	}
	// It is the very first second, or all of them.
	behind := w.left(stuck.at + 1)
	if w.descending {
		behind = w.left(stuck.at - 1)
	}
	if behind[0] >= behind[1] {
		return -1, stuck.cause
	}
	if stops, err := n.stops(ctx, behind[0], behind[1]); err != nil || stops {
		return -1, cmp.Or(err, stuck.cause)
	}
	return stuck.at, nil
}

// halve finds the first second of a time, in the order of the walk, that stops it.
func (n *narrowing) halve(ctx context.Context, left [2]int64) (int64, error) {
	for left[1]-left[0] > 1 {
		mid := left[0] + (left[1]-left[0])/2
		near, far := [2]int64{left[0], mid}, [2]int64{mid, left[1]}
		if n.descending {
			near, far = far, near
		}
		stops, err := n.stops(ctx, near[0], near[1])
		if err != nil {
			return -1, err
		}
		if left = far; stops {
			left = near
		}
	}
	return left[0], nil
}
