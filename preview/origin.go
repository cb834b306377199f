package preview

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// replayDocument sends what a stored document was made from.
func (c *console) replayDocument(r *http.Request) (any, error) {
	sequence, err := number(r, "sequence")
	if err != nil {
		return nil, err
	}
	collection, document, err := c.stored(sequence)
	if err != nil {
		return nil, err
	}
	d, err := c.sender.origin(collection, document)
	if err != nil {
		return nil, err
	}
	return c.sender.post(r.Context(), d)
}

// stored returns a document, and the collection that it is in.
func (c *console) stored(sequence int64) (collection string, document []byte, err error) {
	collection, document, err = c.store.document(sequence)
	if err == nil && document == nil {
		err = problemf(http.StatusNotFound, "there is no document %d", sequence)
	}
	return collection, document, err
}

// A meta is what preview reads of a document's _meta.
type meta struct {
	WebhookID  string            `json:"webhookId"`
	ReqPath    string            `json:"reqPath"`
	PathParams map[string]string `json:"pathParams"`
	Query      map[string]string `json:"query"`
	Headers    map[string]string `json:"headers"`
}

// origin returns the request that a document was made from, as far as its _meta tells: it does not say how characters of
// the path and the query were escaped, and lacks some headers.
func (s sender) origin(collection string, document []byte) (delivery, error) {
	var written struct {
		Meta meta `json:"_meta"`
	}
	if err := json.Unmarshal(document, &written); err != nil {
		return delivery{}, err
	}
	m := written.Meta
	d := delivery{method: http.MethodPost, target: m.target(), host: m.Headers["host"], header: m.header()}
	if chain := d.header.Get(forwardedFor); chain != "" {
		before, last := "", chain
		if i := strings.LastIndexByte(chain, ','); i >= 0 {
			before, last = strings.TrimSpace(chain[:i]), strings.TrimSpace(chain[i+1:])
		}
		if d.header.Set(forwardedFor, before); before == "" {
			d.header.Del(forwardedFor)
		}
		d.remote = net.JoinHostPort(last, "0")
	}
	if collection == s.kept && s.kept != "" {
		return d, refusedOrigin(&d, document)
	}
	for _, p := range s.paths {
		if p.Path == m.ReqPath && p.IDFromHeader != "" {
			d.header.Set(p.IDFromHeader, m.WebhookID)
		}
	}
	var err error
	d.body, err = withoutMeta(document)
	return d, err
}

// refusedOrigin adds what a document says of a webhook that was refused: its body, and the headers of that.
func refusedOrigin(d *delivery, document []byte) error {
	var sent struct {
		ContentType, ContentEncoding string
		Body                         string
		BodyBase64                   []byte
	}
	if err := json.Unmarshal(document, &sent); err != nil {
		return err
	}
	if d.body = sent.BodyBase64; d.body == nil {
		d.body = []byte(sent.Body)
	}
	d.header.Del("Content-Type")
	for name, value := range map[string]string{"Content-Type": sent.ContentType, "Content-Encoding": sent.ContentEncoding} {
		if value != "" {
			d.header.Set(name, value)
		}
	}
	return nil
}

// target returns the path with its parameters, and the query.
func (m meta) target() string {
	target := parameter.ReplaceAllStringFunc(m.ReqPath, func(p string) string {
		name, rest := strings.CutPrefix(strings.Trim(p, "{}"), "*")
		value := url.PathEscape(m.PathParams[name])
		if rest {
			value = strings.ReplaceAll(value, "%2F", "/") // it may be several segments
		}
		return value
	})
	query := url.Values{}
	for name, value := range m.Query {
		query.Set(name, value)
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return target
}

// notInOrigin are headers that the request of a document has of its own: its body is the document's text.
var notInOrigin = []string{"host", "content-length", "content-encoding", "transfer-encoding", "connection", "expect"}

// header returns the headers that are kept, and the content type, which is not.
func (m meta) header() http.Header {
	header := http.Header{"Content-Type": {"application/json"}}
	for name, value := range m.Headers {
		if !slices.Contains(notInOrigin, name) {
			header.Set(name, value)
		}
	}
	return header
}

// withoutMeta returns a document as its sender sent it: all its bytes but for those of the member _meta, which the
// connector writes.
func withoutMeta(document []byte) ([]byte, error) {
	decoder := jsontext.NewDecoder(bytes.NewReader(document), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := decoder.ReadToken(); err != nil {
		return nil, err
	}
	for first := true; decoder.PeekKind() == jsontext.KindString; first = false {
		start := decoder.InputOffset()
		name, err := decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		isMeta := name.String() == "_meta"
		if err := decoder.SkipValue(); err != nil {
			return nil, err
		}
		if !isMeta {
			continue
		}
		end := decoder.InputOffset()
		if first && decoder.PeekKind() == jsontext.KindString {
			end += int64(bytes.IndexByte(document[end:], ',')) + 1
		}
		return slices.Concat(document[:start], document[end:]), nil
	}
	return document, nil
}
