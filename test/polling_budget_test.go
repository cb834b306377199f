package test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"source-intercom-ingest/test/intercomsim/sim"
)

// peak is the most memory that a process has held, in MiB.
func (r *runtime) peak(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		skip(t, "the system does not tell: %v", err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		t.Fatal("the system does not tell the peak of memory")
	}
	kib, _ := strconv.Atoi(string(found[1]))
	return kib >> 10
}

// A backfill makes few requests more than there are conversations and pages of them, and holds little memory.
func TestABackfillKeepsToItsBudget(t *testing.T) {
	t.Parallel()
	const n = 10_000
	w := newWorkspace(sim.Config{Limit: 60_000_000}, sim.Sizes{Conversations: n, Parts: 12, History: 3 * 365 * 24 * time.Hour})
	p := poll(t, w, setup{codec: "proto", resources: []string{"conversations", "conversation_parts"}, interval: "PT5M"})
	p.settled(t)
	if got, most := len(w.Requests()), n+n/150*11/10+50; got > most {
		t.Errorf("%d requests for %d conversations, %d are the most", got, n, most)
	}
	t.Logf("%d MiB at the peak", p.peak(t))
	if mib := p.peak(t); mib > 96 {
		t.Errorf("%d MiB", mib)
	}
}

// The rate limit is used as far as it is granted, and never passed once it is known.
func TestTheRateLimitIsUsedAndNotPassed(t *testing.T) {
	t.Parallel()
	const perMinute = 2_000
	w := newWorkspace(sim.Config{Limit: perMinute}, sim.Sizes{Conversations: 1_300, Parts: 2, History: 24 * time.Hour})
	p := poll(t, w, setup{codec: "json", resources: []string{"conversations", "conversation_parts"}, interval: "PT5M", config: `"rateShare":100`})
	if _, err := p.waitLog(func(f map[string]any) bool {
		return f["eventType"] == "connectorStatus" && strings.HasPrefix(fmt.Sprint(f["msg"]), "waiting for the rate limit of Intercom's API")
	}); err != nil {
		t.Error(err)
	}
	p.settled(t)
	windows := map[int64]int{}
	for _, r := range w.Requests() {
		windows[r.At.Unix()/10]++
		if r.Status == 429 {
			t.Errorf("%s %s was over the limit", r.Method, r.Path)
		}
	}
	first, last := int64(1<<62), int64(0)
	for at := range windows {
		first, last = min(first, at), max(last, at)
	}
	for at := first + 1; at < last; at++ {
		if n := windows[at]; n < perMinute/6*95/100 {
			t.Errorf("%d requests in a window of %d", n, perMinute/6)
		}
	}
	if last-first < 3 {
		t.Errorf("only %d windows were looked at", last-first)
	}
}
