package webhook

import (
	"errors"
	"os"
	"sync"
	"time"
)

// A deadline of a connection's reads or writes is set on it only when it is sooner than the one that is set. One that
// passes too soon for that is set anew, and the read or write goes on.
type deadline struct {
	set func(time.Time) error // on the connection

	mu     sync.Mutex
	wanted time.Time // zero for none
	is     time.Time // on the connection; zero for none
	under  int       // reads or writes that are under way
}

// want notes a deadline, by which also what is under way must end.
func (d *deadline) want(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = t
	if d.under > 0 && d.sooner() {
		return d.renew()
	}
	return nil
}

// begin precedes a read or write. Its error is [os.ErrDeadlineExceeded] when it is too late for one.
func (d *deadline) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sooner() {
		if d.passed() {
			return os.ErrDeadlineExceeded
		}
		if err := d.renew(); err != nil {
			return err
		}
	}
	d.under++
	return nil
}

// end follows a read or write, and tells whether it goes on: it ended by a deadline that is not wanted.
func (d *deadline) end(err error) (again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.under--
	return errors.Is(err, os.ErrDeadlineExceeded) && !d.passed() && d.renew() == nil
}

// none tells that no deadline is wanted.
func (d *deadline) none() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wanted.IsZero()
}

func (d *deadline) sooner() bool {
	return !d.wanted.IsZero() && (d.is.IsZero() || d.wanted.Before(d.is))
}

func (d *deadline) passed() bool { return !d.wanted.IsZero() && !time.Now().Before(d.wanted) }

func (d *deadline) renew() error {
	d.is = d.wanted
	return d.set(d.wanted)
}
