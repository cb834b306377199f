package deliver

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics count what is delivered in one session.
type metrics struct {
	registry *prometheus.Registry
	outcomes *prometheus.CounterVec
	attempts *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	lag      *prometheus.HistogramVec
}

// Bounds of histograms, in seconds.
var (
	attemptBounds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 30}
	lagBounds     = []float64{.01, .05, .1, .5, 1, 5, 30, 60, 300, 1800, 3600}
)

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, bounds []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds}, []string{"delivery"})
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		outcomes: counter("delivery_documents_total", "Documents that are settled, by delivery and outcome: delivered, filtered or parked.", "delivery", "outcome"),
		attempts: counter("delivery_attempts_total", "Attempts, by delivery and class: delivered, document, destination or passing.", "delivery", "class"),
		seconds:  histogram("delivery_attempt_seconds", "Time from a request to its answer.", attemptBounds),
		lag:      histogram("delivery_lag_seconds", "Time from when a document came to when it was settled.", lagBounds),
	}
	m.registry.MustRegister(m.outcomes, m.attempts, m.seconds, m.lag, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

var (
	waitingDesc = prometheus.NewDesc("delivery_waiting", "Messages that are on their way.", nil, nil)
	parkedDesc  = prometheus.NewDesc("delivery_parked", "Messages that are parked, as the state has them, 1,000 of a delivery at most.", nil, nil)
	downDesc    = prometheus.NewDesc("delivery_destination_down", "Whether the destination fails.", nil, nil)
)

// Describe tells what there is.
func (s *schedule) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{waitingDesc, parkedDesc, downDesc} {
		to <- d
	}
}

// Collect tells how it stands.
func (s *schedule) Collect(to chan<- prometheus.Metric) {
	s.mu.Lock()
	pending, down := s.pending, s.brake.down()
	s.mu.Unlock()
	s.stateMu.Lock()
	parked := 0
	for _, ids := range s.known {
		parked += len(ids)
	}
	s.stateMu.Unlock()
	failing := 0.0
	if down {
		failing = 1
	}
	to <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(pending))
	to <- prometheus.MustNewConstMetric(parkedDesc, prometheus.GaugeValue, float64(parked))
	to <- prometheus.MustNewConstMetric(downDesc, prometheus.GaugeValue, failing)
}

// serve answers for metrics until ctx ends.
func (m *metrics) serve(ctx context.Context, on net.Listener) error {
	if on == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	h := &http.Server{Handler: mux, ReadHeaderTimeout: defaultTimeout}
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	if err := h.Serve(on); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
