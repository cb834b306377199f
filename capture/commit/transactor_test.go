package commit

import (
	"bufio"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"source-intercom-ingest/protocol"
)

// A fakeRuntime is the other end of a transactor's stream.
type fakeRuntime struct {
	requests  *io.PipeWriter
	responses *bufio.Reader
	ended     chan error
	t         *Transactor
}

// newFakeRuntime opens a session in which only the transactor runs.
func newFakeRuntime(t *testing.T) *fakeRuntime {
	t.Helper()
	outR, outW := io.Pipe()
	f := openFake(t, outW)
	f.responses = bufio.NewReader(outR)
	return f
}

// openFake opens one that writes to out.
func openFake(t *testing.T, out io.WriteCloser) *fakeRuntime {
	t.Helper()
	inR, inW := io.Pipe()
	f := &fakeRuntime{requests: inW, ended: make(chan error, 1)}
	ready := make(chan *Transactor)
	pull := func(ctx context.Context, _ *protocol.Request_Open, stream *protocol.Session) error {
		ctx, cancel := context.WithCancelCause(ctx)
		tr := New(ctx, stream, &Budget{total: defaultBudget})
		ready <- tr
		go func() { cancel(tr.Emit()) }()
		err := protocol.Interruptible(ctx, 0, tr.Acknowledge)
		cancel(err)
		return err
	}
	stream, err := protocol.NewStream(inR, out, "json")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		err := protocol.Connector{Pull: pull}.Serve(context.Background(), stream)
		out.Close()
		f.ended <- err
	}()
	f.send(t, `{"open":{}}`)
	f.t = <-ready
	return f
}

func (f *fakeRuntime) send(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(f.requests, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (f *fakeRuntime) line(t *testing.T) string {
	t.Helper()
	line, err := f.responses.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func (f *fakeRuntime) end(t *testing.T) {
	t.Helper()
	f.requests.Close()
	if err := <-f.ended; !errors.Is(err, io.EOF) {
		t.Errorf("the session ended with %v", err)
	}
}

// A waits waits until its context ends.
type waits struct{ context.Context }

func (w waits) Watched() (context.Context, func()) { return w, func() {} }

// begin commits frames and reports the outcome.
func (f *fakeRuntime) begin(ctx context.Context, frames string) <-chan error {
	done := make(chan error, 1)
	request, leave := context.WithCancel(f.t.ctx) // which ends with the session, as those of a server do
	context.AfterFunc(ctx, leave)
	go func() {
		done <- f.t.Commit(waits{request}, []byte(frames), time.Hour, &Reservation{budget: f.t.budget})
	}()
	synctest.Wait()
	return done
}

func mustWait(t *testing.T, done <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		t.Fatalf("ended early with %v", err)
	default:
	}
}

func TestNoReplyBeforeAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRuntime(t)
		one := f.begin(t.Context(), "one\n")
		f.line(t)
		two := f.begin(t.Context(), "two\n")
		f.line(t)
		time.Sleep(time.Minute) // of the fake clock
		mustWait(t, one)
		f.send(t, `{"acknowledge":{"checkpoints":1}}`)
		if err := <-one; err != nil {
			t.Error(err)
		}
		mustWait(t, two)
		f.send(t, `{"acknowledge":{"checkpoints":1}}`)
		if err := <-two; err != nil {
			t.Error(err)
		}
		f.end(t)
	})
}

func TestWhatWaitsIsWrittenTogetherInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRuntime(t)
		f.begin(t.Context(), "held up\n") // the runtime does not read it yet
		var waiting []<-chan error
		for _, frames := range []string{"a\n", "b\n", "c\n"} {
			waiting = append(waiting, f.begin(t.Context(), frames))
		}
		buf := make([]byte, 64)
		for _, want := range []string{"held up\n", "a\nb\nc\n"} { // a read of a pipe takes at most one write
			n, err := f.responses.Read(buf)
			if err != nil || string(buf[:n]) != want {
				t.Fatalf("read %q, %v, want %q", buf[:n], err, want)
			}
		}
		f.send(t, `{"acknowledge":{"checkpoints":4}}`)
		for _, done := range waiting {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		f.end(t)
	})
}

func TestARequestThatLeavesBeforeItIsWrittenIsNotCaptured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRuntime(t)
		first := f.begin(t.Context(), "first\n")
		ctx, leave := context.WithCancel(t.Context())
		left := f.begin(ctx, "left\n")
		last := f.begin(t.Context(), "last\n")
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if got := f.line(t) + f.line(t); got != "first\nlast\n" {
			t.Errorf("wrote %q", got)
		}
		f.send(t, `{"acknowledge":{"checkpoints":2}}`)
		if err := errors.Join(<-first, <-last); err != nil {
			t.Error(err)
		}
		f.end(t)
		if n := f.t.waiting.Load(); n != 0 {
			t.Errorf("%d requests are still counted", n)
		}
	})
}

func TestARequestThatLeavesAfterItIsWrittenKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRuntime(t)
		ctx, leave := context.WithCancel(t.Context())
		left := f.begin(ctx, "left\n")
		f.line(t)
		stayed := f.begin(t.Context(), "stayed\n")
		f.line(t)
		leave()
		time.Sleep(time.Minute) // of the fake clock
		mustWait(t, left)       // whoever only ended its side reads the answer
		f.send(t, `{"acknowledge":{"checkpoints":1}}`)
		if err := <-left; err != nil {
			t.Error(err)
		}
		mustWait(t, stayed)
		f.send(t, `{"acknowledge":{"checkpoints":1}}`)
		if err := <-stayed; err != nil {
			t.Error(err)
		}
		f.end(t)
	})
}

func TestAHalfClosedSenderIsWaitedForWhileItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRuntime(t)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		done := f.begin(ctx, "half closed\n")
		f.line(t)
		time.Sleep(time.Minute)
		mustWait(t, done)
		f.send(t, `{"acknowledge":{"checkpoints":1}}`)
		if err := <-done; err != nil {
			t.Error(err)
		}
		f.end(t)
	})
}

func TestWhatIsTooLateKeepsItsMemoryUntilItsAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRuntime(t)
		held := &Reservation{budget: f.t.budget}
		if err := held.Take(100); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- f.t.Commit(waits{t.Context()}, []byte("late\n"), time.Second, held) }()
		f.line(t)
		if err := <-done; err != ErrTooSlow {
			t.Error(err)
		}
		held.Release()
		if n := f.t.budget.held.Load(); n != 100 {
			t.Errorf("%d bytes are held", n)
		}
		f.send(t, `{"acknowledge":{"checkpoints":1}}`)
		synctest.Wait()
		if n := f.t.budget.held.Load(); n != 0 {
			t.Errorf("%d bytes are still held", n)
		}
		f.end(t)
	})
}

func TestTheEndReleasesAllWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRuntime(t)
		written := f.begin(t.Context(), "written\n")
		f.line(t)
		queued := f.begin(t.Context(), "queued\n")
		f.requests.Close()
		if one, two := <-written, <-queued; one != ErrEnding || two != ErrEnding {
			t.Errorf("released with %v and %v", one, two)
		}
		if err := <-f.ended; !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		f.responses.Discard(64)
	})
}

func TestAnAcknowledgementTooManyIsFatal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRuntime(t)
		done := f.begin(t.Context(), "one\n")
		f.line(t)
		f.send(t, `{"acknowledge":{"checkpoints":2}}`)
		<-done
		if err := <-f.ended; err == nil || err.Error() != "protocol: the runtime acknowledged 2 checkpoints when only 1 were sent" {
			t.Errorf("ended with %v", err)
		}
		f.requests.Close()
	})
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRuntime(t)
		f.t.waiting.Store(MaxWaiting)
		if err := f.t.Commit(waits{t.Context()}, []byte("x\n"), time.Hour, &Reservation{budget: f.t.budget}); err != ErrQueueFull {
			t.Error(err)
		}
		f.end(t)
	})
}
