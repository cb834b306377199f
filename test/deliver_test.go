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
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"source-intercom-ingest/test/receiver"
)

// startDelivering begins a process as a materialization.
func startDelivering(t testing.TB, codec string) *runtime {
	t.Helper()
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	r, err := startAs(file, []string{"materialize"}, codec, codec == "json")
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
	r := startDelivering(t, codec)
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
