package preview

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// DefaultConsole is where the console is, unless that is taken.
const DefaultConsole = "127.0.0.1:8081"

//go:embed console
var consoleFiles embed.FS

// A console shows a person what passes the front, and sends webhooks for them.
type console struct {
	server   http.Server
	listener net.Listener
	name     string // of this machine, if the console's address has one
	task     *task
	store    *store
	front    *front
	traffic  *traffic
	hide     secrets // from what is shown
	sender   sender  // of samples, and of what is replayed
	polled   *polled
	couriers []*courier
	feed     feed
	large    sync.Mutex // of documents that are read whole
}

// listenConsole binds where the console is to be. The default gives way to another port, so that two previews can run.
func listenConsole(log *logrus.Logger, address *string) (net.Listener, error) {
	if address != nil {
		listener, err := net.Listen("tcp", *address)
		if err != nil {
			return nil, fmt.Errorf("--console %q: %w; write another address and port, such as 127.0.0.1:0 for any port that is free, or nothing for no console", *address, err)
		}
		if bound, ok := listener.Addr().(*net.TCPAddr); ok && !bound.IP.IsLoopback() {
			log.Warnf("the console on %v is open to everyone who can reach it: it shows documents, and sends webhooks with the secrets of the configuration", bound)
		}
		return listener, nil
	}
	listener, err := net.Listen("tcp", DefaultConsole)
	if err != nil {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	return listener, nil
}

// serve answers until close.
func (c *console) serve(listener net.Listener) {
	c.listener = listener
	files, err := fs.Sub(consoleFiles, "console")
	if err != nil {
		panic(err) // they are in the binary
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /events", c.events)
	mux.HandleFunc("GET /metrics", c.passMetrics)
	mux.HandleFunc("GET /api/requests/{id}", c.respond(c.request))
	mux.HandleFunc("POST /api/requests/{id}/replay", c.respond(c.replayRequest))
	mux.HandleFunc("GET /api/collections/{name...}", c.respond(c.collection))
	mux.HandleFunc("GET /api/documents/{sequence}", c.whole)
	mux.HandleFunc("POST /api/documents/{sequence}/replay", c.respond(c.replayDocument))
	mux.HandleFunc("GET /api/deliveries", c.respond(c.deliveries))
	mux.HandleFunc("GET /api/documents/{sequence}/deliveries", c.respond(c.traces))
	mux.HandleFunc("POST /api/deliveries/{delivery}/{sequence}/replay", c.respond(c.replayParked))
	mux.HandleFunc("POST /api/send", c.respond(c.sendSample))
	ctx, stop := context.WithCancel(context.Background())
	c.server = http.Server{
		Handler:           c.guard(http.NewCrossOriginProtection().Handler(mux)),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // events end with it
	}
	c.server.RegisterOnShutdown(stop)
	c.feed.lines, c.feed.stats = c.lines, c.stats
	go c.feed.run(ctx.Done())
	go func() { _ = c.server.Serve(listener) }() // until close
}

// close ends all connections: pages connect again.
func (c *console) close() {
	ctx, cancel := context.WithTimeout(context.Background(), frontGrace)
	defer cancel()
	if c.server.Shutdown(ctx) != nil {
		_ = c.server.Close()
	}
}

// address is where a browser finds the console.
func (c *console) address() string {
	address := c.listener.Addr().String()
	if bound, ok := c.listener.Addr().(*net.TCPAddr); ok && bound.IP.IsUnspecified() {
		address = fmt.Sprintf("localhost:%d", bound.Port)
	}
	return "http://" + address + "/"
}

// guard keeps pages of other origins out: what a browser asks for by a name that only pretends to be this machine, it
// does not get. Its own page does no more than it needs.
func (c *console) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		ip := net.ParseIP(host)
		if host != "localhost" && host != c.name && ip == nil {
			http.Error(w, "this console is known by its address alone", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// A problem is what a person is told who asked for what can not be done.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

func problemf(status int, format string, args ...any) error {
	return &problem{status, fmt.Sprintf(format, args...)}
}

// respond answers with what f returns, as JSON.
func (c *console) respond(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := f(r)
		status := http.StatusOK
		if err != nil {
			status = http.StatusInternalServerError
			if p := new(problem); errors.As(err, &p) {
				status = p.status
			}
			answer = map[string]string{"error": c.hide.text(err.Error())}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // a browser that has left
	}
}

// about is what a page needs once.
func (c *console) about() any {
	_, port, _ := net.SplitHostPort(c.front.address())
	return map[string]any{
		"url":      "http://localhost:" + port,
		"paths":    c.sender.paths,
		"topics":   topics(),
		"signed":   c.sender.signs(),
		"delivers": len(c.couriers) > 0,
	}
}

// stats are the numbers of a page.
func (c *console) stats() []byte {
	byCollection, _ := c.store.counts()
	for _, b := range c.task.spec.Bindings {
		byCollection[b.Collection.Name] += 0 // those that are empty are listed
	}
	points, accepted, refused := c.traffic.numbers(time.Now())
	return message("stats", map[string]any{
		"collections": byCollection,
		"timeline":    points,
		"accepted":    accepted,
		"refused":     refused,
		"listening":   c.front.target.Load() != nil,
		"polled":      c.polled.shown(),
	})
}

// passMetrics passes the connector's metrics on.
func (c *console) passMetrics(w http.ResponseWriter, r *http.Request) {
	target := c.polled.metrics.Load()
	if target == nil {
		http.Error(w, "the connector serves no metrics now", http.StatusServiceUnavailable)
		return
	}
	(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target) }}).ServeHTTP(w, r)
}

// number returns a number of a request's path.
func number(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil {
		return 0, problemf(http.StatusBadRequest, "%s is not a number", name)
	}
	return n, nil
}

// latestRows is how many documents of a collection are shown.
const latestRows = 50

// collection returns the latest documents of one.
func (c *console) collection(r *http.Request) (any, error) {
	shown := []shownRow{}
	err := c.store.eachRow(func(r row) error {
		shown = append(shown, c.show(r))
		return nil
	}, `collection = ? ORDER BY sequence DESC LIMIT ?`, r.PathValue("name"), latestRows)
	return shown, err
}

// whole answers a document as text, however large.
func (c *console) whole(w http.ResponseWriter, r *http.Request) {
	c.large.Lock() // one at a time
	defer c.large.Unlock()
	sequence, err := number(r, "sequence")
	var document []byte
	if err == nil {
		_, document, err = c.stored(sequence)
	}
	if err != nil {
		c.respond(func(*http.Request) (any, error) { return nil, err })(w, r)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime))
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(c.hide.document(string(document)))) // a browser that has left
}

// sorted returns headers as pairs, by name.
func sorted(header http.Header) [][2]string {
	pairs := [][2]string{}
	for name, values := range header {
		for _, value := range values {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return slices.Compare(a[:], b[:])
	})
	return pairs
}
