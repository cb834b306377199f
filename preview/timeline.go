package preview

import (
	"math"
	"time"
)

// The timeline is of a quarter of an hour, in steps that a chart can draw.
const (
	step  = 10 * time.Second
	steps = 90
)

// Latencies are counted in classes of which each is a quarter of a doubling wide, from a microsecond up to an hour.
const (
	classesPerDoubling = 4
	classes            = 32 * classesPerDoubling
)

// A timeline counts requests, for each step of time. The zero one is empty.
type timeline struct {
	slots  [steps]slot
	totals struct{ accepted, refused int64 }
}

// A slot is one step, since 1970.
type slot struct {
	number    int64
	statuses  [6]int64 // by their first digit; 0 for senders that left
	latencies [classes]uint32
}

// add counts a request that began at this time.
func (t *timeline) add(at time.Time, status int, took time.Duration) {
	number := at.UnixNano() / int64(step)
	s := &t.slots[number%steps]
	if s.number != number {
		*s = slot{number: number}
	}
	s.statuses[min(max(status/100, 0), 5)]++
	s.latencies[class(took)]++
	if status >= 200 && status < 400 {
		t.totals.accepted++
	} else {
		t.totals.refused++
	}
}

func class(took time.Duration) int {
	return min(int(classesPerDoubling*math.Log2(max(1, float64(took.Microseconds())))), classes-1)
}

// A point is what a chart shows of one step.
type point struct {
	At       int64 `json:"at"` // seconds since 1970
	Accepted int64 `json:"accepted"`
	Refused  int64 `json:"refused"` // 4xx
	Failed   int64 `json:"failed"`  // 5xx, and senders that left
	// Quantiles of the time to the answer, in milliseconds; 0 without requests.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// points returns the quarter of an hour up to now, the oldest first.
func (t *timeline) points(now time.Time) []point {
	last := now.UnixNano() / int64(step)
	points := make([]point, 0, steps)
	for number := last - steps + 1; number <= last; number++ {
		p := point{At: number * int64(step/time.Second)}
		if s := &t.slots[number%steps]; s.number == number {
			p.Accepted = s.statuses[2] + s.statuses[3]
			p.Refused = s.statuses[4]
			p.Failed = s.statuses[5] + s.statuses[0] + s.statuses[1]
			p.P50, p.P99 = s.quantile(.5), s.quantile(.99)
		}
		points = append(points, p)
	}
	return points
}

// quantile returns the upper bound of the class that holds it, in milliseconds.
func (s *slot) quantile(q float64) float64 {
	var n, total float64
	for _, count := range s.latencies {
		total += float64(count)
	}
	for class, count := range s.latencies {
		if n += float64(count); count > 0 && n >= q*total {
			return math.Round(100*math.Exp2(float64(class+1)/classesPerDoubling)/1000) / 100
		}
	}
	return 0
}
