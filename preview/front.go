package preview

import (
	"context"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"source-intercom-ingest/door"

	"github.com/sirupsen/logrus"
)

// A front stands before the connector as Flow's network proxy does, and sees every request and its answer. The
// connector learns no more than it does there: the Host is the sender's, whose address is behind the others in
// X-Forwarded-For, hop-by-hop headers are dropped, and nothing else is added.
//
// It outlives the connector's processes: while none listens, senders are told to come back.
type front struct {
	log       *logrus.Logger
	listener  net.Listener
	server    http.Server
	proxy     httputil.ReverseProxy
	transport http.Transport
	target    atomic.Pointer[string] // host and port where the connector listens; nil while it does not
	commit    atomic.Int64           // when the commit that is under way began, in nanoseconds since 1970; 0 for none
	intercom  bool                   // the capture takes Intercom's signatures
	traffic   *traffic
	last      func() int64 // the latest sequence in the store
}

// Limits of connections.
const (
	// frontGrace is how long answers may take to leave at the end.
	frontGrace    = 2 * time.Second
	headerTimeout = 10 * time.Second // two of the retransmissions that a lossy network makes
	idleTimeout   = 60 * time.Second // less than the connector's
	// maxVisitors are as many senders as preview is for, at some 100 KiB each with the headers and the connection to the connector.
	maxVisitors = 2048
	// answerPatience ends a wait for a connector that does not answer: longer than a commit may take there.
	answerPatience = 6 * time.Minute
	// commitPatience is how long a commit may take until the database is taken to be down. Senders of Intercom give up
	// after 5 seconds.
	commitPatience = 2 * time.Second
)

// newFront makes a front that stands where the connector would listen: without a host on all addresses, on port 0 on any
// that is free. It serves until close.
func newFront(log *logrus.Logger, address string, config endpoint, traffic *traffic, last func() int64) (*front, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for webhooks: %w; choose another with --port", err)
	}
	f := &front{log: log, intercom: config.SignatureConfig.Provider == "intercom", traffic: traffic, last: last}
	f.serve(listener, visitorLimit(), new(net.Dialer).DialContext)
	return f, nil
}

// serve answers so many senders at a time, over connections to the connector that dial makes.
func (f *front) serve(listener net.Listener, visitors int, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	problems := stdlog.New(debugWriter{f.log}, "", 0)
	f.listener = listener
	in := door.New(listener, visitors, f.unreadable)
	f.server = http.Server{
		Handler:                      f,
		DisableGeneralOptionsHandler: true, // which would answer in the connector's place
		ErrorLog:                     problems,
		ReadHeaderTimeout:            headerTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               door.MaxHeaderBytes,
		ConnState:                    in.Changed,
		ConnContext:                  door.With,
	}
	f.transport = http.Transport{
		DialContext:           dial,
		DisableCompression:    true, // what senders accept is theirs to say
		MaxIdleConnsPerHost:   maxVisitors,
		IdleConnTimeout:       idleTimeout,
		ExpectContinueTimeout: time.Second,
		ResponseHeaderTimeout: answerPatience,
	}
	f.proxy = httputil.ReverseProxy{
		Rewrite:        f.rewrite,
		ModifyResponse: f.answer,
		ErrorHandler:   f.unreachable,
		ErrorLog:       problems,
		BufferPool:     &copyBuffers{},
		Transport:      &f.transport,
	}
	go func() { _ = f.server.Serve(in) }() // until close
}

// visitorLimit leaves half of the descriptors to the database, the console and the connections to the connector.
func visitorLimit() int { return min(maxVisitors, door.Descriptors()/4) }

// address is where webhooks come to.
func (f *front) address() string { return f.listener.Addr().String() }

// close lets answers leave, and then ends all connections.
func (f *front) close() {
	ctx, cancel := context.WithTimeout(context.Background(), frontGrace)
	defer cancel()
	if f.server.Shutdown(ctx) != nil {
		_ = f.server.Close()
	}
	f.transport.CloseIdleConnections()
}

// ServeHTTP passes a request on, and notes it with its answer.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := func() {}
	v := door.Of(r)
	if v != nil {
		arrived = v.Arrived
		if v.Ambiguous(r) {
			w.Header().Set("Connection", "close")
		}
	}
	p := newPassage(w, r, arrived)
	f.pass(p, r)
	p.drain(r, v)
}

// pass notes the exchange also where the proxy gives an answer up.
func (f *front) pass(p *passage, r *http.Request) {
	x := newExchange(r)
	x.after = f.last()
	defer func() {
		p.end()
		x.took = time.Since(x.At)
		x.Status, x.answer = p.status, p.said
		x.body, x.Size, x.Cut, x.upTo = p.kept, p.size, p.size > int64(len(p.kept)) || !p.whole.Load(), f.last()
		f.traffic.add(x)
	}()
	if reason := f.down(r); reason != "" {
		f.comeBack(p, r, reason)
		return
	}
	f.proxy.ServeHTTP(p, p.request(r))
}

// A debugWriter logs what net/http says of single connections, such as senders that break off.
type debugWriter struct{ log *logrus.Logger }

func (w debugWriter) Write(line []byte) (int, error) {
	w.log.Debug(strings.TrimSpace(string(line)))
	return len(line), nil
}

const forwardedFor = "X-Forwarded-For"

// rewrite points a request at the connector. What the proxy drops by default is put back.
func (f *front) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.RawQuery = "http", r.In.URL.RawQuery
	if target := f.target.Load(); target != nil {
		r.Out.URL.Host = *target
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
	client, _, err := net.SplitHostPort(r.In.RemoteAddr)
	if err != nil {
		client = "unknown" // which no list of addresses has
	}
	r.Out.Header.Set(forwardedFor, strings.Join(append(slices.Clone(r.In.Header[forwardedFor]), client), ", "))
}

// copyBuffers are what answers are copied through, which are short.
type copyBuffers struct{ pool sync.Pool }

func (c *copyBuffers) Get() []byte {
	if b, ok := c.pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 4<<10)
}

func (c *copyBuffers) Put(b []byte) { c.pool.Put(&b) }
