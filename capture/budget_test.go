package capture

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Who is not known to be authentic leaves a quarter to those who are, and who holds much of that an eighth to those who hold
// little.
func TestStrangersLeaveRoomForTheAuthentic(t *testing.T) {
	const eighth = much
	b := &budget{total: 8 * eighth}
	large, other, small, known := &reservation{budget: b}, &reservation{budget: b}, &reservation{budget: b}, &reservation{budget: b, proven: true}
	if err := large.take(4 * eighth); err != nil {
		t.Fatal(err)
	}
	if err := other.take(much + 1); err != errNoRoom {
		t.Errorf("strangers that hold much hold more than their share: %v", err)
	}
	for range 2 {
		if err := small.take(much); err != nil {
			t.Errorf("there is no room for those that hold little: %v", err)
		}
		small = &reservation{budget: b}
	}
	if err := small.take(1); err != errNoRoom {
		t.Errorf("strangers hold more than their share: %v", err)
	}
	if err := known.take(2 * eighth); err != nil {
		t.Errorf("there is no room for the authentic: %v", err)
	}
	large.prove()
	if err := other.take(1); err != errNoRoom {
		t.Errorf("all is held, and more: %v", err)
	}
	known.release()
	if err := other.take(2 * eighth); err != nil {
		t.Errorf("what became authentic is still a stranger's: %v", err)
	}
}

// A request that could never fit is told so, not to come back.
func TestARequestThatCanNeverFitIsTooLarge(t *testing.T) {
	const total = 8 << 20
	for most, r := range map[int64]*reservation{4 << 20: {}, 8 << 20: {proven: true}} {
		r.budget = &budget{total: total}
		if refusal := refusalOf(r.take(most + 1)); refusal.status != 413 {
			t.Errorf("%d bytes more than may ever be held: %v", most, refusal)
		}
		if err := r.take(most); err != nil {
			t.Error(err)
		}
	}
}

// However many take and give at once, whoever fits has room.
func TestWhoFitsHasRoomUnderContention(t *testing.T) {
	const senders, each = 8, 100
	b := &budget{total: senders * each}
	var group sync.WaitGroup
	var refused atomic.Int64
	for range senders {
		group.Go(func() {
			r := &reservation{budget: b, proven: true}
			for range 20_000 {
				if r.take(each) != nil {
					refused.Add(1)
				}
				r.release()
			}
		})
	}
	group.Wait()
	if n := refused.Load(); n > 0 {
		t.Errorf("%d were refused", n)
	}
}

// An onItsWay is a body of which some bytes have come.
type onItsWay struct {
	*reservation
	given chan struct{} // closed when it is given up
}

func beginBody(b *budget, from string, bytes int64) onItsWay {
	o := onItsWay{&reservation{budget: b}, make(chan struct{})}
	if err := o.take(bytes); err != nil {
		panic(err)
	}
	one := &reading{from: netip.MustParseAddr(from), began: time.Now(), end: func() { close(o.given) }, ended: make(chan struct{})}
	one.came(int(bytes), time.Now())
	o.read(one)
	go func() { // its handler
		<-o.given
		o.release()
	}()
	return o
}

// The oldest of the bodies that have stalled makes room for one that comes; one that is still coming does not.
func TestTheOldestStalledBodyMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &budget{total: 4000}
		first := beginBody(b, "192.0.2.1", 1000)
		time.Sleep(10 * time.Millisecond) // of the fake clock
		second := beginBody(b, "192.0.2.2", 1000)
		third := beginBody(b, "192.0.2.3", 1000)
		comes := &reservation{budget: b}
		if err := comes.take(500); err != errNoRoom {
			t.Errorf("bodies that are coming made room: %v", err)
		}
		time.Sleep(stalled + time.Millisecond)
		third.reading.came(1<<20, time.Now())
		if err := comes.take(500); err != nil {
			t.Errorf("a stalled body made no room: %v", err)
		}
		select {
		case <-first.given:
		default:
			t.Error("another than the oldest was given up")
		}
		if err := comes.take(1500); err != nil {
			t.Errorf("the next made no room: %v", err)
		}
		if err := comes.take(500); err != errNoRoom {
			t.Errorf("one that is coming made room: %v", err)
		}
		<-second.given
		comes.release()
		close(third.given)
		synctest.Wait()
		if b.held.Load() != 0 || b.strangers.Load() != 0 || len(b.readings.all) != 0 || len(b.readings.from) != 0 {
			t.Errorf("%d bytes are still held, by %v", b.held.Load(), b.readings.all)
		}
	})
}

// A body that comes byte by byte is as one that has stalled.
func TestACrawlingBodyMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &budget{total: 4000}
		crawls := beginBody(b, "192.0.2.1", 3000)
		for range 20 {
			time.Sleep(stalled / 2) // of the fake clock
			crawls.reading.came(1, time.Now())
		}
		comes := &reservation{budget: b}
		if err := comes.take(1000); err != nil {
			t.Error(err)
		}
		comes.release()
	})
}

// Of an address that has many, one makes room before an older one of another address.
func TestACrowdedAddressMakesRoomFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &budget{total: 4 * (maxReadings + 2)}
		old := beginBody(b, "192.0.2.1", 3)
		time.Sleep(time.Millisecond) // of the fake clock
		var crowd []onItsWay
		for range maxReadings + 1 {
			crowd = append(crowd, beginBody(b, "192.0.2.2", 3))
		}
		time.Sleep(2 * stalled)
		comes := &reservation{budget: b}
		if err := comes.take(3); err != nil {
			t.Error(err)
		}
		select {
		case <-old.given:
			t.Error("the other address made room")
		default:
		}
		comes.release()
		close(old.given)
		for _, o := range crowd {
			select {
			case <-o.given:
			default:
				close(o.given)
			}
		}
	})
}

// What is reserved for a body is what has arrived of it, within a factor, whatever is announced.
func TestMemoryIsHeldForWhatArrives(t *testing.T) {
	for _, arrived := range []int{0, 55, 5000, 100_000} {
		held := unbounded()
		in := &counting{size: arrived}
		_, err := bodyReader{reservation: held, limit: maxBodyBytes}.readAll(in, 64<<20)
		if err != errStalled {
			t.Fatal(err)
		}
		if most := int64(max(1<<leastClass, 8*arrived)); held.held > most {
			t.Errorf("%d bytes are held for %d", held.held, arrived)
		}
	}
}

var errStalled = errors.New("no more comes")

// A counting reader has so many bytes, a thousand at a time, and then no more.
type counting struct{ size int }

func (c *counting) Read(p []byte) (int, error) {
	n := min(c.size, len(p), 1000)
	if c.size -= n; n == 0 {
		return 0, errStalled
	}
	return n, nil
}
