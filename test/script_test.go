// Package test runs the real binary: scripts of whole sessions over both codecs, crashes, and what a person sees.
package test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what scripts compare with anew")

func TestMain(m *testing.M) {
	if kind := os.Getenv(floorVariable); kind != "" {
		if address, ok := strings.CutPrefix(kind, "fetch:"); ok {
			fetchFloor(address)
		} else {
			serveFloor(kind)
		}
		return
	}
	flag.Parse()
	if atATime := flag.Lookup("test.parallel"); atATime.Value.String() == strconv.Itoa(goruntime.GOMAXPROCS(0)) {
		_ = atATime.Value.Set("8") // what runs in parallel waits, most of its time
	}
	code := m.Run()
	tellSkipped()
	if file, err := binary_(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

func TestScripts(t *testing.T) {
	for _, codec := range []string{"proto", "json"} {
		t.Run(codec, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:           "scripts",
				UpdateScripts: *update,
				Setup:         func(env *testscript.Env) error { env.Values["session"] = &session{codec: codec}; return nil },
				Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
					"ask": ask, "open": open, "send": send, "reply": reply, "captured": captured, "ack": ack,
					"raw": raw, "end": end, "log": logged, "header": header, "encode": encode, "ask-again": askAgain, "nest": nest, "bytes": rawFile,
				},
			})
		})
	}
}

// A session is the state of a script: one runtime, and the requests under way.
type session struct {
	codec   string
	runtime *runtime
	url     string
	replies map[string]chan answer
	last    answer
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func of(ts *testscript.TestScript) *session { return ts.Value("session").(*session) }

// ask FILE: sends the file's request to a new process, after Spec. stdout is the response; where it fails, stderr is
// the error that the runtime would show.
func ask(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	r, err := start(s.codec, false)
	ts.Check(err)
	_, err = r.ask(specRequest)
	ts.Check(err)
	text, err := r.ask(oneLine(ts, args[0]))
	code, last := r.wait()
	if failed := err != nil; failed != neg || (code != 0) != neg {
		ts.Fatalf("exit code %d, %v: %s", code, err, last)
	}
	if neg {
		var line struct{ Msg, Level string }
		ts.Check(json.Unmarshal([]byte(last), &line))
		if line.Level != "error" {
			ts.Fatalf("the last line is %s", last)
		}
		fmt.Fprintln(ts.Stderr(), line.Msg)
		return
	}
	var pretty bytes.Buffer
	ts.Check(json.Indent(&pretty, text, "", "  "))
	fmt.Fprintln(ts.Stdout(), pretty.String())
}

// oneLine returns a file's JSON text without newlines.
func oneLine(ts *testscript.TestScript, file string) string {
	var compact bytes.Buffer
	ts.Check(json.Compact(&compact, []byte(ts.ReadFile(file))))
	return compact.String()
}

// open FILE [VARIABLE=VALUE]...: opens a session for the file's capture; $PORT is then where it listens.
func open(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	r, err := start(s.codec, true, args[1:]...)
	ts.Check(err)
	ts.Defer(func() { _ = r.cmd.Process.Kill() })
	s.runtime, s.replies = r, map[string]chan answer{}
	s.url, err = r.open(oneLine(ts, args[0]))
	if err == nil {
		ts.Setenv("PORT", s.url[strings.LastIndexByte(s.url, ':')+1:])
	}
	if (err != nil) != neg {
		ts.Fatalf("open: %v; log: %q", err, r.log)
	}
}

// send NAME METHOD PATH [BODYFILE] [HEADER: VALUE]...: begins a request. reply NAME waits for its answer.
func send(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	var body io.Reader
	headers := args[3:]
	if len(headers) > 0 && !strings.Contains(headers[0], ":") {
		text, err := os.ReadFile(ts.MkAbs(headers[0]))
		ts.Check(err)
		body, headers = bytes.NewReader(text), headers[1:]
	}
	req, err := http.NewRequest(args[1], s.url+args[2], body)
	ts.Check(err)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ":")
		req.Header.Add(name, strings.TrimSpace(value))
	}
	got := make(chan answer, 1)
	s.replies[args[0]] = got
	go func() {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			got <- answer{err: err}
			return
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		got <- answer{resp.StatusCode, resp.Header, string(text), err}
	}()
}

// reply NAME STATUS [PATTERN]: waits for an answer, whose body must match. "! reply NAME" says that none is there yet.
func reply(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if neg {
		select {
		case a := <-s.replies[args[0]]:
			ts.Fatalf("answered %d %s too early", a.status, a.body)
		default:
		}
		return
	}
	s.last = <-s.replies[args[0]]
	ts.Check(s.last.err)
	if !slices.Contains(strings.Split(args[1], "|"), strconv.Itoa(s.last.status)) {
		ts.Fatalf("answered %d %s, not %s", s.last.status, s.last.body, args[1])
	}
	if len(args) > 2 && !regexp.MustCompile(args[2]).MatchString(s.last.body) {
		ts.Fatalf("answered %s, which does not match %s", s.last.body, args[2])
	}
}

// header NAME PATTERN: the last answer has such a header; "! header NAME" that it has none of that name.
func header(ts *testscript.TestScript, neg bool, args []string) {
	value := strings.Join(of(ts).last.header.Values(args[0]), ", ")
	if neg == (value != "") {
		ts.Fatalf("%s is %q", args[0], value)
	}
	if !neg && !regexp.MustCompile(args[1]).MatchString(value) {
		ts.Fatalf("%s is %q, which does not match %s", args[0], value, args[1])
	}
}

var volatile = regexp.MustCompile(`"webhookId":"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"|"receivedAt":"[0-9TZ:.-]+"|127\.0\.0\.1:\d+`)

// captured: reads up to a checkpoint; stdout has a line "BINDING DOCUMENT" for each document, with what differs from
// run to run replaced by ?.
func captured(ts *testscript.TestScript, neg bool, args []string) {
	documents, err := of(ts).runtime.captured()
	ts.Check(err)
	for _, d := range documents {
		doc := volatile.ReplaceAllStringFunc(string(d.Doc), func(s string) string {
			if name, _, ok := strings.Cut(s, `":`); ok {
				return name + `":"?"`
			}
			return "?"
		})
		fmt.Fprintln(ts.Stdout(), d.Binding, doc)
	}
}

// ack N: acknowledges N checkpoints.
func ack(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(of(ts).runtime.acknowledge(n))
}

// raw TEXT: writes bytes to the connector that are no message; \x00 escapes are read.
func raw(ts *testscript.TestScript, neg bool, args []string) {
	text, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	_, err = io.WriteString(of(ts).runtime.in, text)
	ts.Check(err)
}

// ask-again FILE: sends a request in the open session.
func askAgain(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(of(ts).runtime.send(oneLine(ts, args[0])))
}

// end eof|term|itself CODE [PATTERN]: ends the process, or waits until it does so itself, which must exit with that code and whose last line must match.
func end(ts *testscript.TestScript, neg bool, args []string) {
	r := of(ts).runtime
	switch args[0] {
	case "term":
		ts.Check(r.cmd.Process.Signal(syscall.SIGTERM))
		r.drain() // its input stays open: the signal alone must end it
	case "itself":
		r.drain()
	}
	code, last := r.wait()
	if strconv.Itoa(code) != args[1] {
		ts.Fatalf("exit code %d, not %s: %s", code, args[1], last)
	}
	if len(args) > 2 && !regexp.MustCompile(args[2]).MatchString(last) {
		ts.Fatalf("the last line is %s", last)
	}
}

// log PATTERN: some line of the log matches; "! log PATTERN" that none does so far.
func logged(ts *testscript.TestScript, neg bool, args []string) {
	r, pattern := of(ts).runtime, regexp.MustCompile(args[0])
	if neg {
		r.mu.Lock()
		defer r.mu.Unlock()
		if i := slices.IndexFunc(r.log, pattern.MatchString); i >= 0 {
			ts.Fatalf("logged %s", r.log[i])
		}
		return
	}
	_, err := r.waitLog(func(fields map[string]any) bool {
		text, _ := json.Marshal(fields)
		return pattern.Match(text)
	})
	ts.Check(err)
}

// encode ENCODING FILE TO: compresses a file.
func encode(ts *testscript.TestScript, neg bool, args []string) {
	var out bytes.Buffer
	var w io.WriteCloser
	switch args[0] {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "bare-deflate":
		w, _ = flate.NewWriter(&out, 5)
	case "br":
		w = brotli.NewWriter(&out)
	case "zstd":
		w, _ = zstd.NewWriter(&out)
	}
	_, err := io.WriteString(w, ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out.Bytes(), 0o600))
}

// nest TO LEVELS: writes an object that holds so many arrays in one another.
func nest(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// bytes TO TEXT: writes a file of bytes that may be no text; \x escapes are read.
func rawFile(ts *testscript.TestScript, neg bool, args []string) {
	text, err := strconv.Unquote("`" + args[1] + "`")
	ts.Check(err)
	text = regexp.MustCompile(`\\x..`).ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseUint(s[2:], 16, 8)
		return string([]byte{byte(n)})
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
