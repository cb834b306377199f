package main

import (
	"io"
	"sync"
	"time"
)

// A backlog writes what it is given to a file in the background: whoever logs never waits for whoever reads, who may
// never do so.
type backlog struct {
	to   io.Writer
	lost func(lines int) // told what nobody read, once somebody reads again

	mu      sync.Mutex
	change  sync.Cond
	text    []byte
	dropped int  // lines
	writing bool // text that is not in it any more
}

const (
	// maxBacklog is enough for the lines of a second under attack. A reader that is behind by more has stopped.
	maxBacklog = 1 << 20
	// flushTime is how long the end waits for a reader: what is written to it fits the system's buffer of a pipe.
	flushTime = time.Second
)

// newBacklog begins to write.
func newBacklog(to io.Writer) *backlog {
	b := &backlog{to: to, lost: func(int) {}}
	b.change.L = &b.mu
	go func() {
		for { // as long as the process lives
			b.pass()
		}
	}()
	return b
}

// Write takes a line. It never fails and never waits.
func (b *backlog) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.text)+len(line) > maxBacklog {
		b.dropped++
		return len(line), nil
	}
	b.text = append(b.text, line...)
	b.change.Broadcast()
	return len(line), nil
}

// pass writes what waits, or comes first.
func (b *backlog) pass() {
	text, dropped := b.next()
	_, _ = b.to.Write(text)
	b.written()
	if dropped > 0 {
		b.lost(dropped)
	}
}

// next waits for text, and returns it with the number of lines that were dropped since the last.
func (b *backlog) next() (text []byte, dropped int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.text) == 0 {
		b.change.Wait()
	}
	text, dropped = b.text, b.dropped
	b.text, b.dropped, b.writing = nil, 0, true
	return text, dropped
}

func (b *backlog) written() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing = false
	b.change.Broadcast()
}

// flush returns when all is written, or when nobody reads it in time.
func (b *backlog) flush() {
	done := make(chan struct{})
	go func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for len(b.text) > 0 || b.writing {
			b.change.Wait()
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(flushTime):
	}
}
