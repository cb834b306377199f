package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"source-intercom-ingest/test/intercomsim/sim"
)

// A polling is a session that polls a workspace, with what the runtime makes of it: collections, reduced by key, and the
// state.
type polling struct {
	*runtime
	url       string
	workspace *sim.Workspace
	resources []string

	mu        sync.Mutex
	changed   *sync.Cond
	states    map[string]any
	objects   map[string]map[string]object // by resource and key
	history   []polledDocument
	committed int
	hold      bool // acknowledge nothing
	failed    error
	ended     bool
}

// An object of a collection is its last document.
type object = map[string]any

type polledDocument struct {
	resource string
	doc      object
	text     string
}

// A setup says what a session polls.
type setup struct {
	codec     string
	resources []string          // default conversations, conversation_parts, contacts, companies, tickets, ticket_parts
	config    string            // members of the endpoint config beside credentials and apiBaseUrl
	with      map[string]string // members of a resource's config
	interval  string            // default PT1S
	paths     bool              // a binding for webhooks at /in
	state     map[string]any
	begin     string // of the range of keys
	backfill  int    // the counter of the first binding
	oauth     bool   // access is granted by OAuth, and the client secret is told once
}

var usualResources = []string{"conversations", "conversation_parts", "contacts", "companies", "tickets", "ticket_parts"}

const polledSecret = "s3cr3t-of-the-app"

// inParallel runs a test in both codecs, beside others: most of their time they wait for the next look.
func inParallel(t *testing.T, test func(t *testing.T, codec string)) {
	t.Parallel()
	both(t, func(t *testing.T, codec string) {
		t.Parallel()
		test(t, codec)
	})
}

// poll starts a session against a workspace that is served for as long as the test runs.
func poll(t *testing.T, w *sim.Workspace, s setup) *polling {
	t.Helper()
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return pollAt(t, w, server.URL, s)
}

func pollAt(t *testing.T, w *sim.Workspace, api string, s setup) *polling {
	t.Helper()
	if s.resources == nil {
		s.resources = usualResources
	}
	if s.interval == "" {
		s.interval = "PT1S"
	}
	r, err := start(s.codec, true, "SOURCE_HTTP_INGEST_METRICS_PORT="+freePort(t))
	if err != nil {
		t.Fatal(err)
	}
	p := &polling{runtime: r, workspace: w, resources: s.resources, states: map[string]any{}, objects: map[string]map[string]object{}}
	p.changed = sync.NewCond(&p.mu)
	maps.Copy(p.states, s.state)
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		r.wait()
		if t.Failed() {
			t.Logf("the log:\n%s", tail(r.logged()))
		}
	})
	if _, err := r.ask(specRequest); err != nil {
		t.Fatal(err)
	}
	if err := r.send(s.open(api, p.states)); err != nil {
		t.Fatal(err)
	}
	if text, err := r.receive(); err != nil || string(text) != `{"opened":{"explicitAcknowledgements":true}}` {
		t.Fatalf("open answered %s, %v: %s", text, err, r.logged())
	}
	fields, err := r.waitLog(func(fields map[string]any) bool { return fields["address"] != nil })
	if err != nil {
		t.Fatal(err)
	}
	address := fields["address"].(string)
	p.url = "http://127.0.0.1" + address[strings.LastIndexByte(address, ':'):]
	go p.run()
	return p
}

func tail(text string) string {
	const most = 8000
	return text[max(0, len(text)-most):]
}

// capture is the capture of a setup, as Open has it.
func (s setup) capture(api string) string {
	config := fmt.Sprintf(`"credentials":{"credentials_title":"Private App Credentials","access_token":"tok"},"apiBaseUrl":%q`, api)
	if s.config != "" {
		config += "," + s.config
	}
	if s.oauth {
		config = fmt.Sprintf(`"credentials":{"credentials_title":"OAuth Credentials","client_id":"client","client_secret":%q,"access_token":"tok"},"apiBaseUrl":%q`, polledSecret, api)
	}
	var bindings []string
	for i, resource := range s.resources {
		member, counter := "", ""
		if i == 0 && s.backfill > 0 {
			counter = fmt.Sprintf(`,"backfill":%d`, s.backfill)
		}
		if m := s.with[resource]; m != "" {
			member = "," + m
		}
		bindings = append(bindings, fmt.Sprintf(`{"resourceConfig":{"resource":%q,"stream":%q,"interval":%q%s},"resourcePath":[%q],"stateKey":%q,"collection":{"name":"acme/%s","key":%s,"writeSchema":{"type":"object"}}%s}`,
			resource, resource, s.interval, member, resource, resource, resource, keyOf(resource), counter))
	}
	if s.paths {
		bindings = append(bindings, `{"resourceConfig":{"stream":"/in","path":"/in"},"resourcePath":["/in"],"stateKey":"in","collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":{"type":"object"}}}`)
		secret := fmt.Sprintf(`,"clientSecret":%q`, polledSecret)
		if s.oauth {
			secret = ""
		}
		config += fmt.Sprintf(`,"paths":["/in"],"signatureConfig":{"provider":"intercom"%s}`, secret)
	}
	return fmt.Sprintf(`{"name":"acme/hooks","connectorType":"IMAGE","config":{%s},"bindings":[%s]}`, config, strings.Join(bindings, ","))
}

func (s setup) open(api string, state map[string]any) string {
	text, err := json.Marshal(state)
	if err != nil {
		panic(err)
	}
	begin := s.begin
	if begin == "" {
		begin = "0"
	}
	return fmt.Sprintf(`{"open":{"capture":%s,"version":"v1","range":{"keyBegin":%s,"keyEnd":4294967295,"rClockEnd":4294967295},"state":%s}}`, s.capture(api), begin, text)
}

func keyOf(resource string) string {
	switch resource {
	case "data_attributes":
		return `["/model","/full_name"]`
	case "company_segments":
		return `["/company_id","/id"]`
	case "contact_notes":
		return `["/contact_id","/id"]`
	case "custom":
		return `["/ref/no"]`
	}
	return `["/id"]`
}

// run commits what the connector captures, as the runtime does: documents and the state behind them, or neither.
func (p *polling) run() {
	defer func() {
		p.mu.Lock()
		p.ended = true
		p.changed.Broadcast()
		p.mu.Unlock()
	}()
	for {
		documents, patch, err := p.transaction()
		p.mu.Lock()
		if err != nil {
			p.failed = err
			p.mu.Unlock()
			return
		}
		for p.hold {
			p.changed.Wait()
		}
		for _, d := range documents {
			p.take(d)
		}
		var change map[string]any
		_ = json.Unmarshal(patch, &change)
		p.states = merge(p.states, change).(map[string]any)
		p.committed++
		p.changed.Broadcast()
		p.mu.Unlock()
		if p.acknowledge(1) != nil {
			return
		}
	}
}

func (p *polling) take(d document) {
	resource := "/in"
	if d.Binding < len(p.resources) {
		resource = p.resources[d.Binding]
	}
	var doc object
	if err := json.Unmarshal(d.Doc, &doc); err != nil {
		panic(err)
	}
	p.history = append(p.history, polledDocument{resource, doc, string(d.Doc)})
	if resource == "/in" {
		return
	}
	if p.objects[resource] == nil {
		p.objects[resource] = map[string]object{}
	}
	var pointers, key []string
	_ = json.Unmarshal([]byte(keyOf(resource)), &pointers)
	for _, pointer := range pointers {
		at := doc
		for inside := range strings.SplitSeq(pointer[1:], "/") {
			if next, isObject := at[inside].(object); isObject {
				at = next
			}
		}
		part, ok := at[pointer[strings.LastIndexByte(pointer, '/')+1:]].(string)
		if !ok {
			panic(fmt.Sprintf("the key %s of %s is no string in %s", pointer, resource, d.Doc))
		}
		key = append(key, part)
	}
	if doc["_meta"].(object)["op"] == "d" {
		delete(p.objects[resource], strings.Join(key, "/"))
		return
	}
	p.objects[resource][strings.Join(key, "/")] = doc
}

// merge is a JSON merge patch (RFC 7396).
func merge(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	of, ok := target.(map[string]any)
	if !ok {
		of = map[string]any{}
	}
	of = maps.Clone(of)
	for name, value := range changes {
		if value == nil {
			delete(of, name)
		} else {
			of[name] = merge(of[name], value)
		}
	}
	return of
}

// until waits for something to hold of what is committed.
func (p *polling) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	stuck := time.AfterFunc(2*patience, func() {
		p.mu.Lock()
		p.ended = true
		p.changed.Broadcast()
		p.mu.Unlock()
	})
	defer stuck.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !holds() {
		if p.ended {
			t.Fatalf("never: %s (%v)\n%s", what, p.failed, p.summary())
		}
		p.changed.Wait()
	}
}

func (p *polling) summary() string {
	var b strings.Builder
	for resource, objects := range p.objects {
		fmt.Fprintf(&b, "%s: %d; ", resource, len(objects))
	}
	state, _ := json.Marshal(p.states)
	return b.String() + string(state)
}

// of returns how many objects of a resource there are. The lock is held.
func (p *polling) of(resource string) int { return len(p.objects[resource]) }

// settled waits until all history is read and changes are streamed.
func (p *polling) settled(t *testing.T) {
	t.Helper()
	p.until(t, "all history is read", func() bool {
		for _, resource := range p.resources {
			state, ok := p.states[resource].(map[string]any)
			if !ok || state["backfill"] != nil || state["inc"] == nil && state["snap"] == nil {
				return false
			}
		}
		return true
	})
}

// rounds waits for so many more looks at a resource.
func (p *polling) rounds(t *testing.T, resource string, n int) {
	t.Helper()
	last := any(nil)
	p.until(t, "another look at "+resource, func() bool {
		state, _ := p.states[resource].(map[string]any)
		at := state["inc"]
		if at == nil {
			at = state["snap"]
		}
		now := fmt.Sprint(at)
		if last == nil {
			last = now
			return n == 0
		}
		if last != now {
			last = now
			n--
		}
		return n <= 0
	})
}

// documents returns what was captured of a resource so far.
func (p *polling) documents(resource string) (documents []polledDocument) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.history {
		if d.resource == resource {
			documents = append(documents, d)
		}
	}
	return documents
}

// kill ends the process at once, and returns the state that is committed.
func (p *polling) kill(t *testing.T) map[string]any {
	t.Helper()
	_ = p.cmd.Process.Kill()
	p.mu.Lock()
	for !p.ended {
		p.changed.Wait()
	}
	defer p.mu.Unlock()
	return maps.Clone(p.states)
}

func ids(objects map[string]object) []string { return slices.Sorted(maps.Keys(objects)) }

// newWorkspace makes one whose clock begins at an hour that all zones have.
func newWorkspace(c sim.Config, sizes sim.Sizes) *sim.Workspace {
	w := sim.New(c)
	w.Fill(sizes)
	return w
}

// A workspace is there whole, with what is in its objects and none of it twice.
func TestAWorkspaceIsThereWhole(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{Conversations: 400, Parts: 3, Contacts: 200, Companies: 60, Tickets: 40, History: 24 * 365 * time.Hour})
		p := poll(t, w, setup{codec: codec})
		p.settled(t)
		p.mu.Lock()
		defer p.mu.Unlock()
		for resource, want := range map[string]int{"conversations": 400, "conversation_parts": 1200, "contacts": 200, "companies": 48, "tickets": 40, "ticket_parts": 120} {
			if got := p.of(resource); got != want {
				t.Errorf("%d %s, want %d", got, resource, want)
			}
		}
		if n := w.Count("429"); n > 0 {
			t.Errorf("%d requests over the limit", n)
		}
	})
}
