package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A reader takes nothing until it is told to.
type reader struct {
	takes chan struct{}
	text  bytes.Buffer
}

func (r *reader) Write(p []byte) (int, error) {
	<-r.takes
	return r.text.Write(p)
}

// Who logs never waits, and the end does not wait long; what a slow reader misses is counted.
func TestNobodyWaitsForWhoReadsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{takes: make(chan struct{})}
		lost := 0
		b := &backlog{to: r, lost: func(lines int) { lost += lines }}
		b.change.L = &b.mu
		ends := make(chan struct{})
		go func() {
			for range 2 {
				b.pass()
			}
			close(ends)
		}()
		line := []byte(strings.Repeat("x", 1023) + "\n")
		began := time.Now()
		_, _ = b.Write(line)
		synctest.Wait() // it is being written
		const more = 100
		for range maxBacklog/len(line) + more {
			_, _ = b.Write(line)
		}
		if time.Since(began) > 0 {
			t.Errorf("writing took %v", time.Since(began))
		}
		if b.flush(); time.Since(began) != flushTime {
			t.Errorf("the end took %v", time.Since(began))
		}
		r.takes <- struct{}{}
		r.takes <- struct{}{}
		<-ends
		if want := maxBacklog + len(line); lost != more || r.text.Len() != want {
			t.Errorf("%d lines are lost, and %d bytes of %d written", lost, r.text.Len(), want)
		}
		began = time.Now()
		if b.flush(); time.Since(began) > 0 {
			t.Error("the end waits for nothing")
		}
	})
}
