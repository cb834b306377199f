package capture

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A deadlineChange happens at a time since the start. The deadline is so much later, or in the past, or none.
type deadlineChange struct {
	At    time.Duration
	Later time.Duration // none if it is 0
}

// An attempt to read or write begins at a time, and has ended at another.
type attempt struct {
	Begun, Ended time.Duration
	N            int
	TooLate      bool
}

// Reads and writes end when those of any other connection do, whatever deadlines are set before and meanwhile.
func TestAConnectionKeepsItsDeadlines(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var changes []deadlineChange
		at := time.Duration(0)
		for range rapid.IntRange(1, 8).Draw(rt, "changes") {
			at += time.Duration(rapid.IntRange(1, 20).Draw(rt, "pause")) * 10 * time.Millisecond
			later := time.Duration(rapid.SampledFrom([]int{0, -55, 5, 25, 95, 345}).Draw(rt, "later")) * time.Millisecond
			changes = append(changes, deadlineChange{at, later})
		}
		arrives := time.Duration(rapid.IntRange(0, 80).Draw(rt, "arrives"))*10*time.Millisecond + 7*time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			for name, play := range map[string]func(net.Conn, net.Conn, []deadlineChange, time.Duration) []attempt{"reads": playReads, "writes": playWrites} {
				near, far := net.Pipe()
				want := play(near, far, changes, arrives)
				near, far = net.Pipe()
				if diff := cmp.Diff(want, play(newConnection(near), far, changes, arrives)); diff != "" {
					t.Errorf("%s with %v, %v: -plain +ours\n%s", name, changes, arrives, diff)
				}
			}
		})
	})
}

func playReads(near, far net.Conn, changes []deadlineChange, arrives time.Duration) []attempt {
	return playDeadlines(near, far, changes, near.SetReadDeadline, func() (int, error) { return near.Read(make([]byte, 2)) },
		func() { time.Sleep(arrives); _, _ = far.Write([]byte("hi")) })
}

func playWrites(near, far net.Conn, changes []deadlineChange, arrives time.Duration) []attempt {
	return playDeadlines(near, far, changes, near.SetWriteDeadline, func() (int, error) { return near.Write([]byte("hello")) },
		func() { time.Sleep(arrives); _, _ = io.ReadFull(far, make([]byte, 3)) })
}

// playDeadlines tries something again and again until the other side is done, and a second longer.
func playDeadlines(near, far net.Conn, changes []deadlineChange, set func(time.Time) error, try func() (int, error), other func()) (attempts []attempt) {
	start := time.Now()
	var others sync.WaitGroup
	others.Go(other)
	others.Go(func() {
		for _, c := range changes {
			time.Sleep(time.Until(start.Add(c.At)))
			if c.Later == 0 {
				_ = set(time.Time{})
			} else {
				_ = set(time.Now().Add(c.Later))
			}
		}
		time.Sleep(time.Until(start.Add(3 * time.Second)))
		near.Close()
		far.Close()
	})
	for range 200 { // twice as many as there is time for
		begun := time.Since(start)
		n, err := try()
		attempts = append(attempts, attempt{begun, time.Since(start), n, errors.Is(err, os.ErrDeadlineExceeded)})
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		time.Sleep(31013 * time.Microsecond) // at no time of another
	}
	others.Wait()
	return attempts
}

func TestASenderThatLeavesIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		ctx, stop := watching(withConnection(t.Context(), newConnection(near)))
		defer stop()
		synctest.Wait()
		if ctx.Err() != nil {
			t.Error("the context ended before its sender left")
		}
		far.Close()
		synctest.Wait()
		if ctx.Err() == nil {
			t.Error("the sender left, and the context did not end")
		}
	})
}

// A sender may write its next request before the last is answered.
func TestWhatIsSentWhileASenderIsWatchedIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := newConnection(near)
		for _, next := range []string{"p", "pipelined", "again"} {
			left := func() { t.Error("the sender did not leave") }
			c.watch(left)() // for nothing
			stop := c.watch(left)
			written := make(chan error, 1)
			go func() { _, err := io.WriteString(far, next); written <- err }()
			synctest.Wait()
			stop()
			got := make([]byte, len(next)+1)
			n, err := io.ReadAtLeast(c, got, len(next))
			if err = errors.Join(err, <-written); err != nil || string(got[:n]) != next {
				t.Errorf("read %q, %v; %q was sent", got[:n], err, next)
			}
		}
	})
}

func TestAConnectionDoesNotReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := newConnection(near)
		go func() { _, _ = io.WriteString(far, "hi") }()
		synctest.Wait()
		one := make([]byte, 1)
		if n, err := c.Read(one); n != 0 || err != nil {
			t.Errorf("a byte was read ahead: %d, %v", n, err)
		}
		for _, want := range "hi" { // the last byte that a header may have
			_ = c.SetReadDeadline(time.Now().Add(time.Second))
			if n, err := c.Read(one); n != 1 || rune(one[0]) != want || err != nil {
				t.Errorf("read %q, %v where %q was sent", one[:n], err, want)
			}
		}
		_ = c.SetReadDeadline(time.Unix(1, 0)) // as when a handler ends before that byte is asked for
		if _, err := c.Read(one); err != os.ErrDeadlineExceeded {
			t.Errorf("a read after its deadline ended with %v", err)
		}
	})
}
