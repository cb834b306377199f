package commit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// A modelled request is one in the model of a transactor: what was written is a queue, what was not is a list, and an
// acknowledgement releases the head of the queue.
type modelled struct {
	frames string
	done   <-chan error
	leave  context.CancelFunc
	left   bool
}

// A gate is an output whose writes wait until they are let through.
type gate struct {
	open    chan struct{}
	pending atomic.Bool
	written strings.Builder
}

func (g *gate) Write(b []byte) (int, error) {
	g.pending.Store(true)
	<-g.open
	g.pending.Store(false)
	return g.written.Write(b)
}

func (g *gate) Close() error { return nil }

// drain lets through all that waits, and returns it.
func (g *gate) drain() string {
	g.written.Reset()
	for synctest.Wait(); g.pending.Load(); synctest.Wait() {
		g.open <- struct{}{}
	}
	return g.written.String()
}

// Random interleavings of commits, acknowledgements, senders that leave and reads of the runtime end as the model says.
func TestTransactorIsItsModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{"commit", "commit", "read", "acknowledge", "leave"}), 1, 60).Draw(rt, "steps")
		picks := rapid.SliceOfN(rapid.IntRange(0, 1000), len(steps), len(steps)).Draw(rt, "picks")
		synctest.Test(t, func(t *testing.T) { playModel(t, steps, picks) })
	})
}

func playModel(t *testing.T, steps []string, picks []int) {
	g := &gate{open: make(chan struct{})}
	f := openFake(t, g)
	var unread, written []*modelled // not yet read by the runtime, in order; read and not acknowledged, in order
	count := 0
	for i, step := range steps {
		switch step {
		case "commit":
			ctx, leave := context.WithCancel(t.Context())
			r := &modelled{frames: fmt.Sprintf("request %d\n", count), leave: leave}
			count++
			r.done = f.begin(ctx, r.frames)
			unread = append(unread, r)
		case "read": // all that waits: the write in progress, then what was joined behind it
			got := g.drain()
			var want strings.Builder
			for j, r := range unread {
				if r.left && j > 0 { // the first was being written, and is captured though its sender left
					continue
				}
				want.WriteString(r.frames)
				written = append(written, r)
			}
			unread = nil
			if got != want.String() {
				t.Fatalf("wrote %q, not %q", got, want.String())
			}
		case "acknowledge":
			n := 0
			if len(written) > 0 {
				n = 1 + picks[i]%len(written)
				f.send(t, fmt.Sprintf(`{"acknowledge":{"checkpoints":%d}}`, n))
			}
			synctest.Wait()
			for _, r := range written[:n] {
				if err := <-r.done; err != nil && !(r.left && errors.Is(err, context.Canceled)) {
					t.Fatalf("%q ended with %v", r.frames, err)
				}
			}
			written = written[n:]
		case "leave":
			all := slices.Concat(unread, written)
			if len(all) == 0 {
				continue
			}
			all[picks[i]%len(all)].leave()
			all[picks[i]%len(all)].left = true
			time.Sleep(2 * halfClosed) // of the fake clock
		}
		for _, r := range slices.Concat(unread, written) {
			if !r.left && len(r.done) > 0 {
				t.Fatalf("%q was answered before its acknowledgement", r.frames)
			}
		}
	}
	f.requests.Close()
	for _, r := range slices.Concat(unread, written) {
		if err := <-r.done; err == nil || !r.left && err != ErrEnding {
			t.Fatalf("%q ended with %v", r.frames, err)
		}
		r.leave()
	}
	g.drain()
	<-f.ended
	if held := f.t.budget.held.Load(); held != 0 {
		t.Fatalf("%d bytes are still held", held)
	}
}
