package commit

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
	const eighth = 2 * much
	b := &Budget{total: 8 * eighth}
	large, other, small, known := &Reservation{budget: b}, &Reservation{budget: b}, &Reservation{budget: b}, &Reservation{budget: b, proven: true}
	if err := large.Take(5 * eighth); err != nil {
		t.Fatal(err)
	}
	if err := other.Take(much + 1); err != ErrNoRoom {
		t.Errorf("strangers that hold much hold more than their share: %v", err)
	}
	for range 2 {
		if err := small.Take(much); err != nil {
			t.Errorf("there is no room for those that hold little: %v", err)
		}
		small = &Reservation{budget: b}
	}
	if err := small.Take(1); err != ErrNoRoom {
		t.Errorf("strangers hold more than their share: %v", err)
	}
	if err := known.Take(2 * eighth); err != nil {
		t.Errorf("there is no room for the authentic: %v", err)
	}
	large.Prove()
	if err := other.Take(1); err != ErrNoRoom {
		t.Errorf("all is held, and more: %v", err)
	}
	known.Release()
	if err := other.Take(2 * eighth); err != nil {
		t.Errorf("what became authentic is still a stranger's: %v", err)
	}
}

// A request that could never fit is told so, not to come back.
func TestARequestThatCanNeverFitIsTooLarge(t *testing.T) {
	const total = 8 << 20
	for most, r := range map[int64]*Reservation{5 << 20: {}, 8 << 20: {proven: true}} {
		r.budget = &Budget{total: total}
		if err, tooLarge := r.Take(most+1), new(TooLargeError); !errors.As(err, &tooLarge) || tooLarge.Most != most {
			t.Errorf("%d bytes more than may ever be held: %v", most, err)
		}
		if err := r.Take(most); err != nil {
			t.Error(err)
		}
	}
}

// However many take and give at once, whoever fits has room.
func TestWhoFitsHasRoomUnderContention(t *testing.T) {
	const senders, each = 8, 100
	b := &Budget{total: senders * each}
	var group sync.WaitGroup
	var refused atomic.Int64
	for range senders {
		group.Go(func() {
			r := &Reservation{budget: b, proven: true}
			for range 20_000 {
				if r.Take(each) != nil {
					refused.Add(1)
				}
				r.Release()
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
	*Reservation
	given chan struct{} // closed when it is given up
}

func beginBody(b *Budget, from string, bytes int64) onItsWay {
	o := onItsWay{&Reservation{budget: b}, make(chan struct{})}
	if err := o.Take(bytes); err != nil {
		panic(err)
	}
	o.Begin(netip.MustParseAddr(from), time.Now(), func() { close(o.given) })
	o.Came(int(bytes))
	go func() { // its handler
		<-o.given
		o.Release()
	}()
	return o
}

// The oldest of the bodies that have stalled makes room for one that comes; one that is still coming does not.
func TestTheOldestStalledBodyMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Budget{total: 4000}
		first := beginBody(b, "192.0.2.1", 1000)
		time.Sleep(10 * time.Millisecond) // of the fake clock
		second := beginBody(b, "192.0.2.2", 1000)
		third := beginBody(b, "192.0.2.3", 1000)
		comes := &Reservation{budget: b}
		if err := comes.Take(500); err != ErrNoRoom {
			t.Errorf("bodies that are coming made room: %v", err)
		}
		time.Sleep(stalled + time.Millisecond)
		third.reading.came(1<<20, time.Now())
		if err := comes.Take(500); err != nil {
			t.Errorf("a stalled body made no room: %v", err)
		}
		select {
		case <-first.given:
		default:
			t.Error("another than the oldest was given up")
		}
		if err := comes.Take(1500); err != nil {
			t.Errorf("the next made no room: %v", err)
		}
		if err := comes.Take(500); err != ErrNoRoom {
			t.Errorf("one that is coming made room: %v", err)
		}
		<-second.given
		comes.Release()
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
		b := &Budget{total: 4000}
		crawls := beginBody(b, "192.0.2.1", 3000)
		for range 50 {
			time.Sleep(stalled / 2) // of the fake clock
			crawls.reading.came(1, time.Now())
		}
		comes := &Reservation{budget: b}
		if err := comes.Take(1000); err != nil {
			t.Error(err)
		}
		comes.Release()
	})
}

// Of an address that has many, one makes room before an older one of another address.
func TestACrowdedAddressMakesRoomFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Budget{total: 4 * (maxReadings + 2)}
		old := beginBody(b, "192.0.2.1", 3)
		time.Sleep(time.Millisecond) // of the fake clock
		var crowd []onItsWay
		for range maxReadings + 1 {
			crowd = append(crowd, beginBody(b, "192.0.2.2", 3))
		}
		time.Sleep(2 * stalled)
		comes := &Reservation{budget: b}
		if err := comes.Take(3); err != nil {
			t.Error(err)
		}
		select {
		case <-old.given:
			t.Error("the other address made room")
		default:
		}
		comes.Release()
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

func TestABudgetIsNeverExceeded(t *testing.T) {
	b := NewBudgetOf(100)
	one, two := &Reservation{budget: b, proven: true}, &Reservation{budget: b, proven: true}
	if err := one.Take(70); err != nil {
		t.Error(err)
	}
	if err := two.Take(40); err != ErrNoRoom {
		t.Errorf("got %v", err)
	}
	if err := two.Take(101); !errors.As(err, new(*TooLargeError)) {
		t.Errorf("got %v", err)
	}
	one.Give(20)
	if err := two.Take(40); err != nil {
		t.Error(err)
	}
	one.Release()
	two.Release()
	if held := b.held.Load(); held != 0 {
		t.Errorf("%d bytes are still held", held)
	}
}
