// Package sim models Intercom's REST API as a poller meets it: an index that lags behind the truth, days of a time zone in
// the search of contacts, cursors, scrolls that expire, lists that are capped, versions, scopes, windows of a rate limit,
// and faults by rule. Its clock is moved by whoever runs it.
//
//	request ─ log ─ faults ─ token ─ version ─ rate ─ route ─► answer
//	                                                  search: index (late)   get: truth
package sim

import (
	"net/http"
	"sync"
	"time"
)

// A Config describes a workspace and the app whose token reads it. The zero value of each member has a meaning.
type Config struct {
	Token       string // default "tok"
	ClientID    string // of the app, for OAuth
	Secret      string // of the app, for OAuth and the signatures of its notifications
	WorkspaceID string // default "qz7w41xk"
	Region      string // US, EU or AU. Default US
	Timezone    string // a zone's name. Default Europe/Dublin
	Limit       int    // requests a minute, counted in windows of ten seconds. Zero is no limit
	NoHeaders   bool   // leave the headers of the rate limit out
	// Lag is how much later than it happens the nth write is found by searches. Default none.
	Lag func(nth int) time.Duration
}

// A Workspace holds the objects and answers requests. Its methods may be called while it serves.
type Workspace struct {
	Config
	Clock Clock
	zone  *time.Location

	mu      sync.Mutex
	truth   map[Kind]map[string]*Version
	index   map[Kind]*index
	late    []write
	writes  int
	deleted []tombstone
	lists   map[string]string // JSON of an unpaged list's rows by path, or of all rows of a paged one
	scroll  scroll
	window  window
	faults  []*Fault
	scopes  map[string]bool // denied ones by the first segment of a path
	dead    bool            // the token is revoked
	log     []Request
	counts  map[string]int
	mux     *http.ServeMux
}

// New makes an empty workspace. It panics on a zone that the machine does not know.
func New(c Config) *Workspace {
	c.Token = orDefault(c.Token, "tok")
	c.WorkspaceID = orDefault(c.WorkspaceID, "qz7w41xk")
	c.Region = orDefault(c.Region, "US")
	c.Timezone = orDefault(c.Timezone, "Europe/Dublin")
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		panic(err)
	}
	w := &Workspace{
		Config: c, zone: zone,
		truth: map[Kind]map[string]*Version{}, index: map[Kind]*index{},
		lists: map[string]string{}, scopes: map[string]bool{}, counts: map[string]int{},
	}
	for _, kind := range []Kind{Conversations, Contacts, Tickets, Companies} {
		w.truth[kind], w.index[kind] = map[string]*Version{}, newIndex()
	}
	w.mux = w.routes()
	return w
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
