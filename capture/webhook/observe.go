package webhook

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"source-intercom-ingest/door"
)

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
