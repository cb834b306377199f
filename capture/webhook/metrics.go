package webhook

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/intercom"
	"source-intercom-ingest/signature"
)

// Bounds of histograms, in seconds. At 0.5 s Intercom lowers the priority of an endpoint, at 5 s it gives a delivery up;
// a minute after that it tries once more, and it holds back for at most two hours.
var (
	commitBounds = []float64{.001, .002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	lagBounds    = []float64{.5, 1, 2, 5, 10, 30, 60, 120, 300, 1800, 7200}
)

// Metrics count what happens in one session, from its start. None of them has a label that a sender could give endless
// values: paths are those of the configuration, and topics that are many or long are counted as other.
type metrics struct {
	registry      *prometheus.Registry
	requests      *prometheus.CounterVec // of webhooks, by path and status
	bytes         *prometheus.CounterVec
	documents     *prometheus.CounterVec
	commits       *prometheus.HistogramVec
	refusals      *prometheus.CounterVec
	signatures    *prometheus.CounterVec // that failed
	handshakes    *prometheus.CounterVec
	notifications *topicCounters
	retries       prometheus.Counter
	lag           prometheus.Histogram
}

// newMetrics registers all but the transactor's.
func newMetrics(version string) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry:      prometheus.NewRegistry(),
		requests:      counter("webhook_requests_total", "Requests that were answered, by configured path and status.", "path", "status"),
		bytes:         counter("webhook_request_bytes_total", "Bytes of the webhooks that were captured, after decompression.", "path"),
		documents:     counter("webhook_documents_total", "Documents that the runtime has acknowledged, by the binding's collection.", "collection"),
		refusals:      counter("webhook_refusals_total", "Requests that were refused, by reason.", "reason"),
		signatures:    counter("webhook_signature_failures_total", "Requests whose signature was missing or wrong.", "path"),
		handshakes:    counter("webhook_handshakes_total", "Handshakes that were answered 200: what senders ask before they send.", "sender"),
		notifications: newTopicCounters(counter("intercom_notifications_total", "Notifications that were received, by topic.", "topic")),
		commits: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "webhook_commit_seconds",
			Help: "Time from a webhook's headers to the runtime's acknowledgement.", Buckets: commitBounds}, []string{"path"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{Name: "intercom_redeliveries_total",
			Help: "Notifications that came with a count of attempts above one."}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "intercom_delivery_lag_seconds",
			Help: "Time from when a notification was made to when it was received.", Buckets: lagBounds}),
	}
	m.registry.MustRegister(m.requests, m.bytes, m.documents, m.refusals, m.signatures, m.handshakes, m.notifications.vec, m.commits, m.retries, m.lag,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("source_intercom_ingest_info", "The connector's version.", prometheus.Labels{"version": version}, func() float64 { return 1 }))
	for _, sender := range signature.Senders() {
		m.handshakes.WithLabelValues(sender) // which shows those that were never asked as 0
	}
	return m
}

// follow registers the transactor's, which are read when they are asked for.
func (m *metrics) follow(t *commit.Transactor) {
	m.registry.MustRegister(
		gauge("webhook_queue_requests", "Requests that wait for the runtime's acknowledgement.", nil,
			func() float64 { return float64(t.Waiting()) }),
		gauge("webhook_queue_oldest_seconds", "How long the oldest of them has waited.", nil,
			func() float64 { return t.Oldest(time.Now()).Seconds() }),
		gauge("webhook_in_flight_bytes", "Bytes that requests hold.", nil,
			func() float64 { return float64(t.Budget().Held()) }),
		gauge("webhook_in_flight_limit_bytes", "Bytes that requests may hold.", nil,
			func() float64 { return float64(t.Budget().Total()) }))
}

func gauge(name, help string, labels prometheus.Labels, value func() float64) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value)
}

// hookMetrics are those of one path, found once.
type hookMetrics struct {
	ok         prometheus.Counter
	bytes      prometheus.Counter
	signatures prometheus.Counter
	commits    prometheus.Observer
}

// ofPath returns those of a path.
func (m *metrics) ofPath(path string) hookMetrics {
	return hookMetrics{
		ok:         m.requests.WithLabelValues(path, "200"),
		bytes:      m.bytes.WithLabelValues(path),
		signatures: m.signatures.WithLabelValues(path),
		commits:    m.commits.WithLabelValues(path),
	}
}

// committed counts a webhook of so many bytes that is answered 200.
func (h *hook) committed(made *batch, size int, receivedAt time.Time) {
	h.counts.ok.Inc()
	h.counts.bytes.Add(float64(size))
	for i := range made.documents {
		made.documents[i].binding.documents.Inc()
	}
	if len(made.documents) > 0 {
		h.counts.commits.Observe(time.Since(receivedAt).Seconds())
	}
	if hears := h.notify.Load(); hears != nil {
		for _, event := range made.events {
			(*hears)(event)
		}
	}
}

// notified counts a notification.
func (m *metrics) notified(event *intercom.Event, receivedAt time.Time) {
	m.notifications.of(event.Topic).Inc()
	if event.Attempt > 1 {
		m.retries.Inc()
	}
	if !event.CreatedAt.IsZero() {
		m.lag.Observe(max(0, receivedAt.Sub(event.CreatedAt).Seconds()))
	}
}

// topicCounters are made as topics come, at most maxTallied. All requests read them at the same time, without a lock, so
// that they are replaced as a whole when there is a new one.
type topicCounters struct {
	vec   *prometheus.CounterVec
	other prometheus.Counter
	known atomic.Pointer[map[string]prometheus.Counter]
	mu    sync.Mutex // of who replaces them
}

func newTopicCounters(vec *prometheus.CounterVec) *topicCounters {
	c := &topicCounters{vec: vec, other: vec.WithLabelValues("other")}
	c.known.Store(&map[string]prometheus.Counter{})
	return c
}

// of returns the counter of a topic. Those that are too long, or come when there are maxTallied, share one.
func (c *topicCounters) of(topic string) prometheus.Counter {
	known := *c.known.Load()
	if counter, ok := known[topic]; ok {
		return counter
	}
	if len(topic) > maxTold || len(known) >= maxTallied {
		return c.other
	}
	return c.add(topic)
}

// add makes the counter of a topic, unless others have come meanwhile.
func (c *topicCounters) add(topic string) prometheus.Counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := *c.known.Load()
	if counter, ok := known[topic]; ok {
		return counter
	}
	if len(known) >= maxTallied {
		return c.other
	}
	next := maps.Clone(known)
	next[topic] = c.vec.WithLabelValues(topic)
	c.known.Store(&next)
	return next[topic]
}

// refused counts a request by why it was refused. What a sender could not prove is one reason, however it failed.
func (m *metrics) refused(path string, r *refusal) {
	m.requests.WithLabelValues(path, strconv.Itoa(r.status)).Inc()
	reason := r.Code
	if r.status == http.StatusUnauthorized || r.status == http.StatusForbidden {
		reason = codes[r.status]
	}
	m.refusals.WithLabelValues(reason).Inc()
}
