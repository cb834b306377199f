package test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The benchmark measures the connector beside two floors, in one run, since machines differ from hour to hour: a bare
// net/http server that reads the body and answers 200, and one that also signs the body and scans it once.
//
//	go test ./test -run '^$' -bench Connector -benchtime 1x
const (
	benchConnections = 64
	benchRounds      = 5
	benchRound       = 2 * time.Second
	benchSecret      = "3c7b1f5e-9a42-4d0e-8a55-2f1c6d7e8b90"
	floorVariable    = "BENCH_FLOOR" // set in a process of the tests that is to be a floor
)

// serveFloor is a floor, in a process of its own. It prints where it listens.
func serveFloor(kind string) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	buffers := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(body)
		body.Reset()
		_, _ = body.ReadFrom(r.Body)
		if kind == "scan" {
			mac := hmac.New(sha1.New, []byte(benchSecret))
			mac.Write(body.Bytes())
			_ = mac.Sum(nil)
			for dec := jsontext.NewDecoder(body); ; {
				if _, err := dec.ReadToken(); err != nil {
					break
				}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"published":1}`)
	}))
}

// A contender is a server that is measured.
type contender struct {
	name   string
	pid    int
	addr   string
	path   string
	rates  []float64 // requests a second, by round
	cpus   []float64 // microseconds of CPU a request, by round
	delays []time.Duration
}

func startFloor(b *testing.B, kind string) *contender {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), floorVariable+"="+kind)
	out, err := cmd.StdoutPipe()
	if err := errors.Join(err, cmd.Start()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &contender{name: kind, pid: cmd.Process.Pid, addr: strings.TrimPrefix(strings.TrimSpace(line), "http://"), path: "/"}
}

// profile makes the connector write a CPU profile of itself, by which Go can optimize it.
var profile = flag.String("profile", "", "the file to which the connector under load writes its CPU profile")

// benchBinary builds the program, with a profiler if one is asked for.
func benchBinary(b *testing.B) string {
	file, err := binary_()
	if err != nil {
		b.Fatal(err)
	}
	if *profile == "" {
		return file
	}
	const serves = "	c := capture.Connector{Log: log, Version: strings.TrimSpace(version)}\n"
	return buildChanged(b, "../main.go", serves, fmt.Sprintf(`
	out, err := os.Create(%q)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
%s`, *profile, serves), "\"runtime/debug\"\n", "\"runtime/debug\"\n\"runtime/pprof\"\n")
}

// benchCapture is a capture with this config, and a collection with this schema.
func benchCapture(config, schema string) string {
	return strings.NewReplacer(`"config":{}`, `"config":`+config, `"writeSchema":true`, `"writeSchema":`+schema).Replace(openCapture)
}

// startConnector opens a session with a runtime that acknowledges whatever it reads, at once, or what it has read at
// each tick.
func startConnector(b *testing.B, capture string, ticks <-chan time.Time) *contender {
	b.Helper()
	r, err := startFile(benchBinary(b), "proto", true)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.in.Close(); r.wait() })
	url, err := r.open(capture)
	if err != nil {
		b.Fatal(err)
	}
	var count atomic.Uint64 // of checkpoints that are not acknowledged
	acknowledge := func() error {
		n := count.Swap(0)
		if n == 0 {
			return nil
		}
		_, err := r.in.Write(acknowledgement(n))
		return err
	}
	go func() {
		for {
			n, err := r.checkpointsThere()
			count.Add(n)
			if err == nil && ticks == nil {
				err = acknowledge()
			}
			if err != nil {
				return
			}
		}
	}()
	if ticks != nil {
		go func() {
			for range ticks {
				if acknowledge() != nil {
					return
				}
			}
		}()
	}
	return &contender{name: "connector", pid: r.cmd.Process.Pid, addr: strings.TrimPrefix(url, "http://"), path: "/in"}
}

// checkpointsThere reads the messages that have arrived, of which one is a checkpoint, and counts the checkpoints.
// Both ends share the processors, so that it does as little as it can.
func (r *runtime) checkpointsThere() (n uint64, err error) {
	const checkpoint = 0x3a // the tag of Response.checkpoint
	for n == 0 || r.out.Buffered() >= 5 {
		head, err := r.out.Peek(5)
		if err != nil {
			return n, err
		}
		if head[4] == checkpoint {
			n++
		}
		if _, err := r.out.Discard(4 + int(binary.LittleEndian.Uint32(head))); err != nil {
			return n, err
		}
	}
	return n, nil
}

// acknowledgement is Request{Acknowledge{n}}, framed.
func acknowledgement(n uint64) []byte {
	frame := binary.AppendUvarint([]byte{0, 0, 0, 0, 0x32, 0, 0x08}, n)
	frame[0], frame[5] = byte(len(frame)-4), byte(len(frame)-6)
	return frame
}

// cpuOf returns the CPU time that a process has used.
func cpuOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	used, err := cpuTime(pid)
	if err != nil {
		b.Skipf("the system does not tell: %v", err)
	}
	return used
}

func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// run loads the contender for one round, over raw sockets that are kept alive.
func (c *contender) run(b *testing.B, headers, body string) {
	b.Helper()
	request := []byte("POST " + c.path + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: intercom-parrot-service-client/1.0\r\n" +
		"Accept: application/json\r\nContent-Type: application/json\r\n" + headers +
		"Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	before, end := cpuOf(b, c.pid), time.Now().Add(benchRound)
	var mu sync.Mutex
	var group sync.WaitGroup
	total := 0
	for range benchConnections {
		group.Go(func() {
			conn, err := net.Dial("tcp", c.addr)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			var delays []time.Duration
			for started := time.Now(); started.Before(end); started = time.Now() {
				if _, err := conn.Write(request); err != nil {
					b.Error(err)
					return
				}
				if err := readAnswer(in); err != nil {
					b.Errorf("%s: %v", c.name, err)
					return
				}
				delays = append(delays, time.Since(started))
			}
			mu.Lock()
			defer mu.Unlock()
			total += len(delays)
			c.delays = append(c.delays, delays...)
		})
	}
	group.Wait()
	if total == 0 {
		b.Fatalf("%s answered nothing", c.name)
	}
	c.rates = append(c.rates, float64(total)/benchRound.Seconds())
	c.cpus = append(c.cpus, float64((cpuOf(b, c.pid)-before).Microseconds())/float64(total))
}

// readAnswer reads an answer, which must be 200, with no more work than it takes.
func readAnswer(in *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.Contains(line, []byte(" 200 ")) {
			return fmt.Errorf("answered %s", line)
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		if len(bytes.TrimSpace(line)) == 0 {
			_, err := in.Discard(length)
			return err
		}
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// ratio is the median of the rounds' ratios: each round of the connector stands beside one of the floor.
func ratio(a, b []float64) float64 {
	var ratios []float64
	for i := range a {
		ratios = append(ratios, a[i]/b[i])
	}
	return median(ratios)
}

// notificationOf returns a notification of about so many bytes.
func notificationOf(size int) string {
	const head = `{"type":"notification_event","app_id":"qz7w41xk","data":{"type":"notification_event_data","item":{"type":"conversation","id":"215473900112233","created_at":1788221400,"updated_at":1788221400,"parts":[`
	const part = `{"type":"conversation_part","id":"38104","body":"<p>My export fails.</p>","created_at":1788221400,"author":{"type":"user","id":"66d3aa10"}},`
	const tail = `{}],"open":true}},"links":{},"id":"notif_895a456c-ad7f-4846-b9ed-461e8184ca63","topic":"conversation.user.created","delivery_attempts":1,"created_at":1788221401}`
	return head + strings.Repeat(part, max(0, (size-len(head)-len(tail))/len(part))) + tail
}

func BenchmarkConnector(b *testing.B) {
	configs := map[string]string{
		"none":     `{}`,
		"bearer":   `{"requireAuthToken":"` + benchSecret + `"}`,
		"intercom": signedConfig,
	}
	fmt.Println("| body | authentication | requests/s | of bare | of scan | CPU µs | of bare | of scan | p50 | p99 | RSS |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|")
	for _, size := range []int{200, 1400, 10_000, 100_000, 1_000_000} {
		body := notificationOf(size)
		if size == 200 {
			body = `{"id":"notif_895a456c-ad7f-4846-b9ed-461e8184ca63","topic":"ping","pad":"` + strings.Repeat("x", 120) + `"}`
		}
		headers := map[string]string{
			"bearer":   "Authorization: Bearer " + benchSecret + "\r\n",
			"intercom": signedHeader(body),
		}
		for _, auth := range []string{"none", "bearer", "intercom"} {
			b.Run(fmt.Sprintf("%d/%s", size, auth), func(b *testing.B) {
				bare, scan, connector := startFloor(b, "bare"), startFloor(b, "scan"), startConnector(b, benchCapture(configs[auth], "true"), nil)
				for range benchRounds {
					for _, c := range []*contender{bare, scan, connector} {
						c.run(b, headers[auth], body)
					}
				}
				slices.Sort(connector.delays)
				n := len(connector.delays)
				text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", connector.pid))
				if err != nil {
					b.Fatal(err)
				}
				_, rss, _ := strings.Cut(string(text), "VmRSS:")
				kib, _ := strconv.Atoi(strings.Fields(rss)[0])
				fmt.Printf("| %d | %s | %.0f | %.2f | %.2f | %.1f | %.2f | %.2f | %v | %v | %d MiB |\n", len(body), auth, median(connector.rates),
					ratio(connector.rates, bare.rates), ratio(connector.rates, scan.rates), median(connector.cpus),
					ratio(connector.cpus, bare.cpus), ratio(connector.cpus, scan.cpus),
					connector.delays[n/2].Round(10*time.Microsecond), connector.delays[n*99/100].Round(10*time.Microsecond), kib>>10)
				b.ReportMetric(median(connector.rates), "requests/s")
				b.ReportMetric(0, "ns/op") // the rounds have a length of their own
			})
		}
	}
}
