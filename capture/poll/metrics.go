package poll

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what is polled in one session.
type metrics struct {
	requests  *prometheus.CounterVec
	rows      *prometheus.CounterVec
	documents *prometheus.CounterVec
	invalid   *prometheus.CounterVec
	missed    *prometheus.CounterVec
	asks      atomic.Int64 // requests that were answered, for the status

	mu   sync.Mutex
	read map[string]int64 // up to when each resource is read, in seconds since 1970
	at   map[string]int64 // when that was
}

func newMetrics(p *Poller) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		requests:  counter("intercom_requests_total", "Requests to Intercom's API, by endpoint and status; 0 where no answer came.", "endpoint", "status"),
		rows:      counter("intercom_rows_total", "Rows that Intercom's API answered, by resource.", "resource"),
		documents: counter("intercom_documents_total", "Documents that were made of Intercom's API, by resource.", "resource"),
		invalid:   counter("intercom_invalid_documents_total", "Objects that were left out, as the runtime would refuse them, by resource.", "resource"),
		missed:    counter("intercom_missed_updates_total", "Changes that were found and no notification came of, by resource.", "resource"),
		read:      map[string]int64{},
		at:        map[string]int64{},
	}
	p.Registry.MustRegister(m.requests, m.rows, m.documents, m.invalid, m.missed, &gauges{p})
	return m
}

// asked counts a request.
func (m *metrics) asked(endpoint string, status int) {
	m.requests.WithLabelValues(endpoint, strconv.Itoa(status)).Inc()
	m.asks.Add(1)
}

// lag notes up to when a resource is read.
func (m *metrics) lag(resource string, read int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read[resource], m.at[resource] = read, time.Now().Unix()
}

// Gauges are read when they are asked for.
type gauges struct{ *Poller }

var (
	lagDesc       = prometheus.NewDesc("intercom_lag_seconds", "How far the last look at a resource is behind, by resource.", []string{"resource"}, nil)
	remainingDesc = prometheus.NewDesc("intercom_rate_limit_remaining", "Requests that remain of the rate limit's present window.", nil, nil)
	limitDesc     = prometheus.NewDesc("intercom_rate_limit", "Requests that a window of the rate limit has.", nil, nil)
	lookDesc      = prometheus.NewDesc("intercom_last_look_timestamp_seconds", "When a resource was looked at last, in seconds since 1970, by resource.", []string{"resource"}, nil)
	rowsDesc      = prometheus.NewDesc("intercom_backfill_rows", "Rows of the history that are read, by resource; 0 where no backfill has run in this session.", []string{"resource"}, nil)
	totalDesc     = prometheus.NewDesc("intercom_backfill_total_rows", "Rows that the history has, by resource; 0 for unknown.", []string{"resource"}, nil)
	doneDesc      = prometheus.NewDesc("intercom_backfill_done_ratio", "How much of the history is read, by resource, from 0 to 1.", []string{"resource"}, nil)
	refreshDesc   = prometheus.NewDesc("intercom_refresh_queue", "Objects that notifications have made due.", nil, nil)
	holesDesc     = prometheus.NewDesc("intercom_holes", "Seconds whose objects Intercom's API does not answer, by resource.", []string{"resource"}, nil)
)

// Describe tells what there is.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{lagDesc, lookDesc, rowsDesc, totalDesc, remainingDesc, limitDesc, doneDesc, refreshDesc, holesDesc} {
		to <- d
	}
}

// Collect tells how it stands.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	value := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	client := g.client.Load()
	remaining, limit := client.Rate()
	value(remainingDesc, float64(remaining))
	value(limitDesc, float64(limit))
	value(refreshDesc, float64(g.refresh.size()))
	now := client.Now().Unix()
	g.metrics.mu.Lock()
	for resource, read := range g.metrics.read {
		value(lagDesc, float64(max(0, now-read)), resource)
		value(lookDesc, float64(g.metrics.at[resource]), resource)
	}
	g.metrics.mu.Unlock()
	for _, s := range g.streams {
		searched, ok := s.(*searched)
		if !ok {
			continue
		}
		rows, total := searched.progress.rows()
		value(rowsDesc, float64(rows), s.name())
		value(totalDesc, float64(total), s.name())
		value(doneDesc, searched.progress.ratio(), s.name())
		value(holesDesc, float64(searched.holes.Load()), s.name())
	}
}

// countHoles notes how many there are: whoever asks does not wait for the writer, which waits for the runtime.
func (s *searched) countHoles() {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	n := 0
	for _, k := range s.states {
		n = max(n, len(k.Holes))
	}
	s.holes.Store(int64(n))
}
