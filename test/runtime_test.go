package test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// binary_ builds the program once for all tests.
var binary_ = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "source-intercom-ingest")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "source-intercom-ingest")
	out, err := exec.Command("go", "build", "-o", file, "..").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building: %w: %s", err, out)
	}
	return file, nil
})

// A runtime drives one process of the connector, as Flow does.
type runtime struct {
	codec   string
	dialect string // M of a materialization's messages; empty of a capture's
	cmd     *exec.Cmd
	in      io.WriteCloser
	pipe    io.Closer // of out
	out     *bufio.Reader
	read    sync.Mutex // held by who reads out

	mu    sync.Mutex
	log   []string // lines of standard error
	news  *sync.Cond
	ended bool // of the log
}

// start begins a process. The codec is told to it by FLOW_RUNTIME_CODEC, unless it is to find out itself.
func start(codec string, tell bool, env ...string) (*runtime, error) {
	file, err := binary_()
	if err != nil {
		return nil, err
	}
	return startFile(file, codec, tell, env...)
}

// startFile begins a process of another build.
func startFile(file, codec string, tell bool, env ...string) (*runtime, error) {
	return startAs(file, nil, codec, tell, env...)
}

// startAs begins a process with arguments.
func startAs(file string, args []string, codec string, tell bool, env ...string) (*runtime, error) {
	r := &runtime{codec: codec, cmd: exec.Command(file, args...)}
	r.news = sync.NewCond(&r.mu)
	r.cmd.Env = append(os.Environ(), "SOURCE_HTTP_INGEST_PORT=0", "SOURCE_HTTP_INGEST_METRICS_PORT=0")
	if tell {
		r.cmd.Env = append(r.cmd.Env, "FLOW_RUNTIME_CODEC="+codec)
	}
	r.cmd.Env = append(r.cmd.Env, env...)
	var outErr, logErr error
	in, err := r.cmd.StdinPipe()
	out, outErr := r.cmd.StdoutPipe()
	logs, logErr := r.cmd.StderrPipe()
	if err := errors.Join(err, outErr, logErr, r.cmd.Start()); err != nil {
		return nil, err
	}
	r.in, r.pipe, r.out = in, out, bufio.NewReaderSize(out, 1<<20)
	go r.readLog(logs)
	return r, nil
}

func (r *runtime) readLog(logs io.Reader) {
	lines := bufio.NewReader(logs)
	for {
		line, err := lines.ReadString('\n')
		r.mu.Lock()
		if line != "" {
			r.log = append(r.log, strings.TrimSuffix(line, "\n"))
		}
		r.ended = err != nil
		r.news.Broadcast()
		r.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// waitLog returns the first log line for which match holds, once there is one.
func (r *runtime) waitLog(match func(fields map[string]any) bool) (map[string]any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for seen := 0; ; {
		for ; seen < len(r.log); seen++ {
			var fields map[string]any
			if json.Unmarshal([]byte(r.log[seen]), &fields) == nil && match(fields) {
				return fields, nil
			}
		}
		if r.ended {
			return nil, fmt.Errorf("the log ended without that line: %q", r.log)
		}
		r.news.Wait()
	}
}

// logged returns the log so far.
func (r *runtime) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.log, "\n")
}

// send writes a request, JSON text.
func (r *runtime) send(request string) error {
	if r.codec == "json" {
		var line bytes.Buffer
		if err := json.Compact(&line, []byte(request)); err != nil {
			return err
		}
		line.WriteByte('\n')
		_, err := line.WriteTo(r.in)
		return err
	}
	b, err := toProto(r.dialect+"Request", []byte(request))
	if err != nil {
		return err
	}
	_, err = r.in.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

// patience is how long a test waits for what should come at once, before it ends the connector and fails.
const patience = 20 * time.Second

// receive reads a response as JSON text, and refuses what the runtime would.
func (r *runtime) receive() ([]byte, error) {
	stuck := time.AfterFunc(patience, func() { _ = r.cmd.Process.Kill() })
	defer stuck.Stop()
	r.read.Lock()
	defer r.read.Unlock()
	var text []byte
	if r.codec == "json" {
		line, err := r.out.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		text = line[:len(line)-1]
	} else {
		var head [4]byte
		if _, err := io.ReadFull(r.out, head[:]); err != nil {
			return nil, err
		}
		b := make([]byte, binary.LittleEndian.Uint32(head[:]))
		if _, err := io.ReadFull(r.out, b); err != nil {
			return nil, fmt.Errorf("a partial message: %w", err)
		}
		var err error
		if text, err = toJSON(r.dialect+"Response", b); err != nil {
			return nil, err
		}
	}
	if err := check(r.dialect+"Response", text); err != nil {
		return nil, fmt.Errorf("the runtime refuses %s: %w", text, err)
	}
	return text, nil
}

// ask sends a request and returns its response.
func (r *runtime) ask(request string) ([]byte, error) {
	if err := r.send(request); err != nil {
		return nil, err
	}
	return r.receive()
}

// A document is one that the connector captured.
type document struct {
	Binding int
	Doc     json.RawMessage
}

// captured reads up to the next checkpoint, which must leave the state as it is.
func (r *runtime) captured() ([]document, error) {
	documents, patch, err := r.transaction()
	if err == nil && string(patch) != "{}" {
		err = fmt.Errorf("the checkpoint's patch %s is not empty", patch)
	}
	return documents, err
}

// transaction reads up to the next checkpoint, and returns the merge patch of its state.
func (r *runtime) transaction() (documents []document, patch json.RawMessage, err error) {
	for {
		text, err := r.receive()
		if err != nil {
			return documents, nil, err
		}
		var response struct {
			Captured   *document
			Checkpoint *struct {
				State struct {
					Updated    json.RawMessage
					MergePatch bool
				}
			}
		}
		if err := json.Unmarshal(text, &response); err != nil {
			return nil, nil, err
		}
		switch {
		case response.Captured != nil:
			documents = append(documents, *response.Captured)
			if err := acceptable(response.Captured.Doc); err != nil {
				return nil, nil, fmt.Errorf("the runtime refuses the document %s: %w", response.Captured.Doc, err)
			}
		case response.Checkpoint == nil:
			return nil, nil, fmt.Errorf("the runtime refuses %s after Open", text)
		case !response.Checkpoint.State.MergePatch:
			return nil, nil, fmt.Errorf("the checkpoint %s is no merge patch", text)
		default:
			return documents, response.Checkpoint.State.Updated, nil
		}
	}
}

// acceptable reads a document as strictly as the runtime: UTF-8 without lone surrogates, no duplicate names, numbers
// within the range of a double, not too deep, an object whose _meta is an object.
func acceptable(doc []byte) error {
	if bytes.ContainsRune(doc, '\n') {
		return errors.New("it holds a newline")
	}
	dec := jsontext.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := dec.ReadToken()
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if dec.StackDepth() >= 128 {
			return errors.New("it is too deep")
		}
		if token.Kind() == jsontext.KindNumber {
			if f, err := strconv.ParseFloat(token.String(), 64); err != nil && math.IsInf(f, 0) {
				return errors.New("it holds a number out of range")
			}
		}
	}
	var members struct {
		Meta map[string]json.RawMessage `json:"_meta"`
	}
	err := json.Unmarshal(doc, &members)
	if err == nil && members.Meta["webhookId"] == nil && members.Meta["op"] == nil {
		err = errors.New("it has neither a webhookId nor an op")
	}
	return err
}

func (r *runtime) acknowledge(checkpoints int) error {
	return r.send(fmt.Sprintf(`{"acknowledge":{"checkpoints":%d}}`, checkpoints))
}

const specRequest = `{"spec":{"connectorType":"IMAGE","config":{}}}`

// openRequest opens a session for a capture.
func openRequest(capture string) string {
	return `{"open":{"capture":` + capture + `,"version":"v1","range":{"keyEnd":4294967295,"rClockEnd":4294967295},"state":{}}}`
}

// open starts a capture session and returns the address that webhooks go to.
func (r *runtime) open(capture string) (url string, err error) {
	if _, err := r.ask(specRequest); err != nil {
		return "", err
	}
	text, err := r.ask(openRequest(capture))
	if err != nil {
		return "", err
	}
	if want := `{"opened":{"explicitAcknowledgements":true}}`; string(text) != want {
		return "", fmt.Errorf("open answered %s, not %s", text, want)
	}
	fields, err := r.waitLog(func(fields map[string]any) bool { return fields["address"] != nil })
	if err != nil {
		return "", err
	}
	address := fields["address"].(string)
	return "http://127.0.0.1" + address[strings.LastIndexByte(address, ':'):], nil
}

// acknowledgeEach acknowledges each checkpoint when its documents were seen, until the connector's output ends.
func (r *runtime) acknowledgeEach(seen func([]document)) {
	for {
		documents, err := r.captured()
		if err != nil {
			return
		}
		seen(documents)
		if r.acknowledge(1) != nil {
			return
		}
	}
}

// drain reads the connector's output to its end.
func (r *runtime) drain() {
	r.read.Lock()
	defer r.read.Unlock()
	_, _ = io.Copy(io.Discard, r.out)
}

// wait ends the conversation and returns the exit code and the last log line.
func (r *runtime) wait() (code int, last string) {
	r.in.Close()
	r.drain()
	r.mu.Lock()
	for !r.ended {
		r.news.Wait()
	}
	if len(r.log) > 0 {
		last = r.log[len(r.log)-1]
	}
	r.mu.Unlock()
	_ = r.cmd.Wait()
	return r.cmd.ProcessState.ExitCode(), last
}
