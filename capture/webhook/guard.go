package webhook

import (
	"io"
	"net/http"
	"time"
)

// A sender that is refused may write its whole body before it reads the answer, and would see a broken connection
// instead of it. So much is read and dropped, for so long.
const (
	drainBytes = maxBodyBytes
	drainTime  = 5 * time.Second
)

// answerTime is how long an answer may take to leave: 1 MiB of a page at 36 KiB a second. One that is not read would keep
// its connection from others.
const answerTime = 30 * time.Second

// guard ends the connection of each request that is answered before its body has come whole, or whose body may end
// elsewhere, so that nothing of a body is ever read as a request.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &exchange{ResponseWriter: w, body: r.Body, connection: connectionOf(r.Context())}
		if e.connection != nil {
			e.connection.Handle()
			if e.connection.Ambiguous(r) {
				w.Header().Set("Connection", "close")
			}
		}
		if r.Body == nil || r.Body == http.NoBody {
			e.arrived()
		} else {
			r.Body = e
		}
		next.ServeHTTP(e, r)
		if !e.whole {
			e.drain(r.Header.Get("Expect") != "")
		}
	})
}

// An exchange is a request whose body is on its way, and its answer.
type exchange struct {
	http.ResponseWriter
	body       io.ReadCloser
	connection *connection // nil where it is of another kind
	asked      bool        // for the body
	whole      bool        // the body has come
	answered   bool
}

// Read reads the body.
func (e *exchange) Read(p []byte) (int, error) {
	e.asked = true
	n, err := e.body.Read(p)
	if err == io.EOF && !e.whole {
		e.arrived()
	}
	return n, err
}

// arrived notes that the body is whole.
func (e *exchange) arrived() {
	e.whole = true
	if e.connection != nil {
		e.connection.Arrived()
	}
}

// Close leaves the body to net/http, which would wait for its end here.
func (e *exchange) Close() error { return nil }

// WriteHeader begins the answer.
func (e *exchange) WriteHeader(status int) {
	e.begin(status)
	e.ResponseWriter.WriteHeader(status)
}

// Write continues it.
func (e *exchange) Write(p []byte) (int, error) {
	e.begin(http.StatusOK)
	return e.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// begin notes an answer that is not only informational.
func (e *exchange) begin(status int) {
	if e.answered || status < http.StatusOK {
		return
	}
	e.answered = true
	if e.connection != nil {
		_ = e.connection.SetWriteDeadline(time.Now().Add(answerTime))
	}
	if !e.whole {
		e.Header().Set("Connection", "close")
	}
}

// drain lets the answer leave, and drops what still comes. A sender that expects to be told to go on sends nothing.
func (e *exchange) drain(expects bool) {
	if !e.answered {
		e.WriteHeader(http.StatusOK)
	}
	control := http.NewResponseController(e.ResponseWriter)
	_ = control.Flush()
	patience := drainTime
	if expects && !e.asked {
		patience = 0
	}
	_ = control.SetReadDeadline(time.Now().Add(patience)) // also of what net/http still reads of the body
	var err error
	if patience > 0 {
		_, err = io.CopyN(io.Discard, e.body, drainBytes)
	}
	if err != io.EOF && e.connection != nil {
		e.connection.Linger()
	}
}
