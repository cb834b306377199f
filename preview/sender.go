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

// A sender passes webhooks through the front for a person, as the configuration's sender would.
type sender struct {
	base   string // of the front
	front  *front
	config endpoint
	paths  []hookPath
	kept   string // the collection of webhooks that are refused; empty for none
}

// A hookPath is where a binding takes webhooks.
type hookPath struct {
	Path         string   `json:"path"`
	Collection   string   `json:"collection"`
	Topics       []string `json:"topics,omitempty"`
	IDFromHeader string   `json:"idFromHeader,omitempty"`
	Refused      bool     `json:"refused,omitempty"`  // it takes what is refused on the other paths
	Resource     string   `json:"resource,omitempty"` // it takes objects of an API, and no webhooks
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
	Credentials struct {
		ClientSecret string `json:"client_secret"`
	} `json:"credentials"`
}

// token is the bearer token that requests carry; empty for none.
func (e endpoint) token() string {
	return strings.TrimSpace(cmp.Or(e.RequireAuthToken, e.OlderAuthToken))
}

// endpointOf reads a task's configuration, which the connector has validated.
func endpointOf(t *task) (config endpoint) {
	_ = json.Unmarshal(t.spec.ConfigJson, &config)
	if s := &config.SignatureConfig; s.Provider == "intercom" {
		s.ClientSecret = cmp.Or(s.ClientSecret, config.Credentials.ClientSecret)
	}
	return config
}

// newSender reads a task, which the connector has validated.
func newSender(t *task, base string) sender {
	s := sender{base: base, config: endpointOf(t)}
	for _, b := range t.spec.Bindings {
		if p := pathOf(b); p.Refused {
			s.kept = p.Collection
		} else if p.Resource == "" {
			s.paths = append(s.paths, p)
		}
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
	Note   string `json:"note,omitempty"` // what of it was not sent as it came
}

// A delivery is a webhook to send for a person.
type delivery struct {
	method, target, host string
	remote               string // who it is said to come from; this machine if it is empty
	header               http.Header
	body                 []byte
	note                 string // what of it is not as it came
}

// thisMachine is where what a person sends comes from.
const thisMachine = "127.0.0.1:0"

// post passes a webhook through the front, as if it came from its sender: a person who asks for it vouches for what the
// sender could not prove. It is authenticated as the configuration requires.
func (s sender) post(ctx context.Context, d delivery) (outcome, error) {
	target, err := url.ParseRequestURI(d.target)
	if err != nil {
		return outcome{}, problemf(http.StatusBadRequest, "sending it again: %v", err)
	}
	if token := s.config.token(); token != "" {
		d.header.Set("Authorization", "Bearer "+token)
	}
	if s.config.SignatureConfig.Provider == "intercom" {
		d.header.Set(intercom.SignatureHeader, intercom.Sign(d.body, s.config.SignatureConfig.ClientSecret))
	}
	r := &http.Request{
		Method: d.method, URL: target, RequestURI: d.target, Host: cmp.Or(d.host, strings.TrimPrefix(s.base, "http://")),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: cmp.Or(d.remote, thisMachine),
		Header: d.header, Body: http.NoBody, ContentLength: int64(len(d.body)),
	}
	if len(d.body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(d.body))
	}
	answer := heard{header: http.Header{}}
	s.front.ServeHTTP(&answer, r.WithContext(ctx))
	return outcome{answer.status, answer.body.String(), d.note}, nil
}

// Heard is an answer that a person waits for: the beginning of it.
type heard struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heard) Header() http.Header { return h.header }

func (h *heard) WriteHeader(status int) {
	if status >= http.StatusOK { // others are only informational
		h.status = status
	}
}

func (h *heard) Write(p []byte) (int, error) {
	h.body.Write(p[:min(len(p), maxAnswer-h.body.Len())])
	return len(p), nil
}

// replayRequest sends a kept request again, as it came.
func (c *console) replayRequest(r *http.Request) (any, error) {
	x, err := c.exchange(r)
	if err != nil {
		return nil, err
	}
	if missing := x.missing(); missing != "" {
		return nil, problemf(http.StatusConflict, "%s; replay its document instead", missing)
	}
	return c.sender.post(r.Context(), c.sender.again(x))
}

// again returns what sends an exchange's request again, signed anew.
func (s sender) again(x *exchange) delivery {
	d := delivery{method: x.Method, target: x.Path + x.query, host: x.host, remote: x.Remote, header: x.header.Clone(), body: x.body}
	var lost []string
	for name, values := range d.header {
		if !slices.ContainsFunc(values, isIncomplete) {
			continue
		}
		d.header.Del(name)
		if !s.authenticates(name) {
			lost = append(lost, name)
		}
	}
	if isIncomplete(d.target) || isIncomplete(string(d.body)) {
		lost = append(lost, "what stands for "+removed)
	}
	if len(lost) > 0 {
		slices.Sort(lost)
		d.note = "Sent without secrets, which are not kept: " + strings.Join(lost, ", ") + "."
	}
	d.header.Del("Expect") // the body is here
	return d
}

// isIncomplete tells that a secret was taken out of a text.
func isIncomplete(text string) bool { return strings.Contains(text, removed) }

// authenticates tells whether a header is one that the sender writes itself.
func (s sender) authenticates(header string) bool {
	return header == "Authorization" && s.config.token() != "" ||
		header == intercom.SignatureHeader && s.config.SignatureConfig.Provider == "intercom"
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
	return c.sender.post(r.Context(), delivery{method: http.MethodPost, target: parameter.ReplaceAllString(wanted.Path, "1"), header: header, body: body})
}

// topics are those that there are samples of.
func topics() []string {
	names := make([]string, 0, len(intercom.Topics))
	for _, topic := range intercom.Topics {
		names = append(names, topic.Name)
	}
	return names
}
