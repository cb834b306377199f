package preview

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/form"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/protocol/materialize"
)

// A courier plays the runtime for the deliveries of one file: it starts the connector as a materialization, and gives it what
// is durable in the store.
type courier struct {
	file    string
	program string
	env     []string
	codec   protocol.Codec
	store   *store
	log     *logrus.Logger

	mu      sync.Mutex
	names   []string         // of its deliveries
	sources []string         // their collections
	cursors map[string]int64 // by delivery
	host    string           // of the destination
	state   string           // of the destination, in a sentence
	again   []parkedRow      // that a person wants sent once more
	woken   chan struct{}    // has room for one
	hide    secrets
	sent    map[int64]due // documents of the session that are not long ago, by their number
	parked  []parkedRow   // of the transaction
	kept    []attempt     // that are not in the store yet
	failed  string        // the last error of the process
	heard   *sync.Cond    // of log lines
}

// Bounds of a transaction.
const (
	maxDue      = 100
	maxDueBytes = 4 << 20
	// rememberSent is how many documents' numbers are known, for log lines that come late.
	rememberSent = 1000
	// traceEvery is how often attempts are kept.
	traceEvery = 500 * time.Millisecond
	// logGrace is how long log lines of what is settled are waited for.
	logGrace = 2 * time.Second
)

// couriers makes one for each file, and has the connector validate them.
func (c *Command) couriers(ctx context.Context, connector *connector, log *logrus.Logger) ([]*courier, error) {
	var all []*courier
	names := map[string]string{}
	for _, file := range c.Deliver {
		to := &courier{file: file, program: connector.program, codec: connector.codec, log: log, woken: make(chan struct{}, 1), cursors: map[string]int64{}}
		to.heard = sync.NewCond(&to.mu)
		to.env = append(append([]string{}, connector.env...), "SOURCE_INTERCOM_INGEST_TRACE=1", "SOURCE_HTTP_INGEST_METRICS_PORT=0")
		d, err := form.ReadDeliveries(file)
		if err != nil {
			return nil, fmt.Errorf("--deliver: %w", err)
		}
		for _, one := range d.Deliveries {
			if other, twice := names[one.Name]; twice {
				return nil, fmt.Errorf("--deliver: the delivery %q is in %s and in %s; rename one", one.Name, other, file)
			}
			names[one.Name] = file
		}
		if err := to.validate(ctx, d); err != nil {
			return nil, fmt.Errorf("--deliver %s: %w", file, err)
		}
		all = append(all, to)
	}
	return all, nil
}

// specOf is the task of a file, as a publication would have it.
func specOf(file string, d *form.Deliveries) *materialize.MaterializationSpec {
	spec := &materialize.MaterializationSpec{Name: prefix + "deliver/" + file, ConnectorType: materialize.ConnectorType_LOCAL, ConfigJson: d.Endpoint}
	for _, one := range d.Deliveries {
		spec.Bindings = append(spec.Bindings, &materialize.MaterializationSpec_Binding{
			ResourceConfigJson: one.Resource, ResourcePath: []string{one.Name}, DeltaUpdates: true, StateKey: one.Name,
			Collection: &protocol.CollectionSpec{Name: one.Source, Key: []string{"/_meta/webhookId"}, UuidPtr: "/_meta/uuid",
				Projections: []*protocol.Projection{{Field: "flow_document"}}},
			FieldSelection: &materialize.MaterializationSpec_FieldSelection{Document: "flow_document"}})
	}
	return spec
}

// validate asks a process of its own.
func (c *courier) validate(ctx context.Context, d *form.Deliveries) error {
	p, err := c.start()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stop()
	spec := specOf(c.file, d)
	ask := &materialize.Request_Validate{Name: spec.Name, ConnectorType: spec.ConnectorType, ConfigJson: spec.ConfigJson}
	for _, b := range spec.Bindings {
		ask.Bindings = append(ask.Bindings, &materialize.Request_Validate_Binding{ResourceConfigJson: b.ResourceConfigJson, Collection: b.Collection})
	}
	_, err = p.ask(&materialize.Request{Validate: ask})
	return p.end(err)
}

// An outgoing is one run of the connector as a materialization.
type outgoing struct {
	*courier
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	logged chan struct{}
}

// start begins a process and asks for its Spec.
func (c *courier) start() (*outgoing, error) {
	p := &outgoing{courier: c, cmd: exec.Command(c.program, "materialize"), logged: make(chan struct{})}
	p.cmd.Env = c.env
	apart(p.cmd)
	withParent(p.cmd)
	in, inErr := p.cmd.StdinPipe()
	out, outErr := p.cmd.StdoutPipe()
	logs, logErr := p.cmd.StderrPipe()
	if err := errors.Join(inErr, outErr, logErr); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the connector: %w", err)
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 64<<10)
	c.mu.Lock()
	c.failed = ""
	c.mu.Unlock()
	go p.readLog(logs)
	_, err := p.ask(&materialize.Request{Spec: &materialize.Request_Spec{ConnectorType: materialize.ConnectorType_LOCAL, ConfigJson: []byte("{}")}})
	if err != nil {
		return nil, p.end(err)
	}
	return p, nil
}

func (p *outgoing) send(requests ...*materialize.Request) error {
	var b []byte
	var err error
	for _, req := range requests {
		if b, err = p.codec.AppendMessage(b, req); err != nil {
			return err
		}
	}
	_, err = p.in.Write(b)
	return err
}

func (p *outgoing) ask(requests ...*materialize.Request) (*materialize.Response, error) {
	if err := p.send(requests...); err != nil {
		return nil, err
	}
	resp := new(materialize.Response)
	return resp, p.codec.ReadMessage(p.out, resp)
}

// end closes the process's input and waits until it is gone. The error is why it failed.
func (p *outgoing) end(err error) error {
	_ = p.in.Close()
	kill := time.AfterFunc(endGrace, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	_, _ = io.Copy(io.Discard, p.out)
	<-p.logged
	exit := p.cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case exit != nil && p.failed != "":
		return errors.New(p.failed)
	case exit != nil:
		return fmt.Errorf("the connector failed without saying why (%w)", exit)
	case errors.Is(err, io.EOF):
		return errors.New("the connector ended")
	}
	return err
}

func (p *outgoing) readLog(logs io.Reader) {
	defer close(p.logged)
	lines := bufio.NewReader(logs)
	for {
		line, err := lines.ReadBytes('\n')
		if text := strings.TrimSpace(string(line)); text != "" {
			p.passOn(text)
		}
		if err != nil {
			return
		}
	}
}

// passOn logs a line of the process, and keeps what it says of a delivery.
func (p *outgoing) passOn(text string) {
	var fields logrus.Fields
	if json.Unmarshal([]byte(text), &fields) != nil {
		p.log.Warn(text)
		p.mu.Lock()
		p.failed = text
		p.mu.Unlock()
		return
	}
	says, _ := fields["msg"].(string)
	name, _ := fields["level"].(string)
	level, err := logrus.ParseLevel(name)
	if err != nil {
		level = logrus.WarnLevel
	}
	if fields["eventType"] == "delivery" {
		p.heardOf(fields, says)
	} else if level <= logrus.ErrorLevel {
		p.mu.Lock()
		p.failed = says
		p.mu.Unlock()
	}
	if fields["class"] == "filtered" {
		return // which only the trace shows
	}
	for _, own := range []string{"msg", "level", "time", "eventType", "answer"} {
		delete(fields, own)
	}
	p.log.WithFields(fields).Log(max(level, logrus.ErrorLevel), says)
}

// heardOf notes an attempt, or how a document's way ended.
func (p *outgoing) heardOf(fields logrus.Fields, says string) {
	text := func(name string) string { t, _ := fields[name].(string); return t }
	whole := func(name string) int64 { n, _ := fields[name].(float64); return int64(n) }
	p.mu.Lock()
	defer p.mu.Unlock()
	a := attempt{Delivery: text("delivery"), Message: text("id"), Class: text("class"), Status: whole("status"), MS: whole("ms"), Says: p.hide.text(says), Next: text("next"),
		Answer: p.hide.text(text("answer")), At: time.Now().UTC().Format(time.RFC3339Nano), Sequence: p.sent[whole("document")].sequence}
	p.kept = append(p.kept, a)
	switch a.Class {
	case "parked":
		p.parked = append(p.parked, parkedRow{a.Delivery, a.Sequence, a.Message, text("reason"), a.At})
		p.heard.Broadcast()
	case "delivered":
		p.state = "delivering to " + p.host
	case "passing":
		p.state = "waiting for " + p.host + ": " + strings.TrimPrefix(a.Says, "not delivered yet: ")
		if at, err := time.Parse(time.RFC3339Nano, a.Next); err == nil {
			p.state += ", next at " + at.Local().Format("15:04:05")
		}
	}
}
