package preview

import (
	"net/http"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/door"
	"source-intercom-ingest/intercom"
)

// committing notes that a commit to the database begins, or that it is over.
func (f *front) committing(under bool) {
	if f == nil {
		return // there is none
	}
	began := int64(0)
	if under {
		began = time.Now().UnixNano()
	}
	f.commit.Store(began)
}

// down says why a request can not be passed on now; nothing if it can. A database that does not answer holds most
// senders up only as long as the connector lets them wait: it may still come back for them. Intercom's have given up by
// then.
func (f *front) down(r *http.Request) string {
	began := f.commit.Load()
	switch {
	case f.target.Load() == nil:
		return "the connector is not listening now"
	case began != 0 && f.heldBack(r) && time.Since(time.Unix(0, began)) > commitPatience:
		return "the database does not answer now"
	}
	return ""
}

// heldBack tells that a request looks like one of Intercom's, which holds webhooks back for up to two hours if it hears
// 429, and on 503 tries only once more.
func (f *front) heldBack(r *http.Request) bool {
	return f.intercom && r.Header.Get(intercom.SignatureHeader) != ""
}

// comeBack answers what can not be passed on now.
func (f *front) comeBack(w http.ResponseWriter, r *http.Request, reason string) {
	w.Header().Set("Retry-After", "1")
	status := http.StatusServiceUnavailable
	if f.heldBack(r) {
		status = http.StatusTooManyRequests
	}
	f.refuse(w, r, status, "unavailable", reason+"; send it again")
}

// answer passes the connector's on, whose end of the connection is also that of the sender's. A connector that ends
// with its database tells Intercom what the front does.
func (f *front) answer(resp *http.Response) error {
	passageOf(resp.Request).passing.Store(true)
	if resp.Close {
		resp.Header.Set("Connection", "close")
	}
	if resp.StatusCode == http.StatusServiceUnavailable && f.heldBack(resp.Request) && f.down(resp.Request) != "" {
		resp.StatusCode = http.StatusTooManyRequests
	}
	return nil
}

// unreachable answers what could not be passed on: the sender's body is at fault, or the connector has just ended.
func (f *front) unreachable(w http.ResponseWriter, r *http.Request, _ error) {
	if status, reason := passageOf(r).fault(); status != 0 {
		f.refuse(w, r, status, "body", reason)
		return
	}
	f.comeBack(w, r, "the connector is not listening now")
}

// refuse answers in the connector's place.
func (f *front) refuse(w http.ResponseWriter, r *http.Request, status int, code, reason string) {
	body := door.Body(code, reason)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a sender that has left
	f.log.WithFields(logrus.Fields{"method": clip(r.Method, maxMethod), "path": clip(r.URL.Path, maxShown), "status": status, "code": code, "reason": reason}).Info("refused a request")
}

// unreadable notes a request that net/http refused before it was one.
func (f *front) unreadable(remote string, status int, reason string) {
	f.traffic.add(&exchange{At: time.Now(), Status: status, Remote: remote, answer: door.Body(door.Malformed, reason)})
	f.log.WithFields(logrus.Fields{"remote": remote, "status": status, "reason": reason}).Info("refused a request")
}
