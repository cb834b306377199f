package test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"source-intercom-ingest/test/intercomsim/sim"
)

// fetchFloor is a bare client, in a process of its own: it fetches as many conversations and pages of a search as a backfill
// does, and discards them. It prints the CPU that it took.
func fetchFloor(address string) {
	base, count, _ := strings.Cut(address, "#")
	n, err := strconv.Atoi(count)
	if err != nil {
		panic(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchConnections, MaxConnsPerHost: benchConnections}}
	fetch := func(method, path, body string) {
		request, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		request.Header.Set("Authorization", "Bearer tok")
		request.Header.Set("Intercom-Version", "2.14")
		answer, err := client.Do(request)
		if err != nil || answer.StatusCode != http.StatusOK {
			panic(fmt.Sprint(answer, err))
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range benchConnections {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				fetch("GET", "/conversations/"+sim.ConversationID(i), "")
				if i%150 == 0 {
					fetch("POST", "/conversations/search", `{"query":{"field":"updated_at","operator":">","value":0},"sort":{"field":"updated_at","order":"descending"},"pagination":{"per_page":150}}`)
				}
			}
		})
	}
	group.Wait()
	used, err := cpuTime(os.Getpid())
	if err != nil {
		panic(err)
	}
	fmt.Println(used.Microseconds())
}

// BenchmarkPolling measures what docs/performance.md tells of polling.
//
//	go test ./test -run '^$' -bench Polling -benchtime 1x
func BenchmarkPolling(b *testing.B) {
	say := func(format string, args ...any) { fmt.Printf("| "+format+" |\n", args...) }
	fmt.Println("| case | measured |\n|---|---|")
	b.Run("cpu", func(b *testing.B) {
		const n = 10_000
		var ratios []float64
		var each []float64
		for range 3 {
			w := newWorkspace(sim.Config{Limit: 60_000_000}, sim.Sizes{Conversations: n, Parts: 12, History: 365 * 24 * time.Hour})
			server := httptest.NewServer(w)
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), floorVariable+"=fetch:"+server.URL+"#"+strconv.Itoa(n))
			out, err := cmd.Output()
			bare, parseErr := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil || parseErr != nil {
				b.Fatal(err, parseErr)
			}
			p := benchPolling(b, server.URL, setup{resources: []string{"conversations", "conversation_parts"}})
			p.until(b, `"backfill":null`, 2)
			cpu := float64(cpuOf(b, p.cmd.Process.Pid).Microseconds())
			ratios, each = append(ratios, cpu/bare), append(each, cpu/n)
			p.end()
			server.Close()
		}
		say("10,000 conversations with 12 parts, no limit | %.0f µs of CPU a conversation, %.2f of a bare client that discards the same", median(each), median(ratios))
	})
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint("memory-", n), func(b *testing.B) {
			w := newWorkspace(sim.Config{Limit: 60_000_000}, sim.Sizes{Conversations: n, History: 5 * 365 * 24 * time.Hour})
			server := httptest.NewServer(w)
			defer server.Close()
			began := time.Now()
			p := benchPolling(b, server.URL, setup{resources: []string{"conversations"}})
			defer p.end()
			p.until(b, `"backfill":null`, 1)
			say("%d conversations without parts | %d requests, %v, %d MiB at the peak", n, w.Count("200"), time.Since(began).Round(time.Second/10), p.peak(b))
		})
	}
	b.Run("refresh", func(b *testing.B) { say("%s", refreshDelays(b)) })
	b.Run("webhooks", func(b *testing.B) { say("%s", webhooksBesideABackfill(b)) })
}

// A benchedPolling is a session whose output is read with as little work as can be.
type benchedPolling struct {
	*runtime
	address string
	mu      sync.Mutex
	news    *sync.Cond
	seen    map[string]int // of texts that are waited for
	hear    func(message []byte)
	failed  error
}

func benchPolling(b *testing.B, api string, s setup) *benchedPolling {
	b.Helper()
	r, err := startFile(benchBinary(b), "proto", true)
	if err != nil {
		b.Fatal(err)
	}
	s.codec = "proto"
	if s.interval == "" {
		s.interval = "PT5M"
	}
	p := &benchedPolling{runtime: r, seen: map[string]int{}}
	p.news = sync.NewCond(&p.mu)
	if _, err := r.ask(specRequest); err != nil {
		b.Fatal(err)
	}
	if _, err := r.ask(s.open(api, map[string]any{})); err != nil {
		b.Fatal(err, r.logged())
	}
	fields, err := r.waitLog(func(fields map[string]any) bool { return fields["address"] != nil })
	if err != nil {
		b.Fatal(err)
	}
	listening := fields["address"].(string)
	p.address = "127.0.0.1" + listening[strings.LastIndexByte(listening, ':'):]
	go p.read()
	return p
}

// read acknowledges all that comes, and counts texts in checkpoints.
func (p *benchedPolling) read() {
	for {
		head, err := p.out.Peek(5)
		if err != nil {
			p.mu.Lock()
			p.failed = err
			p.news.Broadcast()
			p.mu.Unlock()
			return
		}
		size := 4 + int(uint32(head[0])|uint32(head[1])<<8|uint32(head[2])<<16|uint32(head[3])<<24)
		const checkpoint = 0x3a
		if head[4] != checkpoint {
			if p.hear != nil {
				message := make([]byte, size)
				if _, err := io.ReadFull(p.out, message); err == nil {
					p.hear(message)
				}
				continue
			}
			_, _ = p.out.Discard(size)
			continue
		}
		message := make([]byte, size)
		_, _ = io.ReadFull(p.out, message)
		if _, err := p.in.Write(acknowledgement(1)); err != nil {
			continue
		}
		if done := bytes.Count(message, []byte(`"backfill":null`)); done > 0 {
			p.mu.Lock()
			p.seen[`"backfill":null`] += done
			p.news.Broadcast()
			p.mu.Unlock()
		}
	}
}

func (p *benchedPolling) until(b *testing.B, text string, n int) {
	b.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.seen[text] < n {
		if p.failed != nil {
			b.Fatal(p.failed, tail(p.logged()))
		}
		p.news.Wait()
	}
}

// end lets the connector end by itself.
func (p *benchedPolling) end() {
	p.in.Close()
	p.mu.Lock()
	for p.failed == nil {
		p.news.Wait()
	}
	p.mu.Unlock()
	_ = p.cmd.Wait()
}

// refreshDelays says how long after a notification its object is in the collection.
func refreshDelays(b *testing.B) string {
	const perSecond, seconds, objects = 100, 20, 2_000
	w := newWorkspace(sim.Config{Limit: 60_000_000}, sim.Sizes{Conversations: objects, Parts: 12, History: 365 * 24 * time.Hour})
	server := httptest.NewServer(w)
	defer server.Close()
	p := benchPolling(b, server.URL, setup{resources: []string{"conversations", "conversation_parts"}, paths: true, interval: "PT1H"})
	defer p.end()
	p.until(b, `"backfill":null`, 2)
	var mu sync.Mutex
	sent := map[string]time.Time{}
	var delays []time.Duration
	p.hear = func(message []byte) {
		at := bytes.Index(message, []byte(`"source":"webhook"`))
		id := bytes.Index(message, []byte(`"type":"conversation","id":"`))
		if at < 0 || id < 0 {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		name := string(message[id+len(`"type":"conversation","id":"`):][:len(sim.ConversationID(0))])
		if began, ok := sent[name]; ok {
			delays = append(delays, time.Since(began))
			delete(sent, name)
		}
	}
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	for n := range perSecond * seconds {
		<-tick.C
		id := sim.ConversationID(n % objects)
		v := w.Change(sim.Conversations, id, func(v *sim.Version) { v.Parts = 12 + n%2 })
		mu.Lock()
		if _, waits := sent[id]; !waits {
			sent[id] = time.Now()
		}
		mu.Unlock()
		body := notification(fmt.Sprint("notif_", n), "conversation.user.replied", fmt.Sprintf(`{"type":"conversation","id":%q}`, id), v.Updated)
		go func() {
			_, _, _ = post(b.Context(), "http://"+p.address+"/in", body, "X-Hub-Signature", signIntercom(polledSecret, body))
		}()
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		mu.Lock()
		left := len(sent)
		mu.Unlock()
		if left == 0 {
			break
		}
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(delays)
	if len(delays) == 0 {
		b.Fatal("nothing was made fresh")
	}
	return fmt.Sprintf("notification to fresh object, %d a second | p50 %v, p99 %v; %d of %d did not come", perSecond,
		delays[len(delays)/2].Round(time.Millisecond), delays[len(delays)*99/100].Round(time.Millisecond), len(sent), len(sent)+len(delays))
}

// webhooksBesideABackfill compares webhooks with and without a backfill beside them, at Intercom's usual limit.
func webhooksBesideABackfill(b *testing.B) string {
	body := notificationOf(1400)
	header := "X-Hub-Signature: " + signIntercom(polledSecret, body) + "\r\n"
	measure := func(conversations int) *contender {
		w := newWorkspace(sim.Config{Limit: 10_000}, sim.Sizes{Conversations: conversations, Parts: 12, History: 365 * 24 * time.Hour})
		server := httptest.NewServer(w)
		defer server.Close()
		p := benchPolling(b, server.URL, setup{resources: []string{"conversations", "conversation_parts"}, paths: true, interval: "PT1H"})
		defer p.end()
		c := &contender{name: "connector", pid: p.cmd.Process.Pid, addr: p.address, path: "/in"}
		for range benchRounds {
			c.run(b, header, body)
		}
		return c
	}
	without, with := measure(0), measure(100_000)
	slices.Sort(without.delays)
	slices.Sort(with.delays)
	p99 := func(c *contender) float64 { return float64(c.delays[len(c.delays)*99/100]) }
	return fmt.Sprintf("webhooks at full load beside a backfill of 10,000 requests a minute | %.2f of the throughput without, p99 %.2f of that without",
		median(with.rates)/median(without.rates), p99(with)/p99(without))
}
