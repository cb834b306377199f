package webhook

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"

	"source-intercom-ingest/door"
)

// ListenMetrics binds the port of the metrics; nil if there is to be none. A capture is worth more than its metrics: a
// port that is taken is replaced by any that is free, and a warning.
func ListenMetrics(log *logrus.Logger) (net.Listener, error) {
	port, err := portFrom(MetricsPortVariable, DefaultMetricsPort)
	if err != nil || port == 0 {
		return nil, err
	}
	listener, err := listenOn(port)
	if err == nil {
		return listener, nil
	}
	if listener, freeErr := listenOn(0); freeErr == nil {
		log.Warnf("metrics can not be served on port %d (%v), but on %v; choose another with %s", port, err, listener.Addr(), MetricsPortVariable)
		return listener, nil
	}
	log.Warnf("metrics can not be served: %v", err)
	return nil, nil
}

// maxScrapers may ask for metrics and health at a time: half of the descriptors that are kept for others than senders.
const maxScrapers = otherDescriptors / 2

// Observe serves metrics, and the health of the webhooks' port, until ctx ends.
func (s *Server) Observe(ctx context.Context, listener net.Listener) error {
	if listener == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{ErrorLog: s.log}))
	mux.Handle("/healthz", s.healthz)
	h := newHTTPServer(mux, s.log)
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	if err := h.Serve(entrance{door.New(listener, maxScrapers, s.unreadable), s.budget}); ctx.Err() == nil {
		return fmt.Errorf("serving metrics: %w", err)
	}
	return nil
}
