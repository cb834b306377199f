package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"source-intercom-ingest/test/receiver"
)

// startDelivering begins a process as a materialization.
func startDelivering(t testing.TB, codec string, env ...string) *runtime {
	t.Helper()
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	r, err := startAs(file, []string{"materialize"}, codec, codec == "json", env...)
	if err != nil {
		t.Fatal(err)
	}
	r.dialect = "M"
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return r
}

// receiving serves a receiver, and returns the endpoint's configuration for it, with more members.
func receiving(t *testing.T, answer func(n int, r *receiver.Request, to http.Header) (int, string), more string) (*receiver.Receiver, string) {
	t.Helper()
	v := &receiver.Receiver{Answer: answer}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	return v, fmt.Sprintf(`{"address":"%s/base","allowHttp":true,"network":{"allowedAddresses":["127.0.0.1"]}%s}`, server.URL, more)
}

// delivering opens a session with resources of one collection.
func delivering(t testing.TB, codec, endpoint string, resources ...string) *runtime {
	t.Helper()
	return deliveringWith(t, codec, endpoint, nil, resources...)
}

// deliveringWith does so in another environment.
func deliveringWith(t testing.TB, codec, endpoint string, env []string, resources ...string) *runtime {
	t.Helper()
	r := startDelivering(t, codec, env...)
	var bindings []string
	for i, resource := range resources {
		bindings = append(bindings, fmt.Sprintf(`{"resourceConfig":%s,"resourcePath":["r%d"],"collection":{"name":"a/c","key":["/id"]},"fieldSelection":{"document":"flow_document"},"deltaUpdates":true,"stateKey":"r%d.v1"}`, resource, i, i))
	}
	for _, step := range [][2]string{
		{fmt.Sprintf(`{"open":{"materialization":{"name":"a/m","connectorType":"LOCAL","config":%s,"bindings":[%s]},"version":"v1","range":{"keyEnd":4294967295,"rClockEnd":4294967295},"state":{}}}`, endpoint, strings.Join(bindings, ",")), `{"opened":{}}`},
		{`{"acknowledge":{}}`, `{"acknowledged":{}}`},
	} {
		r.expect(t, step[0], step[1])
	}
	return r
}

func (r *runtime) expect(t testing.TB, request, want string) {
	t.Helper()
	got, err := r.ask(request)
	if err != nil || string(got) != want {
		t.Fatalf("%.60s was answered %s, not %s; %v\n%s", request, got, want, err, r.logged())
	}
}

// stored sends documents as one transaction, and returns the answer to StartCommit.
func (r *runtime) stored(t *testing.T, documents ...string) (string, error) {
	t.Helper()
	r.expect(t, `{"flush":{}}`, `{"flushed":{}}`)
	for _, d := range documents {
		binding, document, _ := strings.Cut(d, " ")
		if err := r.send(fmt.Sprintf(`{"store":{"binding":%s,"doc":%s}}`, binding, document)); err != nil {
			return "", err
		}
	}
	got, err := r.ask(`{"startCommit":{}}`)
	return string(got), err
}

const about = `{"webhookId":"w%d","event":{"objectType":"contact","objectId":"%d","operation":"created","occurredAt":"2026-09-01T00:10:00.000Z"}}`

// A session delivers what its conditions choose, signed over the bytes that are sent, and starts its commit behind that.
func TestASessionDelivers(t *testing.T) {
	const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	for _, codec := range []string{"json", "proto"} {
		t.Run(codec, func(t *testing.T) {
			v, endpoint := receiving(t, nil, `,"headers":{"X-Own":"yes","Idempotency-Key":"mine"},"signing":{"type":"standardWebhooks","key":"`+key+`"}`)
			r := delivering(t, codec, endpoint,
				`{"name":"request","send":{"type":"request","method":"PUT","path":"/c/{{id}}","query":{"q":"{{s}}"},"headers":{"X-N":"{{n}}"},"cookies":{"a":"{{n}}"},"body":"{\"s\":\"{{s}}\",\"v\":{{s}},\"n\":{{n}}}"}}`,
				`{"name":"event","conditions":{"field":"/n","operator":"greaterThan","value":215473900112233444},"send":{"event":{"filterNulls":true,"tags":["t"]}}}`,
				`{"name":"document","send":"document","conditions":{"not":{"field":"/n","operator":"exists"}}}`)
			document := `{"_meta":` + fmt.Sprintf(about, 1, 7) + `,"id":"a/../b","s":"a\"b\\c\n<é>","n":215473900112233445,"x":null}`
			got, err := r.stored(t, "0 "+document, "1 "+document, "2 "+document)
			if err != nil || got != `{"startedCommit":{}}` {
				t.Fatal(got, err)
			}
			byMethod := map[string]*receiver.Request{}
			for _, one := range v.Requests() {
				byMethod[one.Method] = one
			}
			put, post := byMethod["PUT"], byMethod["POST"]
			if len(v.Requests()) != 2 || put == nil || post == nil {
				t.Fatalf("%d requests", len(v.Requests()))
			}
			if put.Target != "/base/c/a%2F..%2Fb?q=a%22b%5Cc%0A%3C%C3%A9%3E" || put.Body != `{"s":"a\"b\\c\n<é>","v":"a\"b\\c\n<é>","n":215473900112233445}` ||
				put.Header.Get("X-N") != "215473900112233445" || put.Header.Get("Cookie") != "a=215473900112233445" || put.Header.Get("X-Own") != "yes" {
				t.Errorf("%s %s %v", put.Target, put.Body, put.Header)
			}
			id := post.Header.Get("Idempotency-Key")
			if want := `{"message":{"eventId":"` + id + `","instanceTags":["t"],"events":[{"elementKey":"intercom","eventType":"CREATED","objectType":"contacts","objectId":"7","date":"2026-09-01T00:10:00.000Z"}],"raw":{"id":"a/../b","s":"a\"b\\c\n<é>","n":215473900112233445}}}`; post.Body != want || !strings.HasPrefix(id, "dlv_") {
				t.Errorf("%s\n%s", post.Body, want)
			}
			official, err := standardwebhooks.NewWebhook(key)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range v.Requests() {
				if err := official.Verify([]byte(one.Body), one.Header); err != nil || one.Header.Get("Webhook-Id") != one.Header.Get("Idempotency-Key") {
					t.Errorf("%v, %v", err, one.Header)
				}
			}
			r.expect(t, `{"acknowledge":{}}`, `{"acknowledged":{}}`)
			_ = r.in.Close()
			if code, last := r.wait(); code != 0 {
				t.Errorf("ended with %d, %s", code, last)
			}
		})
	}
}

// A document's own fault parks it, with the reason in the state; others go on.
func TestADocumentsFaultParksIt(t *testing.T) {
	v, endpoint := receiving(t, func(_ int, r *receiver.Request, _ http.Header) (int, string) {
		if strings.Contains(r.Target, "bad") {
			return 422, "no"
		}
		return 200, ""
	}, "")
	r := delivering(t, "json", endpoint, `{"name":"x","send":{"type":"request","path":"/{{id}}","headers":{"X-H":"{{h}}"},"body":"{{=<% %>=}}<%n%>"}}`)
	got, err := r.stored(t, `0 {"id":"good","n":1}`, `0 {"id":"bad","n":2}`, `0 {"n":3}`, `0 {"id":"h","h":"a\r\nX-Evil: 1","n":4}`)
	var started struct {
		StartedCommit struct {
			State struct {
				Updated struct {
					Parked map[string]map[string]struct{ Reason string }
				}
			}
		}
	}
	if err != nil || json.Unmarshal([]byte(got), &started) != nil {
		t.Fatal(got, err)
	}
	var reasons []string
	for _, p := range started.StartedCommit.State.Updated.Parked["r0.v1"] {
		reasons = append(reasons, p.Reason)
	}
	all := strings.Join(reasons, "|")
	if len(reasons) != 3 || !strings.Contains(all, "422 Unprocessable Entity") || !strings.Contains(all, "the document has nothing at id") || !strings.Contains(all, "X-H has a line break") || strings.Contains(all, "Evil") {
		t.Error(all)
	}
	if len(v.Requests()) != 2 {
		t.Errorf("%d requests", len(v.Requests()))
	}
}

// What is everyone's fault ends the session with the cure, and nothing is parked or skipped.
func TestEveryonesFaultEndsTheSession(t *testing.T) {
	for status, cure := range map[int]string{401: "mend the token", 403: "mend the token", 405: "mend the address", 410: "the receiver wants no more", 302: "redirects are not followed"} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			_, endpoint := receiving(t, func(_ int, _ *receiver.Request, to http.Header) (int, string) {
				to.Set("Location", "http://169.254.169.254/")
				return status, ""
			}, "")
			r := delivering(t, "proto", endpoint, `{"name":"x","send":"document"}`)
			if got, err := r.stored(t, `0 {"id":1}`); err == nil {
				t.Errorf("answered %s", got)
			}
			code, last := r.wait()
			if code != 1 || !strings.Contains(last, cure) || !strings.Contains(last, "nothing is skipped") {
				t.Errorf("%d, %s", code, last)
			}
		})
	}
}

// If all of the first are refused, it is not their fault.
func TestASessionStopsIfAllOfItsFirstAreRefused(t *testing.T) {
	v, endpoint := receiving(t, func(int, *receiver.Request, http.Header) (int, string) { return 404, "" }, `,"limits":{"concurrency":1}`)
	r := delivering(t, "json", endpoint, `{"name":"x","send":"document"}`)
	var documents []string
	for i := range 30 {
		documents = append(documents, fmt.Sprintf(`0 {"id":%d}`, i))
	}
	if got, err := r.stored(t, documents...); err == nil {
		t.Errorf("answered %s", got)
	}
	if code, last := r.wait(); code != 1 || !strings.Contains(last, "first 20 events") || len(v.Requests()) != 20 {
		t.Errorf("%d, %s, %d requests", code, last, len(v.Requests()))
	}
}

// A passing failure is tried again, never sooner than the destination asks, with the same id and bytes; one object's events stay in order.
func TestAPassingFailureIsTriedAgain(t *testing.T) {
	v, endpoint := receiving(t, func(n int, _ *receiver.Request, to http.Header) (int, string) {
		if n == 0 {
			to.Set("Retry-After", "2")
			return 503, ""
		}
		return 200, ""
	}, "")
	r := delivering(t, "json", endpoint, `{"name":"x","send":"document"}`)
	var documents []string
	for i := range 5 {
		documents = append(documents, fmt.Sprintf(`0 {"_meta":`+about+`,"i":%d}`, i, 7, i))
	}
	if got, err := r.stored(t, documents...); err != nil || got != `{"startedCommit":{}}` {
		t.Fatal(got, err)
	}
	all := v.Requests()
	if len(all) != 6 || all[0].Body != all[1].Body || all[0].Header.Get("Idempotency-Key") != all[1].Header.Get("Idempotency-Key") {
		t.Fatalf("%d requests", len(all))
	}
	if waited := all[1].At.Sub(all[0].At); waited < 2*time.Second {
		t.Errorf("came back after %v", waited)
	}
	for i, one := range all[1:] {
		if !strings.HasSuffix(one.Body, fmt.Sprintf(`"i":%d}`, i)) {
			t.Errorf("%d is %s", i, one.Body)
		}
	}
}

// Messages out of place end with one clear error, and the input may end between transactions alone.
func TestMessagesOutOfPlaceEndTheSession(t *testing.T) {
	_, endpoint := receiving(t, nil, "")
	for _, c := range []struct {
		requests []string
		code     int
		says     string
	}{
		{nil, 0, ""},
		{[]string{`{"store":{"doc":{}}}`}, 1, "store where load or flush is expected"},
		{[]string{`{"flush":{}}`, `{"flush":{}}`}, 1, "flush where store or start_commit is expected"},
		{[]string{`{"flush":{}}`}, 1, "the input ended within a transaction"},
		{[]string{`{"flush":{}}`, `{"store":{"binding":3,"doc":{}}}`}, 1, "a document of binding 3, and there are 1"},
		{[]string{`{"flush":{}}`, `{"startCommit":{}}`, `{"flush":{}}`}, 1, "flush where acknowledge is expected"},
		{[]string{`{"flush":{}}`, `{"startCommit":{}}`}, 0, ""},
		{[]string{`{"load":{"binding":0}}`, `{"flush":{}}`, `{"startCommit":{}}`, `{"acknowledge":{}}`}, 0, ""},
	} {
		r := delivering(t, "proto", endpoint, `{"name":"x","send":"document"}`)
		for _, request := range c.requests {
			if err := r.send(request); err != nil {
				t.Fatal(err)
			}
		}
		_ = r.in.Close()
		if code, last := r.wait(); code != c.code || c.says != "" && !strings.Contains(last, c.says) {
			t.Errorf("%s: %d, %s", c.requests, code, last)
		}
	}
}

// Validate wants the whole document, takes keys, and names what is wrong with its cure.
func TestValidateNamesWhatIsWrong(t *testing.T) {
	const validate = `{"validate":{"name":"a/m","connectorType":"LOCAL","config":%s,"bindings":[{"resourceConfig":%s,"collection":{"name":"a/c","key":["/id"],"projections":[{"field":"flow_document"},{"ptr":"/id","field":"id","isPrimaryKey":true},{"ptr":"/s","field":"s"}]}}]}}`
	for _, codec := range []string{"json", "proto"} {
		r := startDelivering(t, codec)
		got, err := r.ask(fmt.Sprintf(validate, `{"address":"https://api.example.com"}`, `{"name":"x","send":"document"}`))
		if err != nil || !bytes.Contains(got, []byte(`{"field":"flow_document","constraint":{"type":"LOCATION_REQUIRED"`)) ||
			!bytes.Contains(got, []byte(`{"field":"id","constraint":{"type":"FIELD_OPTIONAL"`)) || !bytes.Contains(got, []byte(`{"field":"s","constraint":{"type":"FIELD_FORBIDDEN"`)) {
			t.Errorf("%s, %v", got, err)
		}
	}
	const good = `{"name":"x","send":"document"}`
	for _, c := range [][3]string{
		{`{"address":"http://api.example.com"}`, good, "set allowHttp"},
		{`{"address":"https://127.0.0.1/x"}`, good, "network.allowedAddresses"},
		{`{"address":"https://{{host}}/"}`, good, "address is a template"},
		{`{"address":"https://a.example","adress":1}`, good, "adress is not known; did you mean address?"},
		{`{"address":"https://a.example","auth":{"type":"bearer","token":""}}`, good, "auth: token is empty"},
		{`{"address":"https://a.example"}`, `{"name":"x","send":{"type":"request","body":"{\"a\":\"{{x}}}"}}`, "binding 0, of a/c: send.request.body: at byte 12: a string of JSON is not closed"},
		{`{"address":"https://a.example"}`, `{"name":"x","send":{"type":"request","body":"{\"a\":{{x}}"}}`, "what it renders is no JSON"},
		{`{"address":"https://a.example"}`, `{"name":"x","send":{"type":"request","path":"/../{{x}}"}}`, "leads elsewhere"},
		{`{"address":"https://a.example"}`, `{"name":"x","conditons":{},"send":"document"}`, "conditons is not known; did you mean conditions?"},
		{`{"address":"https://a.example"}`, `{"name":"x","conditions":{"field":"/a","operator":"is","value":1},"send":"document"}`, "conditions: operator is "},
	} {
		r := startDelivering(t, "json")
		if got, err := r.ask(fmt.Sprintf(validate, c[0], c[1])); err == nil {
			t.Errorf("%s is taken: %s", c, got)
		}
		if code, last := r.wait(); code != 1 || !strings.Contains(last, c[2]) {
			t.Errorf("%d, %s, not %s", code, last, c[2])
		}
	}
}

// Render prints the request without its secrets, and tells by its exit code whether it would be sent.
func TestRenderPrintsTheRequest(t *testing.T) {
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	yaml := filepath.Join(t.TempDir(), "d.yaml")
	if err := os.WriteFile(yaml, []byte(`
endpoint: {address: "https://api.example.com/v1", auth: {type: bearer, token: the-token}, headers: {X-Secret: hidden-secret}}
deliveries:
  - {name: one, source: a/c, conditions: {field: /n, operator: equals, value: 1}, send: {type: request, path: "/c/{{n}}", body: '{"n":{{n}}}'}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	for document, want := range map[string]struct {
		code int
		says string
	}{`{"n":1}`: {0, "POST /v1/c/1 HTTP/1.1\nHost: api.example.com\nAuthorization: [removed]\n"}, `{"n":2}`: {3, "filtered by conditions: /n equals 1"}, `{"n":`: {1, "the document is not JSON"}} {
		cmd := exec.Command(file, "render", yaml)
		cmd.Stdin = strings.NewReader(document)
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != want.code || !strings.Contains(string(out), want.says) || strings.Contains(string(out), "the-token") || strings.Contains(string(out), "hidden-secret") {
			t.Errorf("%d: %s", cmd.ProcessState.ExitCode(), out)
		}
	}
}

// killDeliverer kills the child of a preview that delivers, if there is one just now.
func killDeliverer(preview int) {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", preview, preview))
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", preview))
	for _, task := range tasks {
		more, _ := os.ReadFile(task)
		children = append(append(children, ' '), more...)
	}
	for _, child := range strings.Fields(string(children)) {
		line, _ := os.ReadFile("/proc/" + child + "/cmdline")
		pid, err := strconv.Atoi(child)
		if err == nil && strings.Contains(string(line), "\x00materialize") {
			if process, err := os.FindProcess(pid); err == nil {
				_ = process.Kill()
			}
		}
	}
}

// Whoever is killed, whenever: every document arrives, and what arrives twice is the same, under the same id.
func TestKilledAtRandomNothingIsLost(t *testing.T) {
	const documents, kills = 400, 12
	v, endpoint := receiving(t, func(n int, _ *receiver.Request, _ http.Header) (int, string) {
		if n%17 == 0 {
			return 503, ""
		}
		return 200, ""
	}, "")
	dir := t.TempDir()
	yaml := filepath.Join(dir, "to.yaml")
	text := `{"endpoint":` + endpoint + `,"deliveries":[{"name":"all","source":"preview/in","from":"beginning","send":{"type":"event"}}]}`
	if err := os.WriteFile(yaml, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(dir, "d.db")
	args := []string{"--path", "/in", "--console", "", "-q", "--deliver", yaml}
	p := preview(t, db, args...)
	for i := range documents {
		resp, err := http.Post(p.url, "application/json", strings.NewReader(fmt.Sprintf(`{"i":%d,"s":"<é>\""}`, i)))
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		_ = resp.Body.Close()
	}
	arrived := func(all []*receiver.Request) (map[string]string, bool) {
		bodies := map[string]string{}
		for _, one := range all {
			id := one.Header.Get("Idempotency-Key")
			if was, twice := bodies[id]; twice && was != one.Body {
				t.Errorf("%s came as %s and as %s", id, was, one.Body)
			}
			if one.Status == 200 || bodies[id] != "" {
				bodies[id] = one.Body
			}
		}
		return bodies, len(bodies) == documents
	}
	for range kills {
		seen := len(v.Requests())
		v.Wait(patience, func(all []*receiver.Request) bool { return len(all) > seen+rand.IntN(20) })
		if rand.IntN(2) == 0 {
			killDeliverer(p.cmd.Process.Pid)
			continue
		}
		_ = p.cmd.Process.Kill()
		<-p.done
		p = preview(t, db, args...)
	}
	if !v.Wait(60*time.Second, func(all []*receiver.Request) bool { _, done := arrived(all); return done }) {
		bodies, _ := arrived(v.Requests())
		t.Errorf("%d of %d arrived", len(bodies), documents)
	}
}

// contacts is Intercom's API as far as contacts go. Its search knows a contact late, as Intercom's does.
type contacts struct {
	known map[string]string // id by external id
	found map[string]bool   // external ids that the search knows
	names map[string][]string
}

func (c *contacts) answer(_ int, r *receiver.Request, _ http.Header) (int, string) {
	var body struct {
		ExternalID string `json:"external_id"`
		Name       string
		Query      struct{ Value string }
	}
	_ = json.Unmarshal([]byte(r.Body), &body)
	switch {
	case strings.HasSuffix(r.Target, "/contacts/search"):
		if id := c.known[body.Query.Value]; c.found[body.Query.Value] {
			return 200, `{"data":[{"id":"` + id + `"}]}`
		}
		return 200, `{"data":[]}`
	case r.Method == "POST" && strings.HasSuffix(r.Target, "/contacts"):
		if id := c.known[body.ExternalID]; id != "" {
			return 409, `{"type":"error.list","errors":[{"code":"conflict","message":"A contact matching those details already exists with id=` + id + `"}]}`
		}
		id := fmt.Sprintf("66d%d", len(c.known))
		c.known[body.ExternalID] = id
		c.names[id] = append(c.names[id], body.Name)
		return 200, `{"id":"` + id + `"}`
	case r.Method == "PUT":
		id := r.Target[strings.LastIndexByte(r.Target, '/')+1:]
		c.names[id] = append(c.names[id], body.Name)
		return 200, `{"id":"` + id + `"}`
	case strings.HasSuffix(r.Target, "/tags"):
		return 200, `{"id":"42"}`
	}
	return 404, ""
}

// Two events of a new contact at once end in one contact with both; a contact that the search knows is updated, and tagged.
func TestAContactIsMadeOnce(t *testing.T) {
	c := &contacts{known: map[string]string{"old": "66dff"}, found: map[string]bool{"old": true}, names: map[string][]string{}}
	v, endpoint := receiving(t, c.answer, `,"auth":{"type":"bearer","token":"the-token"}`)
	r := delivering(t, "proto", endpoint,
		`{"name":"contacts","send":{"type":"intercom","action":"upsertContact","fields":{"external_id":"{{user}}","name":"{{name}}","signed_up_at":"{{at}}","phone":"{{gone}}"}}}`,
		`{"name":"tags","send":{"type":"intercom","action":"tagContact","fields":{"external_id":"{{user}}","tag":"vip"}}}`)
	got, err := r.stored(t, `0 {"user":"new","name":"a \"b\"","at":12}`, `0 {"user":"new","name":"c","at":12}`, `0 {"user":"old","name":"d","at":12}`, `1 {"user":"old"}`)
	if err != nil || got != `{"startedCommit":{}}` {
		t.Fatal(got, err)
	}
	if len(c.known) != 2 || len(c.names[c.known["new"]]) != 2 || len(c.names["66dff"]) != 1 {
		t.Errorf("%v %v", c.known, c.names)
	}
	tagged := false
	for _, one := range v.Requests() {
		if one.Header.Get("Authorization") != "Bearer the-token" || one.Header.Get("Intercom-Version") == "" {
			t.Errorf("%s %v", one.Target, one.Header)
		}
		if one.Method == "PUT" && strings.HasSuffix(one.Target, "/66dff") && one.Body != `{"external_id":"old","name":"d","signed_up_at":12}` {
			t.Error(one.Body)
		}
		tagged = tagged || one.Target == "/base/contacts/66dff/tags" && one.Body == `{"id":"42"}`
	}
	if !tagged {
		t.Error("the contact has no tag")
	}
}

// An access token is asked for once, and anew where it is no longer taken.
func TestAnAccessTokenIsRenewed(t *testing.T) {
	granted := 0
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "me" || secret != "the-secret" {
			w.WriteHeader(401)
			return
		}
		granted++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"t%d","token_type":"Bearer","expires_in":3600}`, granted)
	}))
	defer tokens.Close()
	auth := `,"auth":{"oauth2":{"tokenUrl":"` + tokens.URL + `","clientId":"me","clientSecret":"the-secret"}}`
	v, endpoint := receiving(t, func(n int, r *receiver.Request, _ http.Header) (int, string) {
		if n > 2 && r.Header.Get("Authorization") == "Bearer t1" {
			return 401, ""
		}
		return 200, ""
	}, auth)
	r := delivering(t, "json", endpoint, `{"name":"x","send":"document"}`)
	if got, err := r.stored(t, `0 {"_meta":{"op":"u"},"type":"a","id":"1","n":1}`, `0 {"_meta":{"op":"u"},"type":"a","id":"1","n":2}`, `0 {"_meta":{"op":"u"},"type":"a","id":"1","n":3}`, `0 {"_meta":{"op":"u"},"type":"a","id":"1","n":4}`); err != nil || got != `{"startedCommit":{}}` {
		t.Fatal(got, err)
	}
	if all := v.Requests(); granted != 2 || len(all) != 5 || all[4].Header.Get("Authorization") != "Bearer t2" {
		t.Errorf("%d tokens, %d requests", granted, len(all))
	}
}

// A person sees in the console why a document was not delivered, and sends it again under the same id.
func TestAParkedDocumentIsSentAgain(t *testing.T) {
	mended := atomic.Bool{}
	v, endpoint := receiving(t, func(_ int, r *receiver.Request, _ http.Header) (int, string) {
		if strings.Contains(r.Body, `"bad"`) && !mended.Load() {
			return 422, "what is wrong"
		}
		return 200, ""
	}, "")
	dir := t.TempDir()
	yaml := filepath.Join(dir, "to.yaml")
	if err := os.WriteFile(yaml, []byte(`{"endpoint":`+endpoint+`,"deliveries":[{"name":"all","source":"preview/in","conditions":{"field":"/no","operator":"exists","value":false},"send":"document"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := preview(t, filepath.Join(dir, "d.db"), "--path", "/in", "--console", "127.0.0.1:0", "-q", "--deliver", yaml)
	for _, body := range []string{`{"s":"good"}`, `{"s":"bad"}`, `{"no":1}`} {
		if status, _, err := post(t.Context(), p.url, body); err != nil || status != 200 {
			t.Fatal(status, err)
		}
	}
	p.hear("parked: 422 Unprocessable Entity", 1)
	b := openBrowser(t)
	b.do(chromedp.Navigate(p.console()))
	b.within(patience, `document.querySelector("#parked tr")?.cells[2].innerText === "422 Unprocessable Entity"`)
	b.within(patience, `document.querySelectorAll("#deliveries tr").length === 1 && document.querySelectorAll("#attempts tr").length >= 3`)
	b.accessible("console-deliveries")
	mended.Store(true)
	b.do(chromedp.Click(`#parked td:last-child button`))
	b.within(patience, `document.querySelector("#parked output").innerText === "It is sent once more."`)
	if !v.Wait(patience, func(all []*receiver.Request) bool { return len(all) == 3 && all[2].Status == 200 }) {
		t.Fatalf("%d requests", len(v.Requests()))
	}
	ids := map[string]string{}
	for _, one := range v.Requests() {
		id := one.Header.Get("Idempotency-Key")
		if was, ok := ids[id]; ok && was != one.Body {
			t.Errorf("%s is %s and %s", id, was, one.Body)
		}
		ids[id] = one.Body
	}
	if len(ids) != 2 {
		t.Errorf("%d ids", len(ids))
	}
	b.within(patience, `(e => (document.activeElement.blur(), e?.click(), !!e))([...document.querySelectorAll("#attempts button")].find(e => e.innerText === "3"))`)
	b.within(patience, `document.querySelector("#detail-body").innerText.includes("filtered by conditions: /no exists false")`)
	b.within(patience, `(e => (document.activeElement.blur(), e?.click(), !!e))([...document.querySelectorAll("#attempts button")].find(e => e.innerText === "2"))`)
	b.within(patience, `document.querySelector("#detail-body").innerText.includes("what is wrong") && document.querySelector("#detail-body").innerText.includes("POST /base HTTP/1.1")`)
	b.clean()
}

// What waited while a destination was down comes once it answers, all of it, in the order of each object.
func TestWhatWaitedForADestinationComesInOrder(t *testing.T) {
	t.Parallel()
	const documents, probes = 2_000, 3
	v, endpoint := receiving(t, func(n int, _ *receiver.Request, _ http.Header) (int, string) {
		if n < probes {
			return 503, ""
		}
		return 200, ""
	}, `,"limits":{"concurrency":8}`)
	r := delivering(t, "proto", endpoint, `{"name":"x","send":"document","orderBy":"/of"}`)
	r.expect(t, `{"flush":{}}`, `{"flushed":{}}`)
	if err := r.send(`{"store":{"doc":{"of":0,"i":0}}}`); err != nil {
		t.Fatal(err)
	}
	v.Wait(patience, func(all []*receiver.Request) bool { return len(all) > 0 })
	for i := 1; i < documents; i++ {
		if err := r.send(fmt.Sprintf(`{"store":{"doc":{"of":%d,"i":%d}}}`, i%50, i)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.ask(`{"startCommit":{}}`)
	if err != nil || string(got) != `{"startedCommit":{}}` {
		t.Fatal(string(got), err)
	}
	all := v.Requests()
	if len(all) != documents+probes {
		t.Errorf("%d requests", len(all))
	}
	last := map[int]int{}
	for _, one := range all {
		var d struct{ Of, I int }
		if err := json.Unmarshal([]byte(one.Body), &d); err != nil {
			t.Fatal(err)
		}
		if one.Status != 200 {
			continue
		}
		if was, ok := last[d.Of]; ok && was >= d.I {
			t.Fatalf("%d came behind %d", d.I, was)
		}
		last[d.Of] = d.I
	}
}

// Special addresses are reached by no delivery, by whatever name; nothing is parked for it.
func TestASpecialAddressIsNotDelivered(t *testing.T) {
	_, endpoint := receiving(t, nil, "")
	refused := strings.Replace(strings.Replace(endpoint, `["127.0.0.1"]`, `["10.0.0.0/8"]`, 1), "http://127.0.0.1", "http://localhost", 1)
	r := delivering(t, "json", refused, `{"name":"x","send":"document"}`)
	if got, err := r.stored(t, `0 {"id":1}`); err == nil {
		t.Error(got)
	}
	if code, last := r.wait(); code != 1 || !strings.Contains(last, "add it to network.allowedAddresses") {
		t.Errorf("%d, %s", code, last)
	}
	r = delivering(t, "json", `{"address":"https://no-such-host.invalid/x"}`, `{"name":"x","send":"document"}`)
	if got, err := r.stored(t, `0 {"id":1}`); err == nil {
		t.Error(got)
	}
	if code, last := r.wait(); code != 1 || !strings.Contains(last, "no-such-host.invalid") {
		t.Errorf("%d, %s", code, last)
	}
}

// A destination that hangs holds up neither the other files' deliveries nor the capture.
func TestADestinationThatHangsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	const files, documents = 4, 60
	hang := make(chan struct{})
	stuck := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer stuck.Close()
	defer close(hang)
	dir := t.TempDir()
	args := []string{"--path", "/in", "--console", "", "-q"}
	var others []*receiver.Receiver
	for i := range files {
		v, endpoint := receiving(t, nil, "")
		if i == 0 {
			endpoint = strings.Replace(endpoint, endpoint[strings.Index(endpoint, "http"):strings.Index(endpoint, "/base")], stuck.URL, 1)
		} else {
			others = append(others, v)
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.yaml", i))
		if err := os.WriteFile(file, fmt.Appendf(nil, `{"endpoint":%s,"deliveries":[{"name":"d%d","source":"preview/in","send":"document"}]}`, endpoint, i), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--deliver", file)
	}
	p := preview(t, filepath.Join(dir, "d.db"), args...)
	p.hear("delivering to", files)
	for i := range documents {
		began := time.Now()
		status, _, err := post(t.Context(), p.url, fmt.Sprintf(`{"i":%d}`, i))
		if took := time.Since(began); err != nil || status != 200 || took > 5*time.Second {
			t.Fatal(status, err, took)
		}
	}
	for i, v := range others {
		if !v.Wait(patience, func(all []*receiver.Request) bool { return len(all) == documents }) {
			t.Errorf("%d of %d came to %d", len(v.Requests()), documents, i+1)
		}
	}
}

// The files that the documentation shows make the requests that it says.
func TestTheDeliveriesOfTheDocsRender(t *testing.T) {
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../docs/deliver.md")
	if err != nil {
		t.Fatal(err)
	}
	const document = `{"topic":"contact.user.created","event":"sign_up","user":{"id":"7","first":"Ann","last":"B"},"_meta":` +
		`{"webhookId":"w","event":{"objectType":"contact","objectId":"7","operation":"created"}}}`
	var said []string
	for _, found := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		yaml := filepath.Join(t.TempDir(), "d.yaml")
		if err := os.WriteFile(yaml, found[1], 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(file, "render", yaml)
		cmd.Stdin = strings.NewReader(document)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s\n%s: %v", found[1], out, err)
		}
		said = append(said, string(out))
	}
	for _, want := range []string{`"objectType":"contacts","objectId":"7"`, `{"external_id":"7","name":"Ann B"}`, `{"text":"contact created"}`} {
		if !strings.Contains(strings.Join(said, ""), want) {
			t.Errorf("%s is in none of %s", want, said)
		}
	}
}
