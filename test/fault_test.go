package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// An oracle issues numbered webhooks and knows what must become of them: each answer of 200 is an obligation that the
// webhook was committed, exactly as it was issued.
type oracle struct {
	mu        sync.Mutex
	issued    map[string]int // sizes of bodies by id, which tell what they are
	owed      map[string]bool
	committed map[string]string
	refused   map[int]int // by status
	anything  bool        // what is committed need not be what was issued
	slowest   time.Duration
}

func newOracle() *oracle {
	return &oracle{issued: map[string]int{}, owed: map[string]bool{}, committed: map[string]string{}, refused: map[int]int{}}
}

// issuedBody is what is posted of an id and a size.
func issuedBody(id string, size int) string {
	return fmt.Sprintf(`{"id":%q,"text":"%s"}`, id, strings.Repeat(id[len(id)-1:], size))
}

// issue posts a new webhook of about so many bytes, and notes the answer.
func (o *oracle) issue(ctx context.Context, url string, size int) (status int, err error) {
	o.mu.Lock()
	id := fmt.Sprintf("n-%d", len(o.issued))
	o.issued[id] = size
	o.mu.Unlock()
	body := issuedBody(id, size)
	started := time.Now()
	status, _, err = post(ctx, url, body)
	took := time.Since(started)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil:
	case status == http.StatusOK:
		o.owed[id] = true
	default:
		o.refused[status]++
		o.slowest = max(o.slowest, took)
	}
	return status, err
}

// commit notes documents whose checkpoint was acknowledged.
func (o *oracle) commit(documents []document) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range documents {
		var doc struct{ ID string }
		if err := json.Unmarshal(d.Doc, &doc); err != nil && !o.anything {
			return err
		}
		o.committed[doc.ID] = string(d.Doc)
	}
	return nil
}

// check holds what was committed to what was issued and answered.
func (o *oracle) check(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for id := range o.owed {
		if o.committed[id] == "" {
			t.Errorf("%s was answered 200 and is not committed", id)
		}
	}
	for id, doc := range o.committed {
		if id != "probe" && !strings.HasSuffix(doc, "},"+strings.TrimPrefix(issuedBody(id, o.issued[id]), "{")) {
			t.Errorf("%s was committed as %.300s", id, doc)
		}
	}
	if len(o.owed) == 0 {
		t.Error("nothing was answered 200")
	}
}

const openCapture = `{"name":"acme/hooks","config":{},"bindings":[
	{"resourceConfig":{"stream":"in","path":"/in"},"collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":true}}]}`

// acknowledgeAll commits and acknowledges so many checkpoints at a time, until the connector's output ends. The oracle
// is told before the connector is: what is acknowledged is durable already.
func (r *runtime) acknowledgeAll(o *oracle, batch func() int) error {
	for {
		n := batch()
		for range n {
			documents, err := r.captured()
			if err != nil {
				return err
			}
			if err := o.commit(documents); err != nil {
				return err
			}
		}
		if err := r.acknowledge(n); err != nil {
			return err
		}
	}
}

// load lets senders issue webhooks until ctx ends.
func (o *oracle) load(ctx context.Context, senders int, url string, size int) *sync.WaitGroup {
	group := new(sync.WaitGroup)
	for range senders {
		group.Go(func() {
			for ctx.Err() == nil {
				if _, err := o.issue(ctx, url, size); err != nil {
					return
				}
			}
		})
	}
	return group
}

// The process is ended in every way there is, at different moments under load.
func TestNothingIsAnswered200ThatIsNotCommitted(t *testing.T) {
	ends := map[string]func(r *runtime) (wantCode int){
		"end of input":    func(r *runtime) int { r.in.Close(); return 0 },
		"SIGTERM":         func(r *runtime) int { _ = r.cmd.Process.Signal(syscall.SIGTERM); return 0 },
		"SIGKILL":         func(r *runtime) int { _ = r.cmd.Process.Kill(); return -1 },
		"too many":        func(r *runtime) int { _ = r.acknowledge(1_000_000); return 1 },
		"lost output":     func(r *runtime) int { r.pipe.Close(); return 1 },
		"half a request":  func(r *runtime) int { _, _ = io.WriteString(r.in, "\x04\x00\x00\x00\x32\x02"); r.in.Close(); return 1 },
		"garbled request": func(r *runtime) int { _, _ = io.WriteString(r.in, "\xff\xff\xff\xff}\n"); return 1 },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, codec string) {
				for round := range 3 {
					o := newOracle()
					r, url := openSession(t, codec, openCapture)
					ctx, stop := context.WithCancel(t.Context())
					senders := o.load(ctx, 16, url+"/in", 100)
					acks := make(chan error, 1)
					wantCode := make(chan int, 1)
					count := 0
					go func() {
						acks <- r.acknowledgeAll(o, func() int {
							if count++; count == 20*(round+1) {
								wantCode <- end(r)
							}
							return 1 + count%2
						})
					}()
					<-acks
					senders.Wait()
					stop()
					code, last := r.wait()
					if want := <-wantCode; code != want {
						t.Errorf("exit code %d, not %d: %s", code, want, last)
					}
					var line struct{ Level string }
					if code == 1 && (json.Unmarshal([]byte(last), &line) != nil || line.Level != "error") {
						t.Errorf("the last line is %s", last)
					}
					if conn, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second); err == nil {
						conn.Close()
						t.Error("it still listens")
					}
					o.check(t)
				}
			})
		})
	}
}

// residentBytes reads a process's memory.
func residentBytes(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		skip(t, "there is no /proc here: %v", err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	return 0
}

// While the runtime does not read, memory is bounded and what does not fit is refused at once; then all goes on.
func TestAStalledRuntimeCostsBoundedMemory(t *testing.T) {
	const clients, size, stall = 220, 1 << 20, 12 * time.Second // a few more than there is room for
	o := newOracle()
	r, url := openSession(t, "proto", openCapture)
	idle := residentBytes(t, r.cmd.Process.Pid)
	ctx, stop := context.WithCancel(t.Context())
	senders := o.load(ctx, clients, url+"/in", size)
	var most int64
	var delays []time.Duration // of refusals
	probeBody := `{"id":"probe","text":"` + strings.Repeat("x", size) + `"}`
	for ticks, end := time.NewTicker(100*time.Millisecond), time.After(stall); ; {
		select {
		case <-ticks.C:
			most = max(most, residentBytes(t, r.cmd.Process.Pid))
			probe := time.Now()
			waits, cancel := context.WithTimeout(t.Context(), time.Second) // if there is room for this one
			if status, _, _ := post(waits, url+"/in", probeBody); status == http.StatusServiceUnavailable {
				delays = append(delays, time.Since(probe))
			}
			cancel()
			continue
		case <-end:
			ticks.Stop()
		}
		break
	}
	go func() { _ = r.acknowledgeAll(o, func() int { return 1 }) }()
	time.AfterFunc(time.Second, stop)
	senders.Wait()
	status, err := 0, error(nil)
	for until := time.Now().Add(patience); status != http.StatusOK && time.Now().Before(until); { // what waited is being acknowledged
		status, err = o.issue(t.Context(), url+"/in", 10)
	}
	if over := most - idle; over > 300<<20 {
		t.Errorf("%d MiB above idle", over>>20)
	}
	if o.refused[http.StatusServiceUnavailable] == 0 || status != http.StatusOK {
		t.Errorf("refused %v, and then answered %d, %v", o.refused, status, err)
	}
	if len(delays) == 0 {
		t.Fatal("no probe was refused")
	}
	slices.Sort(delays)
	middle := delays[len(delays)/2]
	if middle > 100*time.Millisecond {
		t.Errorf("refusals take %v", middle)
	}
	t.Logf("%d MiB above idle, refused %v, a refusal takes %v", (most-idle)>>20, o.refused, middle)
	r.in.Close()
	o.check(t)
}

// Bodies that are costly to read or to validate are answered within a second.
func TestCostlyBodiesAreAnsweredSoon(t *testing.T) {
	o := newOracle()
	r, url := openSession(t, "proto", `{"name":"acme/hooks","config":{},"bindings":[{"resourceConfig":{"stream":"in","path":"/in"},"collection":
		{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":{"properties":{"n":{"type":["number","array"],"minimum":0,"multipleOf":0.01,"items":{"multipleOf":0.01}},
		"s":{"pattern":"^(a+)+$"},"u":{"uniqueItems":true}}}}}]}`)
	go func() { _ = r.acknowledgeAll(o, func() int { return 1 }) }()
	for name, body := range map[string]string{
		"exponent":   `{"n":1e-999999999}`,
		"digits":     `{"n":0.` + strings.Repeat("3", 1_000_000) + `}`,
		"exponents":  `{"n":[` + strings.Repeat("1e300,", 50_000) + `1]}`,
		"pattern":    `{"s":"` + strings.Repeat("a", 500_000) + `b"}`,
		"wide":       `{` + members(50_000) + `"z":0}`,
		"duplicates": `{` + strings.Repeat(`"a":1,`, 100_000) + `"a":2}`,
		"deep":       strings.Repeat(`{"a":`, 99) + `{}` + strings.Repeat(`}`, 99),
		"too deep":   strings.Repeat(`[`, 1_000_000),
		"unique":     `{"u":[` + strings.Repeat(`"x`+strings.Repeat("y", 20)+`",`, 10_000) + `0]}`,
	} {
		started := time.Now()
		status, _, err := post(t.Context(), url+"/in", body)
		if took := time.Since(started); err != nil || took > 2*time.Second || status != 200 && status != 400 {
			t.Errorf("%s: answered %d after %v, %v", name, status, took, err)
		}
	}
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"m%d":%d,`, i, i)
	}
	return b.String()
}

// The health page says when webhooks are not committed.
func TestHealthTellsOfAStall(t *testing.T) {
	r, url := openSession(t, "json", openCapture)
	get := func() (int, string) {
		resp, err := http.Get(url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	if status, text := get(); status != 200 || text != `{"healthy":true,"reason":""}` {
		t.Errorf("%d %s", status, text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _, _ = post(ctx, url+"/in", `{}`) }()
	if _, err := r.captured(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for ticks := time.Tick(100 * time.Millisecond); time.Now().Before(deadline); <-ticks {
		if status, text := get(); status == http.StatusServiceUnavailable {
			if !strings.Contains(text, "waits for more than 5s") {
				t.Error(text)
			}
			if err := r.acknowledge(1); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Error("it is healthy all the while")
}

// A request that is not acknowledged within commitTimeout is told to come back.
func TestCommitTimeoutIsKept(t *testing.T) {
	r, url := openSession(t, "proto", strings.Replace(openCapture, `"config":{}`, `"config":{"commitTimeout":1,"maxBodyBytes":100}`, 1))
	status, text, err := post(t.Context(), url+"/in", `{"a":1}`)
	if err != nil || status != http.StatusServiceUnavailable || !strings.Contains(text, "not committed in time") {
		t.Errorf("answered %d %s, %v", status, text, err)
	}
	if status, _, err := post(t.Context(), url+"/in", `{"a":"`+strings.Repeat("x", 100)+`"}`); status != http.StatusRequestEntityTooLarge {
		t.Errorf("answered %d, %v", status, err)
	}
	if _, err := r.captured(); err != nil { // it is committed all the same, later
		t.Error(err)
	}
	if err := r.acknowledge(1); err != nil {
		t.Error(err)
	}
}
