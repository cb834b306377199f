package preview

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/protocol"
)

// A sender posts webhooks to the front for a person, as the configuration's sender would.
type sender struct {
	base   string // of the front
	config endpoint
	paths  []hookPath
}

// A hookPath is where a binding takes webhooks.
type hookPath struct {
	Path         string   `json:"path"`
	Collection   string   `json:"collection"`
	Topics       []string `json:"topics,omitempty"`
	IDFromHeader string   `json:"idFromHeader,omitempty"`
}

// An endpoint is what preview reads of the configuration of one.
type endpoint struct {
	RequireAuthToken string   `json:"requireAuthToken"`
	OlderAuthToken   string   `json:"require_auth_token"`
	Workspaces       []string `json:"workspaces"`
	SignatureConfig  struct {
		Provider     string `json:"provider"`
		ClientSecret string `json:"clientSecret"`
	} `json:"signatureConfig"`
}

// token is the bearer token that requests carry; empty for none.
func (e endpoint) token() string {
	return strings.TrimSpace(cmp.Or(e.RequireAuthToken, e.OlderAuthToken))
}

// newSender reads a task, which the connector has validated.
func newSender(t *task, base string) sender {
	s := sender{base: base}
	_ = json.Unmarshal(t.spec.ConfigJson, &s.config)
	for _, b := range t.spec.Bindings {
		s.paths = append(s.paths, pathOf(b))
	}
	return s
}

// pathOf returns where a binding takes webhooks: at the name of its collection, if nothing else is said.
func pathOf(b *protocol.CaptureSpec_Binding) hookPath {
	p := hookPath{Collection: b.Collection.Name}
	_ = json.Unmarshal(b.ResourceConfigJson, &p)
	p.Path = "/" + strings.TrimPrefix(cmp.Or(p.Path, p.Collection), "/")
	return p
}

// signs tells whether it can sign as the configuration requires. Preview knows the connector by the protocol alone, and
// of senders Intercom: what others would sign is sent without a signature, and refused.
func (s sender) signs() bool {
	provider := s.config.SignatureConfig.Provider
	return provider == "" || provider == "none" || provider == "intercom"
}

var parameter = regexp.MustCompile(`\{[^/]*\}`)

// An outcome is the answer to a webhook that was sent for a person.
type outcome struct {
	Status int    `json:"status"`
	Answer string `json:"answer"`
}

// post sends a webhook to a path and query, authenticated as the configuration requires.
func (s sender) post(ctx context.Context, method, target string, header http.Header, body []byte) (outcome, error) {
	const patience = time.Minute // longer than a commit takes
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.base+target, bytes.NewReader(body))
	if err != nil {
		return outcome{}, problemf(http.StatusBadRequest, "sending it again: %v", err)
	}
	req.Header = header
	if token := s.config.token(); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if s.config.SignatureConfig.Provider == "intercom" {
		req.Header.Set(intercom.SignatureHeader, intercom.Sign(body, s.config.SignatureConfig.ClientSecret))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return outcome{}, problemf(http.StatusBadGateway, "sending it again: %v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxKept))
	return outcome{resp.StatusCode, string(text)}, err
}

// notInReplay are headers of a request that another one has of its own.
var notInReplay = []string{"Connection", "Content-Length", "Host", "X-Forwarded-For", "Transfer-Encoding", "Expect"}

// replayRequest sends a kept request again, signed anew: a person who asks for it vouches for what the sender could
// not prove. A body of which the end is missing is not sent.
func (c *console) replayRequest(r *http.Request) (any, error) {
	x, err := c.exchange(r)
	if err != nil {
		return nil, err
	}
	if x.Cut {
		return nil, problemf(http.StatusConflict, "only the first %d of its %d bytes are kept; replay its document instead", len(x.body), x.Size)
	}
	header := x.header.Clone()
	for name, values := range header {
		if slices.Contains(notInReplay, name) || slices.Contains(values, removed) {
			header.Del(name)
		}
	}
	target := (&url.URL{Path: x.Path, RawQuery: x.query}).RequestURI()
	return c.sender.post(r.Context(), x.Method, target, header, x.body)
}

// replayDocument sends what a stored document was made from.
func (c *console) replayDocument(r *http.Request) (any, error) {
	sequence, err := number(r, "sequence")
	if err != nil {
		return nil, err
	}
	rows, err := c.store.rows(`sequence = ?`, sequence)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, problemf(http.StatusNotFound, "there is no document %d", sequence)
	}
	o, err := c.sender.origin([]byte(rows[0].Document))
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if o.idHeader != "" {
		header.Set(o.idHeader, o.id)
	}
	return c.sender.post(r.Context(), http.MethodPost, o.target, header, o.body)
}

// An origin is the request that a document was made from, as far as the document tells.
type origin struct {
	target       string // path and query
	body         []byte
	idHeader, id string // idHeader is empty where no header identifies the webhook
}

// origin reads a document's _meta.
func (s sender) origin(document []byte) (o origin, err error) {
	var written struct {
		Meta struct {
			WebhookID  string            `json:"webhookId"`
			ReqPath    string            `json:"reqPath"`
			PathParams map[string]string `json:"pathParams"`
			Query      map[string]string `json:"query"`
		} `json:"_meta"`
	}
	if err := json.Unmarshal(document, &written); err != nil {
		return o, err
	}
	meta := written.Meta
	o.target = parameter.ReplaceAllStringFunc(meta.ReqPath, func(p string) string {
		return url.PathEscape(meta.PathParams[strings.Trim(p, "{}")])
	})
	query := url.Values{}
	for name, value := range meta.Query {
		query.Set(name, value)
	}
	if len(query) > 0 {
		o.target += "?" + query.Encode()
	}
	for _, p := range s.paths {
		if p.Path == meta.ReqPath && p.IDFromHeader != "" {
			o.idHeader, o.id = p.IDFromHeader, meta.WebhookID
		}
	}
	o.body, err = withoutMeta(document)
	return o, err
}

// sendSample sends a sample notification of a topic to a path, as Intercom does.
func (c *console) sendSample(r *http.Request) (any, error) {
	var wanted struct{ Topic, Path string }
	if err := json.NewDecoder(io.LimitReader(r.Body, maxKept)).Decode(&wanted); err != nil {
		return nil, problemf(http.StatusBadRequest, "reading what to send: %v", err)
	}
	i := slices.IndexFunc(c.sender.paths, func(p hookPath) bool { return p.Path == wanted.Path })
	if i < 0 {
		return nil, problemf(http.StatusBadRequest, "no binding has the path %q", wanted.Path)
	}
	samples, err := intercom.Samples()
	if err != nil {
		return nil, err
	}
	j := slices.IndexFunc(samples, func(s intercom.Sample) bool { return s.Topic == wanted.Topic })
	if j < 0 {
		return nil, problemf(http.StatusBadRequest, "there is no sample of the topic %q", wanted.Topic)
	}
	workspace := ""
	if len(c.sender.config.Workspaces) > 0 {
		workspace = c.sender.config.Workspaces[0]
	}
	body, err := samples[j].Notification("notif_"+uuid.NewString(), workspace, time.Now())
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, "User-Agent": {intercom.UserAgent}}
	if name := c.sender.paths[i].IDFromHeader; name != "" {
		header.Set(name, uuid.NewString())
	}
	return c.sender.post(r.Context(), http.MethodPost, parameter.ReplaceAllString(wanted.Path, "1"), header, body)
}

// topics are those that there are samples of.
func topics() []string {
	names := make([]string, 0, len(intercom.Topics))
	for _, topic := range intercom.Topics {
		names = append(names, topic.Name)
	}
	return names
}

// curl returns a command line that sends a kept request again; none for one that is kept in part. Secrets are not
// written out.
func (s sender) curl(x *exchange) string {
	if x.Cut {
		return ""
	}
	idHeader := ""
	for _, p := range s.paths {
		if x.header.Get(p.IDFromHeader) != "" && x.Path == p.Path {
			idHeader = p.IDFromHeader
		}
	}
	return curlLine(s.base+(&url.URL{Path: x.Path, RawQuery: x.query}).RequestURI(), s.config, string(x.body), idHeader, x.header.Get(idHeader))
}

// A shownRow is a document as people see it, with the command line that sends it again.
type shownRow struct {
	row
	Curl string `json:"curl"`
}

// show removes the secrets from documents.
func (c *console) show(rows []row) []shownRow {
	shown := make([]shownRow, len(rows))
	for i, r := range rows {
		if o, err := c.sender.origin([]byte(r.Document)); err == nil {
			shown[i].Curl = c.hide.text(curlLine(c.sender.base+o.target, c.sender.config, string(o.body), o.idHeader, o.id))
		}
		r.Document = c.hide.text(r.Document)
		shown[i].row = r
	}
	return shown
}
