package preview

import (
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/sirupsen/logrus"
)

// A terminal is what preview writes to. A person who looks at standard error sees a line there that is kept up to date,
// below all else; where nobody does, lines are just lines.
type terminal struct {
	out, err io.Writer
	live     *live // nil where standard error is no terminal
	shows    bool  // standard output is one
}

// newTerminal also redirects the log.
func newTerminal(log *logrus.Logger, out, err *os.File) *terminal {
	t := &terminal{out: out, err: log.Out, shows: isatty.IsTerminal(out.Fd())}
	if !isatty.IsTerminal(err.Fd()) {
		return t
	}
	t.live = &live{out: err}
	t.err = t.live.over(err)
	if isatty.IsTerminal(out.Fd()) {
		t.out = t.live.over(out)
	}
	log.SetOutput(t.err)
	return t
}

// follow keeps the line up to date until stop is called.
func (t *terminal) follow(store *store, traffic *traffic, polled *polled) (stop func()) {
	if t.live == nil {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		_, documents := store.counts()
		s := summary{documents: documents, traffic: traffic, polled: polled, at: time.Now()}
		for {
			select {
			case now := <-tick.C:
				_, documents := store.counts()
				var line string
				line, s = s.next(documents, now)
				t.live.set(line)
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}

// end leaves the last line standing.
func (t *terminal) end() {
	if t.live != nil {
		t.live.end()
	}
}
