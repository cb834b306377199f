package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/cors"
	"github.com/sirupsen/logrus"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/door"
	"source-intercom-ingest/intercom"
	"source-intercom-ingest/pages"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/signature"
	"source-intercom-ingest/spec"
)

// Limits of connections. A sender that is slower than these keeps a connection and its memory from others.
const (
	headerTimeout = 10 * time.Second // two of the retransmissions that a lossy network makes
	idleTimeout   = 75 * time.Second // longer than the runtime's proxy keeps its connections, which is 5 s
)

// A Server takes the requests of one session.
type Server struct {
	log        *logrus.Logger
	transactor *commit.Transactor
	codec      protocol.Frames
	token      token
	sources    spec.Sources
	sender     *signature.Scheme
	routes     *router
	handler    http.Handler // of all requests
	healthz    http.Handler // also of the metrics' port

	budget        *commit.Budget
	commitTimeout time.Duration
	maxBody       int64

	signatureHeaders []string
	workspaces       []string                             // none stands for all
	joined           atomic.Pointer[string]               // another of them, known later
	notify           atomic.Pointer[func(intercom.Event)] // hears what committed notifications say
	untaken          *tally
	refused          *Binding // takes what is refused for its content; nil if none does

	metrics *metrics
}

// New builds what takes the webhooks of bindings. What is taken leaves by the transactor.
func New(log *logrus.Logger, version string, config spec.EndpointConfig, bindings []*Binding, t *commit.Transactor) *Server {
	s := &Server{
		log: log, transactor: t, codec: t.Frames(), budget: t.Budget(),
		token: newToken(config.RequireAuthToken), sources: config.Sources,
		sender: config.Signature, signatureHeaders: config.Signature.Headers(),
		commitTimeout: config.CommitDeadline(), maxBody: config.BodyLimit(),
		workspaces: config.Workspaces, untaken: new(tally),
		metrics: newMetrics(version),
	}
	s.metrics.follow(t)
	for _, b := range bindings {
		b.documents = s.metrics.documents.WithLabelValues(b.about.Name)
	}
	site := pages.Site{Config: config, Version: version, Refuse: s.notAMethod}
	s.healthz = site.Page(s.health)
	s.routes = &router{Server: s, closed: config.Closed}
	for _, of := range s.byPath(bindings) {
		h := newHook(s, of[0].path, of, config.Notifies())
		s.routes.hooks.Add(h.path, h)
		site.Hooks = append(site.Hooks, h.about())
	}
	s.routes.pages = site.Pages()
	s.routes.pages["/healthz"] = s.healthz
	s.handler = s.recover(s.routes.admit(allowOrigins(config.CORSOrigins(), s.routes)))
	return s
}

// byPath returns the bindings of each path, in order, and notes the one without a path: it takes what is refused.
func (s *Server) byPath(bindings []*Binding) (all [][]*Binding) {
	at := map[string]int{}
	for _, b := range bindings {
		if b.refused {
			s.refused = b
			continue
		}
		i, known := at[b.path.String()]
		if !known {
			i = len(all)
			at[b.path.String()] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], b)
	}
	return all
}

// Serve answers requests until ctx ends, and then lets the answers that are due leave.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	h := newHTTPServer(s.handler, s.log)
	h.BaseContext = func(net.Listener) context.Context { return ctx } // what waits ends with the session
	in := entrance{door.New(listener, connections(s.budget), s.unreadable), s.budget}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(in) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving webhooks: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	if err := h.Shutdown(grace); err != nil {
		_ = h.Close() // what is open now is a sender that does not finish
	}
	return ctx.Err()
}

// Join lets notifications of a workspace in, beside those of the workspaces that are configured.
func (s *Server) Join(workspace string) { s.joined.Store(&workspace) }

// Notify lets someone hear what each notification says, once it is committed. It must not wait.
func (s *Server) Notify(hears func(intercom.Event)) { s.notify.Store(&hears) }

// Registry is that of the session's metrics.
func (s *Server) Registry() prometheus.Registerer { return s.metrics.registry }

// Dropped counts the notifications that nobody took, by what they are.
func (s *Server) Dropped() map[string]int { return s.untaken.total() }

// shutdownGrace is how long replies may take to leave when a session ends. They are a few hundred bytes each, and the
// runtime gives a connector that ends little time.
const shutdownGrace = 2 * time.Second

// newHTTPServer makes a server with the limits of connections, for an [entrance].
func newHTTPServer(handler http.Handler, log *logrus.Logger) *http.Server {
	return &http.Server{
		Handler:           guard(handler),
		ConnContext:       withConnection,
		ConnState:         changed,
		ReadHeaderTimeout: headerTimeout,
		MaxHeaderBytes:    door.MaxHeaderBytes,
		IdleTimeout:       idleTimeout,
		WriteTimeout:      answerTime, // of what comes before an answer, which has as much of its own
		ErrorLog:          newErrorLog(log),
		// OPTIONS * is the router's to answer.
		DisableGeneralOptionsHandler: true,
	}
}

// unreadable notes a request that net/http refuses before it is one.
func (s *Server) unreadable(remote string, status int, reason string) {
	s.metrics.requests.WithLabelValues("other", strconv.Itoa(status)).Inc()
	kind := "malformed"
	if status == http.StatusServiceUnavailable {
		kind = "no_room"
	}
	s.metrics.refusals.WithLabelValues(kind).Inc()
	s.log.WithFields(logrus.Fields{"remote": remote, "status": status, "reason": reason}).Info("refused a request")
}

// notAMethod answers what a page can not do.
func (s *Server) notAMethod(w http.ResponseWriter, r *http.Request) {
	s.writeRefusal(w, r, refuse(http.StatusMethodNotAllowed, "%s is not a method of this page; webhooks are posted to the paths of bindings", told(r.Method)).
		with("Allow", "GET, HEAD"))
}

// recover answers 500 where a handler panics; the process lives on.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			reason := recover()
			if reason == nil {
				return
			}
			if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(reason)
			}
			s.log.WithField("stack", string(debug.Stack())).Errorf("a handler panicked: %v", reason)
			s.writeRefusal(w, r, refuse(http.StatusInternalServerError, "the connector failed to handle this request"))
		}()
		next.ServeHTTP(w, r)
	})
}

// allowOrigins lets pages of these origins post, and answers their preflights with the headers that they ask for.
func allowOrigins(origins []string, next http.Handler) http.Handler {
	if len(origins) == 0 {
		return next
	}
	browsers := cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodPost, http.MethodPut, http.MethodHead, http.MethodGet},
		AllowedHeaders: []string{"*"},
	}).Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header["Origin"] == nil { // a webhook, which no browser sends
			next.ServeHTTP(w, r)
			return
		}
		browsers.ServeHTTP(w, r)
	})
}
