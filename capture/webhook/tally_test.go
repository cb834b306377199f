package webhook

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// What is kept of a long text is text, and not much.
func TestToldIsShortAndText(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, strings.Repeat("a", maxTold): maxTold, strings.Repeat("a", maxTold+1): maxTold + len("…"),
		"a" + strings.Repeat("é", maxTold): maxTold - 1 + len("…"), strings.Repeat("😀", maxTold): maxTold + len("…"),
	} {
		if got := told(text); len(got) != want || !utf8.ValidString(got) {
			t.Errorf("%d bytes of %d, not %d", len(got), len(text), want)
		}
	}
}

// Beyond those that are told apart, a topic costs a look at a table: no lock, no copy, no series.
func TestATopicTooManyCostsALook(t *testing.T) {
	c := newMetrics("").notifications
	for i := range maxTallied {
		c.of(fmt.Sprint(i)).Inc()
	}
	topics := []string{"new", strings.Repeat("x", maxTold+1), "newer"}
	c.mu.Lock() // which of must not want now
	defer c.mu.Unlock()
	for _, topic := range topics {
		if c.of(topic) != c.other {
			t.Errorf("%.9s has a series", topic)
		}
	}
	if c.of("0") == c.other {
		t.Error("a known topic has none")
	}
	if n := testing.AllocsPerRun(100, func() { c.of("newest") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A long topic has no series of its own, however few there are.
func TestALongTopicHasNoSeries(t *testing.T) {
	c := newMetrics("").notifications
	if c.of(strings.Repeat("x", maxTold+1)) != c.other || c.of(strings.Repeat("x", maxTold)) == c.other {
		t.Error("the bound is another")
	}
}
