package preview

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// newFeed tells of requests up to a number, and counts how often it is asked.
func newFeed(last *int64, asked *int) *feed {
	return &feed{
		lines: func(after int64) ([]byte, int64) {
			*asked++
			if *last == after {
				return nil, after
			}
			return fmt.Appendf(nil, "%d-%d ", after+1, *last), *last
		},
		stats: func() []byte { return []byte("stats ") },
	}
}

// What happens is made once, for however many pages; a page that comes hears what came before it.
func TestAllPagesHearWhatIsMadeOnce(t *testing.T) {
	last, asked := int64(3), 0
	f := newFeed(&last, &asked)
	f.tell(f.news)
	if asked != 0 {
		t.Error("it is made for nobody")
	}
	var tabs []chan []byte
	for range 50 {
		tab, first := f.join()
		if string(first) != "1-3 stats " {
			t.Errorf("it hears %q first", first)
		}
		tabs = append(tabs, tab)
	}
	last, asked = 5, 0
	f.tell(f.news)
	f.tell(f.news)
	if asked != 2 {
		t.Errorf("it was made %d times", asked)
	}
	for _, tab := range tabs {
		if got := string(<-tab); got != "4-5 " || len(tab) != 0 {
			t.Errorf("it hears %q", got)
		}
	}
}

// A page that does not read is let go, and there are not more pages than may be.
func TestPagesAreBounded(t *testing.T) {
	last, asked := int64(0), 0
	f := newFeed(&last, &asked)
	tab, _ := f.join()
	for range maxBehind + 1 {
		last++
		f.tell(f.news)
	}
	heard := 0
	for range tab {
		heard++
	}
	if heard != maxBehind || len(f.tabs) != 0 {
		t.Errorf("it heard %d, and %d pages listen", heard, len(f.tabs))
	}
	f.leave(tab)
	for range maxTabs {
		if tab, _ := f.join(); tab == nil {
			t.Fatal("there is no room for a page")
		}
	}
	if tab, _ := f.join(); tab != nil {
		t.Error("there are more pages than may be")
	}
}

// A page is told of no more requests at a time than somebody reads.
func TestLinesAreBounded(t *testing.T) {
	c := &console{traffic: newTraffic(nil)}
	for range 3 * maxLines {
		c.traffic.add(&exchange{At: time.Now(), Method: "POST", Status: 200})
	}
	if all, last := c.lines(0); strings.Count(string(all), `"id":`) != 3*maxLines || last != 3*maxLines {
		t.Errorf("at first: %s", all)
	}
	if some, last := c.lines(1); strings.Count(string(some), `"id":`) != maxLines || last != 3*maxLines {
		t.Errorf("later: %s", some)
	}
	if none, _ := c.lines(3 * maxLines); none != nil {
		t.Errorf("%s", none)
	}
}
