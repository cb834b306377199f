package test

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// skipped are the reasons why tests were, each with one of them.
var skipped struct {
	sync.Mutex
	reasons []string
}

// skip ends a test for want of something that this machine could have, which the end of the run tells.
func skip(t testing.TB, format string, args ...any) {
	t.Helper()
	lacking(t, format, args...)
	t.SkipNow()
}

// lacking notes what a part of a test needs and this machine lacks.
func lacking(t testing.TB, format string, args ...any) {
	t.Helper()
	reason := fmt.Sprintf(format, args...)
	t.Log(reason)
	skipped.Lock()
	defer skipped.Unlock()
	if !slices.ContainsFunc(skipped.reasons, func(r string) bool { return strings.HasSuffix(r, reason) }) {
		skipped.reasons = append(skipped.reasons, t.Name()+" and others like it are not run, or not whole: "+reason)
	}
}

// tellSkipped says what was not tried. Of a package whose tests pass, go test shows nothing without -v, so that it is
// written where go test itself writes, as far as the system lets us.
func tellSkipped() {
	var out io.Writer = os.Stderr
	if parent, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/2", os.Getppid()), os.O_WRONLY|os.O_APPEND, 0); err == nil {
		defer parent.Close()
		out = parent
	}
	for _, reason := range skipped.reasons {
		fmt.Fprintln(out, "test:", reason)
	}
}
