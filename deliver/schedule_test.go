package deliver

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

// Delays double by chance up to five minutes, however many failures there were, and never undercut what was asked for.
func TestDelaysDoubleAndHoldWhatIsAsked(t *testing.T) {
	for failures, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 9: 256 * time.Second, 10: lastDelay, 29: lastDelay, 64: lastDelay, 1 << 30: lastDelay} {
		longest := time.Duration(0)
		for range 2000 {
			d := backoff(failures)
			if d <= 0 || d > most {
				t.Fatalf("after %d failures: %v", failures, d)
			}
			longest = max(longest, d)
		}
		if longest < most*3/4 {
			t.Errorf("after %d failures: %v at the most", failures, longest)
		}
	}
	for range 1000 {
		if d := behindBack(time.Minute); d <= time.Minute || d > time.Minute*11/10 {
			t.Fatal(d)
		}
	}
}

// A destination that fails is probed one at a time, and once it answers with ever more.
func TestABrakeProbesOneAtATime(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := brake{concurrency: 8, allowed: 8}
	b.failed(now, "503", 0)
	if b.allowed != 1 || !b.down() || !b.next.After(now) || b.next.After(now.Add(time.Second)) {
		t.Errorf("%+v", b)
	}
	b.failed(now, "429", 10*time.Minute)
	if b.next.Before(now.Add(10 * time.Minute)) {
		t.Errorf("%+v", b)
	}
	for _, want := range []int{2, 4, 8, 8} {
		if b.succeeded(); b.allowed != want || b.down() || b.next.Before(now.Add(10*time.Minute)) {
			t.Errorf("%+v, not %d", b, want)
		}
	}
}

// How long to wait is told by seconds, by a date of the server's clock, or by the rate limit's reset, within bounds.
func TestWaitsAreReadFromAnswers(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	skewed := now.Add(-time.Hour)
	for _, c := range []struct {
		status int
		header http.Header
		want   time.Duration
	}{
		{503, http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		{503, http.Header{"Retry-After": {" 1.5 "}}, 1500 * time.Millisecond},
		{503, http.Header{"Retry-After": {"7", "9"}}, 9 * time.Second},
		{503, http.Header{"Retry-After": {"-7"}}, 0},
		{503, http.Header{"Retry-After": {"soon"}}, 0},
		{503, http.Header{"Retry-After": {"99999999999999999999"}}, maxComesBack},
		{503, http.Header{"Retry-After": {skewed.Add(time.Minute).Format(http.TimeFormat)}, "Date": {skewed.Format(http.TimeFormat)}}, time.Minute},
		{503, http.Header{"Retry-After": {now.Add(time.Minute).Format(http.TimeFormat)}}, time.Minute},
		{429, http.Header{"X-Ratelimit-Reset": {"1800000030"}}, 30 * time.Second},
		{429, http.Header{"X-Ratelimit-Reset": {"1799996430"}, "Date": {skewed.Format(http.TimeFormat)}}, 30 * time.Second},
		{200, http.Header{"X-Ratelimit-Reset": {"1800000030"}}, 0},
		{503, nil, 0},
	} {
		if got := (answer{status: c.status, header: c.header}).comesBack(now); got != c.want {
			t.Errorf("%d %v: %v, not %v", c.status, c.header, got, c.want)
		}
	}
}

// Each status is one document's fault, everyone's, or passes.
func TestStatusesHaveTheirClasses(t *testing.T) {
	d := &delivery{statuses: []status{{200, 299}}}
	for want, all := range map[class][]int{
		succeeded: {200, 201, 202, 204, 299},
		ofOne:     {400, 404, 409, 413, 415, 422, 406, 411, 428, 451},
		ofAll:     {300, 301, 302, 303, 304, 307, 308, 401, 402, 403, 405, 407, 410, 426},
		passing:   {408, 425, 429, 500, 501, 502, 503, 504, 507, 599},
	} {
		for _, status := range all {
			if got := (answer{status: status}).class(d); got != want {
				t.Errorf("%d is %s, not %s", status, got, want)
			}
		}
	}
	if got := (answer{err: errors.New("connection reset by peer")}).class(d); got != passing {
		t.Error(got)
	}
	own := &delivery{statuses: []status{{404, 404}}}
	if (answer{status: 404}).class(own) != succeeded || (answer{status: 200}).class(own) != ofOne {
		t.Error("configured statuses are not kept")
	}
}
