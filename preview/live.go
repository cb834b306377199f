package preview

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// A live writer keeps some lines at the bottom of a terminal up to date, below what is logged and printed there.
type live struct {
	mu    sync.Mutex
	out   io.Writer
	line  string
	dirty bool // the cursor is behind the lines
}

// clearLine takes the cursor to the start of the line, and what is on it away; clearAbove does so with the line above.
const (
	clearLine  = "\r\x1b[K"
	clearAbove = "\x1b[1A\x1b[K"
)

// clear takes the lines away.
func (l *live) clear() string {
	return clearLine + strings.Repeat(clearAbove, strings.Count(l.line, "\n"))
}

// over returns a writer to the same terminal, whose text goes above the line.
func (l *live) over(w io.Writer) io.Writer { return above{l, w} }

type above struct {
	live *live
	to   io.Writer
}

// Write expects whole lines.
func (a above) Write(p []byte) (int, error) {
	l := a.live
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dirty {
		_, _ = io.WriteString(l.out, l.clear())
	}
	n, err := a.to.Write(p)
	if l.dirty {
		_, _ = io.WriteString(l.out, l.line)
	}
	return n, err
}

// set replaces the lines.
func (l *live) set(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line == l.line && l.dirty {
		return
	}
	gone := clearLine
	if l.dirty {
		gone = l.clear()
	}
	l.line, l.dirty = line, true
	_, _ = io.WriteString(l.out, gone+line)
}

// end leaves the lines as they are, and goes to the next one.
func (l *live) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dirty {
		_, _ = io.WriteString(l.out, "\n")
		l.dirty = false
	}
}

// A summary is what the line tells.
type summary struct {
	documents int64
	traffic   *traffic // nil without a console, which sees it
	polled    *polled
	at        time.Time
}

// next returns the line, and the summary to compare the next one with.
func (s summary) next(documents int64, now time.Time) (string, summary) {
	seconds := max(now.Sub(s.at).Seconds(), 0.001)
	noun := "documents"
	if documents == 1 {
		noun = "document"
	}
	text := fmt.Sprintf("%d %s, %.0f a second", documents, noun, float64(documents-s.documents)/seconds)
	if s.traffic != nil {
		points, accepted, refused := s.traffic.numbers(now)
		text += fmt.Sprintf(" · %d accepted, %d refused", accepted, refused)
		if latest := points[len(points)-1]; latest.P99 > 0 {
			text += fmt.Sprintf(" · p50 %v ms, p99 %v ms", latest.P50, latest.P99)
		}
	}
	for _, line := range s.polled.lines(now) {
		text += "\n" + line
	}
	s.documents, s.at = documents, now
	return text, s
}
