package capture

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
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

// lookAhead reads a byte as net/http does while a handler works.
func lookAhead(c *connection) (ended func() (time.Duration, error)) {
	start, done := time.Now(), make(chan error, 1)
	var took time.Duration
	go func() {
		_, err := c.Read(make([]byte, 1))
		took = time.Since(start)
		done <- err
	}()
	synctest.Wait()
	return func() (time.Duration, error) { return took, <-done }
}

func TestASenderThatLeavesIsNoticedAfterTheLookout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		ended := lookAhead(newConnection(near))
		far.Close()
		if took, err := ended(); err != io.EOF || took < lookoutTime || took > 2*lookoutTime {
			t.Errorf("the read ended after %v with %v; it should have ended with EOF after %v, or up to twice as long", took, err, lookoutTime)
		}
	})
}

func TestALookoutEndsAtOnceWithItsRequest(t *testing.T) {
	for name, end := range map[string]func(*connection) error{
		"deadline": func(c *connection) error { return c.SetReadDeadline(time.Unix(1, 0)) },
		"close":    (*connection).Close,
	} {
		synctest.Test(t, func(t *testing.T) {
			near, _ := net.Pipe()
			c := newConnection(near)
			for range 3 { // each request has its own
				ended := lookAhead(c)
				time.Sleep(lookoutTime / 2)
				if err := end(c); err != nil {
					t.Fatal(err)
				}
				took, err := ended()
				if known := []error{os.ErrDeadlineExceeded, io.ErrClosedPipe}; took > lookoutTime/2 || !slices.Contains(known, err) {
					t.Errorf("%s: the read ended after %v with %v", name, took, err)
				}
				_ = c.SetReadDeadline(time.Time{})
			}
		})
	}
}

// A handler may be done before the read that looks ahead begins.
func TestALookoutThatComesTooLateDoesNotBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _ := net.Pipe()
		c := newConnection(near)
		_ = c.SetReadDeadline(time.Unix(1, 0))
		if took, err := lookAhead(c)(); took != 0 || err != os.ErrDeadlineExceeded {
			t.Errorf("the read ended after %v with %v", took, err)
		}
	})
}
