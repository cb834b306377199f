package preview

import (
	"context"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
)

// A front stands before the connector as Flow's network proxy does, and sees every request and its answer. The
// connector learns no more than it does there: the Host is the sender's, whose address is behind the others in
// X-Forwarded-For, hop-by-hop headers are dropped, and nothing else is added.
//
// It outlives the connector's processes: while none listens, senders hear 503 with Retry-After, as they do from Flow
// while a task restarts.
type front struct {
	listener net.Listener
	server   http.Server
	proxy    httputil.ReverseProxy
	target   atomic.Pointer[string] // host and port where the connector listens; nil while it does not
	traffic  *traffic
	last     func() int64 // the latest sequence in the store
}

// frontGrace is how long answers may take to leave at the end.
const frontGrace = 2 * time.Second

// newFront listens on a port of all addresses, as the connector does by itself; 0 is any that is free. It serves until
// close.
func newFront(log *logrus.Logger, port uint16, traffic *traffic, last func() int64) (*front, error) {
	listener, err := net.Listen("tcp4", fmt.Sprintf("0.0.0.0:%d", port))
	if err != nil {
		return nil, fmt.Errorf("listening for webhooks: %w; choose another with --port", err)
	}
	const connections = 1024 // kept open to the connector, for as many senders at a time without a new one
	f := &front{listener: listener, traffic: traffic, last: last}
	problems := stdlog.New(log.WriterLevel(logrus.DebugLevel), "", 0) // senders that break off
	f.server = http.Server{Handler: f, ErrorLog: problems, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 75 * time.Second}
	f.proxy = httputil.ReverseProxy{
		Rewrite:      f.rewrite,
		ErrorHandler: f.unreachable,
		ErrorLog:     problems,
		BufferPool:   &copyBuffers{},
		Transport: &http.Transport{
			DisableCompression:    true, // what senders accept is theirs to say
			MaxIdleConnsPerHost:   connections,
			IdleConnTimeout:       time.Minute, // less than the connector's
			ExpectContinueTimeout: time.Second,
		},
	}
	go func() { _ = f.server.Serve(listener) }() // until close
	return f, nil
}

// address is where webhooks come to.
func (f *front) address() string { return f.listener.Addr().String() }

// close lets answers leave, and then ends all connections.
func (f *front) close() {
	ctx, cancel := context.WithTimeout(context.Background(), frontGrace)
	defer cancel()
	if f.server.Shutdown(ctx) != nil {
		_ = f.server.Close()
	}
}

// ServeHTTP passes a request on, and notes it with its answer. A sender that only ended its side of the connection waits
// for the answer, so that its end does not cancel what it sent.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{At: time.Now(), Method: r.Method, Path: r.URL.Path, query: r.URL.RawQuery, host: r.Host, header: r.Header, after: f.last()}
	sent := &recorder{ReadCloser: r.Body, kept: make([]byte, 0, min(max(r.ContentLength, 0)+1, maxKept))}
	r.Body = sent
	answer := &answerRecorder{ResponseWriter: w}
	defer func() { // also where the proxy gives an answer up
		x.took = time.Since(x.At)
		x.Status, x.answer = answer.status, answer.kept
		x.body, x.Size, x.Cut, x.upTo = sent.kept, sent.read, sent.read > int64(len(sent.kept)), f.last()
		f.traffic.add(x)
	}()
	f.proxy.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
}

// rewrite points a request at the connector. What the proxy drops by default is put back.
func (f *front) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.RawQuery = "http", r.In.URL.RawQuery
	if target := f.target.Load(); target != nil {
		r.Out.URL.Host = *target
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
	const chain = "X-Forwarded-For"
	if client, _, err := net.SplitHostPort(r.In.RemoteAddr); err == nil {
		if before := r.In.Header.Get(chain); before != "" {
			client = before + ", " + client
		}
		r.Out.Header.Set(chain, client)
	}
}

// unreachable answers while the connector is started, as Flow's proxy does, and senders whose body does not arrive.
func (f *front) unreachable(w http.ResponseWriter, r *http.Request, _ error) {
	reason := "the connector is not listening now"
	if sent, ok := r.Body.(*recorder); ok && sent.err != nil && sent.err != io.EOF {
		reason = "the body did not arrive"
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"error":"`+reason+`; send it again"}`)
}

// maxKept is how much of a body is kept for people to see and to send again.
const maxKept = 64 << 10

// A recorder keeps the beginning of what is read.
type recorder struct {
	io.ReadCloser
	kept []byte
	read int64
	err  error
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.kept = append(r.kept, p[:min(n, maxKept-len(r.kept))]...)
	r.read += int64(n)
	r.err = err
	return n, err
}

// An answerRecorder keeps the status, and the beginning of answers that say why a request was refused.
type answerRecorder struct {
	http.ResponseWriter
	status int
	kept   []byte
}

func (a *answerRecorder) WriteHeader(status int) {
	if status >= http.StatusOK { // others are only informational
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answerRecorder) Write(p []byte) (int, error) {
	if a.status >= http.StatusBadRequest {
		a.kept = append(a.kept, p[:min(len(p), maxKept-len(a.kept))]...)
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets the proxy flush.
func (a *answerRecorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// copyBuffers are what answers are copied through, which are short.
type copyBuffers struct{ pool sync.Pool }

func (c *copyBuffers) Get() []byte {
	if b, ok := c.pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 4<<10)
}

func (c *copyBuffers) Put(b []byte) { c.pool.Put(&b) }
