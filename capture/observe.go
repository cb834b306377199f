package capture

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"
)

// MetricsPortVariable overrides [DefaultMetricsPort] from the environment; 0 is for no metrics.
const (
	MetricsPortVariable = "SOURCE_HTTP_INGEST_METRICS_PORT"
	DefaultMetricsPort  = 9090 // the private port that the image exposes
)

// listenMetrics binds the port of the metrics; nil if there is to be none. A capture is worth more than its metrics: a
// port that is taken is replaced by any that is free, and a warning.
func listenMetrics(log *logrus.Logger) (net.Listener, error) {
	port := uint64(DefaultMetricsPort)
	if text := os.Getenv(MetricsPortVariable); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%s is %q; set it to a port number, to 0 for no metrics, or unset it for %d", MetricsPortVariable, text, port)
		}
		port = n
	}
	if port == 0 {
		return nil, nil
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

func listenOn(port uint64) (net.Listener, error) {
	return net.Listen("tcp4", net.JoinHostPort("0.0.0.0", strconv.FormatUint(port, 10)))
}

// observe serves metrics, and the health of the webhooks' port, until ctx ends.
func (s *server) observe(ctx context.Context, listener net.Listener) error {
	if listener == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{ErrorLog: s.log}))
	mux.Handle("/healthz", s.healthz)
	h := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, ErrorLog: newErrorLog(s.log)}
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	if err := h.Serve(listener); ctx.Err() == nil {
		return fmt.Errorf("serving metrics: %w", err)
	}
	return nil
}
