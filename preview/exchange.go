package preview

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"source-intercom-ingest/intercom"
)

// What is kept of a request is bounded, as strangers write it. Senders' own requests are smaller than any of these.
const (
	maxMethod  = 32
	maxTarget  = 8 << 10 // of the path, and of the query
	maxHost    = 255     // the longest name
	maxHeaders = 16 << 10
	maxFields  = 128 // lines of headers
	maxShown   = 200 // characters of a topic or a reason in a list
)

// An exchange is a request and its answer. It does not change once it is in the traffic.
type exchange struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	Method  string    `json:"method"` // empty if the request could not be read
	Path    string    `json:"path"`   // as it was sent, with its escapes
	Status  int       `json:"status"`
	Size    int64     `json:"size"`              // bytes of the body as sent
	Cut     bool      `json:"cut"`               // the body is longer than what is kept of it
	Partial bool      `json:"partial,omitempty"` // so is the target or a header
	Remote  string    `json:"remote"`            // the sender's address and port, or those of a proxy's

	took        time.Duration // from its headers to the end of its answer
	query       string        // as it was sent, with its question mark
	host        string
	header      http.Header // with secrets, unless it was read from the store
	body        []byte      // at most maxKept, as it was sent
	answer      []byte      // of refusals, at most maxAnswer
	after, upTo int64       // sequences of the store: its documents are behind the first, up to the second
}

// newExchange keeps what a request says, but for its body.
func newExchange(r *http.Request) *exchange {
	x := &exchange{At: time.Now(), Remote: r.RemoteAddr}
	path, query := targetOf(r)
	x.Method, x.Path = x.bounded(r.Method, maxMethod), x.bounded(path, maxTarget)
	x.query, x.host = x.bounded(query, maxTarget), x.bounded(r.Host, maxHost)
	x.header = x.boundedHeader(r.Header)
	return x
}

// targetOf returns a request's path and query as they came.
func targetOf(r *http.Request) (path, query string) {
	path = r.URL.EscapedPath()
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		query = "?" + r.URL.RawQuery
	}
	return path, query
}

// bounded returns the beginning of a text that is too long, and notes that.
func (x *exchange) bounded(text string, most int) string {
	x.Partial = x.Partial || len(text) > most
	return clip(text, most)
}

// clip returns the beginning of a text that is longer than so many bytes, and does not keep the rest in memory.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.Clone(text[:most])
}

// boundedHeader returns headers that are as large as is kept, or else the smallest of them.
func (x *exchange) boundedHeader(header http.Header) http.Header {
	size, lines := headerSize(header)
	if size <= maxHeaders && lines <= maxFields {
		return header
	}
	x.Partial = true
	kept, size, lines := http.Header{}, 0, 0
	for _, line := range slices.SortedFunc(slices.Values(sorted(header)), shorter) {
		size, lines = size+len(line[0])+len(line[1]), lines+1
		if size > maxHeaders || lines > maxFields {
			break
		}
		kept[line[0]] = append(kept[line[0]], strings.Clone(line[1]))
	}
	return kept
}

func shorter(a, b [2]string) int { return len(a[0]) + len(a[1]) - len(b[0]) - len(b[1]) }

func headerSize(header http.Header) (size, lines int) {
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(value)
		}
		lines += len(values)
	}
	return size, lines
}

// size is what an exchange holds of memory, about.
func (x *exchange) size() int {
	const itself, line = 400, 60
	headers, lines := headerSize(x.header)
	return itself + len(x.Path) + len(x.query) + headers + lines*line + cap(x.body) + cap(x.answer)
}

// accepted tells that the webhook is durable, or that its sender learned what it asked.
func (x *exchange) accepted() bool { return x.Status >= 200 && x.Status < 400 }

// A told is what an answer says of a refusal.
type told struct {
	Error   string `json:"error"`
	Refused string `json:"refused"`
	Code    string `json:"code"`
}

func (x *exchange) told() (t told) {
	_ = json.Unmarshal(x.answer, &t)
	return t
}

// reason is what the connector said.
func (x *exchange) reason() string { return cmp.Or(x.told().Error, x.told().Refused) }

// code is that in a word or two.
func (x *exchange) code() string { return x.told().Code }

// A line is what is shown of an exchange in a list.
type line struct {
	*exchange
	Milliseconds float64 `json:"ms"`
	Topic        string  `json:"topic,omitempty"`
	Object       string  `json:"object,omitempty"`
	Error        string  `json:"error,omitempty"`
}

// line summarizes an exchange. It decodes the body, so it is for those that somebody looks at.
func (x *exchange) line(s secrets) line {
	event := intercom.EventOf(x.body)
	shown := *x
	shown.Path = s.text(x.Path)
	short := func(text string) string { return clip(s.text(text), maxShown) }
	l := line{exchange: &shown, Milliseconds: float64(x.took.Microseconds()) / 1000, Topic: short(event.Topic), Error: short(x.reason())}
	if event.ObjectType != "" {
		l.Object = short(event.ObjectType + " " + event.ObjectID)
	}
	return l
}
