package preview

import (
	"context"
	"fmt"
	"io"
	"slices"
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
func (c *Command) couriers(ctx context.Context, connector *connector, t *task, log *logrus.Logger) ([]*courier, error) {
	var all []*courier
	var collections []string
	for _, b := range t.spec.Bindings {
		collections = append(collections, b.Collection.Name)
	}
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
			if !slices.Contains(collections, one.Source) {
				log.Warnf("nothing is captured into %s, the source of the delivery %s; there are %q", one.Source, one.Name, collections)
			}
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
	child
}

// start begins a process and asks for its Spec.
func (c *courier) start() (*outgoing, error) {
	p := &outgoing{c, newChild(c.codec, c.log, c.env, c.program, "materialize")}
	withParent(p.cmd)
	if err := p.begin(p.note); err != nil {
		return nil, err
	}
	_, err := p.ask(&materialize.Request{Spec: &materialize.Request_Spec{ConnectorType: materialize.ConnectorType_LOCAL, ConfigJson: []byte("{}")}})
	if err != nil {
		return nil, p.end(err)
	}
	return p, nil
}

// ask is for requests that have exactly one response.
func (p *outgoing) ask(request *materialize.Request) (*materialize.Response, error) {
	if err := p.send(request); err != nil {
		return nil, err
	}
	resp := new(materialize.Response)
	return resp, p.child.codec.ReadMessage(p.out, resp)
}

// end closes the process's input and waits until it is gone, as [child.ended] has it.
func (p *outgoing) end(err error) error {
	return p.ended(err, func() { _, _ = io.Copy(io.Discard, p.out) })
}

// note keeps what a line of the process's log says of a delivery. What is filtered only the trace shows.
func (p *outgoing) note(fields logrus.Fields, _ logrus.Level, message string) bool {
	if fields["eventType"] == "delivery" {
		p.heardOf(fields, message)
	}
	delete(fields, "answer")
	return fields["class"] != "filtered"
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
