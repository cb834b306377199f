package deliver

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/protocol/materialize"
)

// A far is a destination on a fake clock: it answers what status says of a body.
type far struct {
	status func(body string) int
	takes  time.Duration

	mu     sync.Mutex
	now    int // requests that are open
	most   int
	bodies []string
	at     []time.Time
}

func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.now++
	f.most = max(f.most, f.now)
	f.bodies, f.at = append(f.bodies, string(body)), append(f.at, time.Now())
	f.mu.Unlock()
	time.Sleep(f.takes)
	f.mu.Lock()
	f.now--
	f.mu.Unlock()
	return &http.Response{StatusCode: f.status(string(body)), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// farSession is a session of documents whose destination is far.
func farSession(t *testing.T, f *far, limits string) *session {
	t.Helper()
	to, deliveries, err := bind([]byte(`{"address":"https://far.example"`+limits+`}`), []bound{{[]byte(`{"name":"x","send":"document","orderBy":"/of"}`), "a/c", ""}})
	if err != nil {
		t.Fatal(err)
	}
	to.client.Transport = f
	log := logrus.New()
	log.SetOutput(io.Discard)
	r, err := newRecord(log, nil, false, newMetrics())
	if err != nil {
		t.Fatal(err)
	}
	return &session{schedule: newSchedule(t.Context(), to, r), deliveries: deliveries, ended: func() {}}
}

func (s *session) put(t *testing.T, documents ...string) {
	t.Helper()
	for _, d := range documents {
		if err := s.store(context.Background(), &materialize.Request_Store{DocJson: []byte(d)}); err != nil {
			t.Fatal(err)
		}
	}
}

// A document that fails while others pass is found after eight failures, and parked; it holds up nobody for good.
func TestAPoisonDocumentIsParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{takes: time.Millisecond, status: func(body string) int {
			if strings.Contains(body, "poison") {
				return 500
			}
			return 200
		}}
		s := farSession(t, f, `,"limits":{"concurrency":1}`)
		defer s.close()
		s.put(t, `{"s":"poison"}`, `{"s":"1"}`, `{"s":"2"}`)
		patch, err := s.commit(t.Context())
		if err != nil || !strings.Contains(string(patch), "500 Internal Server Error, 8 times, while others passed") || len(f.bodies) != 10 {
			t.Errorf("%s, %v, %d requests", patch, err, len(f.bodies))
		}
	})
}

// While a destination is down, one probe is made at a time, as far apart as the delays say, by each document in turn; what came
// back is sent within the limits.
func TestADestinationThatIsDownHearsOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const documents = 10_000
		var down atomic.Bool
		down.Store(true)
		f := &far{takes: 20 * time.Millisecond, status: func(string) int {
			if down.Load() {
				return 503
			}
			return 200
		}}
		s := farSession(t, f, "")
		defer s.close()
		s.put(t, `{"i":-1}`)
		time.Sleep(time.Second)
		f.mu.Lock()
		f.most = 0
		f.mu.Unlock()
		for i := range documents {
			s.put(t, fmt.Sprintf(`{"i":%d}`, i))
		}
		time.Sleep(10 * time.Minute)
		f.mu.Lock()
		probes, most, turns := len(f.bodies), f.most, map[string]bool{}
		for _, body := range f.bodies[2:] {
			turns[body] = true
		}
		f.mu.Unlock()
		if most != 1 || probes < 4 || probes > 60 {
			t.Errorf("%d probes in ten minutes, %d at a time", probes, most)
		}
		if len(turns) < probes-4 {
			t.Errorf("%d documents took turns of %d probes", len(turns), probes)
		}
		down.Store(false)
		if _, err := s.commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if f.most > 8 || s.delivered != documents+1 {
			t.Errorf("%d at a time, %d delivered", f.most, s.delivered)
		}
	})
}

// A destination that is down longer than a task is patient ends the session, and nothing is parked.
func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := farSession(t, &far{status: func(string) int { return 502 }}, `,"patience":"10m"`)
		defer s.close()
		s.put(t, `{"i":1}`)
		_, err := s.commit(t.Context())
		if err == nil || !strings.Contains(err.Error(), "502 Bad Gateway; nothing is skipped") || len(s.news) > 0 {
			t.Error(err, s.news)
		}
	})
}

// No more requests are begun in a second than the limits say.
func TestRequestsPerSecondAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{status: func(string) int { return 200 }}
		s := farSession(t, f, `,"limits":{"requestsPerSecond":5}`)
		defer s.close()
		for i := range 51 {
			s.put(t, fmt.Sprintf(`{"i":%d}`, i))
		}
		began := time.Now()
		if _, err := s.commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 9*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// What is parked is known by a thousand ids of a delivery, the latest.
func TestTheStateIsBounded(t *testing.T) {
	r, err := newRecord(logrus.New(), []byte(`{"parked":{"x":{"old":{"at":"2020-01-01T00:00:00Z","reason":"404"}}},"other":1}`), false, newMetrics())
	if err != nil {
		t.Fatal(err)
	}
	r.log.SetOutput(io.Discard)
	d := &delivery{name: "x", stateKey: "x"}
	for i := range mostKept {
		r.parks(d, 0, fmt.Sprint(i), "no", 0)
	}
	patch, err := r.patch()
	if err != nil || !strings.Contains(string(patch), `"old":null`) || len(r.known["x"]) != mostKept {
		t.Errorf("%d ids, %v", len(r.known["x"]), err)
	}
}
