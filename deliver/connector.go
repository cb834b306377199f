// Package deliver is the materialization connector: each document of its collections is one event's way to a destination.
//
//	store ─ select ─ render once ─ lane ─ attempt ─ settled: delivered, filtered or parked ─ started commit
//	        conditions  bytes, id   by object  classes, brake
package deliver

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime/debug"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"

	"source-intercom-ingest/door"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/protocol/materialize"
)

// A Connector answers the runtime's requests to a materialization.
type Connector struct {
	Log *logrus.Logger
}

// garbagePercent lets the few MiB that live here collect more garbage before they are cleaned up.
const garbagePercent = 250

// Serve answers requests until the input or ctx ends.
func (c Connector) Serve(ctx context.Context, s *protocol.Stream) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	return materialize.Connector{Spec: Spec, Validate: Validate, Apply: Apply, Open: c.Open}.Serve(ctx, s)
}

// TraceVariable of the environment, set to 1, has log lines tell the answers of destinations, and what is filtered.
const TraceVariable = "SOURCE_INTERCOM_INGEST_TRACE"

// roomBytes bounds what a binding holds of documents and messages that are not settled; one is always let in.
const roomBytes = 4 << 20

// A binding is a delivery with its room.
type bound struct {
	config     []byte
	collection string
	stateKey   string
}

// bind checks all configurations.
func bind(config []byte, bindings []bound) (*Destination, []*delivery, error) {
	to, err := ParseEndpoint(config)
	if err != nil {
		return nil, nil, err
	}
	var all []*delivery
	names := map[string]int{}
	for i, b := range bindings {
		d, err := to.parseResource(b.config)
		if err != nil {
			return nil, nil, fmt.Errorf("binding %d, of %s: %w", i, b.collection, err)
		}
		if other, twice := names[d.name]; twice {
			return nil, nil, fmt.Errorf("bindings %d and %d have the same name %q; rename one", other, i, d.name)
		}
		names[d.name] = i
		d.collection, d.stateKey = b.collection, b.stateKey
		if d.stateKey == "" {
			d.stateKey = d.name
		}
		d.room = semaphore.NewWeighted(roomBytes)
		all = append(all, d)
	}
	return to, all, nil
}

// Validate compiles all that is configured. Of each binding the document alone is wanted.
func Validate(r *materialize.Request_Validate) (*materialize.Response_Validated, error) {
	var bindings []bound
	for _, b := range r.GetBindings() {
		bindings = append(bindings, bound{b.GetResourceConfigJson(), b.GetCollection().GetName(), ""})
	}
	_, deliveries, err := bind(r.GetConfigJson(), bindings)
	if err != nil {
		return nil, err
	}
	validated := new(materialize.Response_Validated)
	for i, b := range r.GetBindings() {
		validated.Bindings = append(validated.Bindings, &materialize.Response_Validated_Binding{
			ResourcePath: []string{deliveries[i].name}, DeltaUpdates: true, ProjectionConstraints: constraintsOf(b.GetCollection())})
	}
	return validated, nil
}

// constraintsOf wants the root of documents, takes keys, and nothing else.
func constraintsOf(c *protocol.CollectionSpec) (all []*materialize.Response_Validated_ProjectionConstraint) {
	keys := map[string]bool{}
	for _, pointer := range c.GetKey() {
		keys[pointer] = true
	}
	for _, p := range c.GetProjections() {
		constraint := &materialize.Response_Validated_Constraint{Type: materialize.Response_Validated_Constraint_FIELD_FORBIDDEN, Reason: "Deliveries take whole documents."}
		switch {
		case p.GetPtr() == "":
			constraint = &materialize.Response_Validated_Constraint{Type: materialize.Response_Validated_Constraint_LOCATION_REQUIRED, Reason: "Deliveries are made of the whole document."}
		case p.GetIsPrimaryKey() || keys[p.GetPtr()]:
			constraint = &materialize.Response_Validated_Constraint{Type: materialize.Response_Validated_Constraint_FIELD_OPTIONAL, Reason: "Keys may be selected."}
		}
		all = append(all, &materialize.Response_Validated_ProjectionConstraint{Field: p.GetField(), Constraint: constraint})
	}
	return all
}

// Apply has nothing to do: a destination needs no preparation.
func Apply(*materialize.Request_Apply) (*materialize.Response_Applied, error) {
	return new(materialize.Response_Applied), nil
}

// Open begins a session.
func (c Connector) Open(ctx context.Context, open *materialize.Request_Open) (materialize.Transactions, error) {
	var none materialize.Transactions
	spec := open.GetMaterialization()
	var bindings []bound
	for _, b := range spec.GetBindings() {
		bindings = append(bindings, bound{b.GetResourceConfigJson(), b.GetCollection().GetName(), b.GetStateKey()})
	}
	to, deliveries, err := bind(spec.GetConfigJson(), bindings)
	if err != nil {
		return none, err
	}
	m := newMetrics()
	r, err := newRecord(c.Log, open.GetStateJson(), os.Getenv(TraceVariable) == "1", m)
	if err != nil {
		return none, err
	}
	metricsOn, err := door.ListenMetrics(c.Log)
	if err != nil {
		return none, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &session{schedule: newSchedule(ctx, to, r), deliveries: deliveries, ended: cancel}
	m.registry.MustRegister(s.schedule)
	go func() { _ = m.serve(ctx, metricsOn) }()
	c.report(to, deliveries, metricsOn)
	return materialize.Transactions{Store: s.store, Commit: s.commit, Close: s.close}, nil
}

// report says where events go, and what of the configuration is not what it seems.
func (c Connector) report(to *Destination, deliveries []*delivery, metricsOn net.Listener) {
	entry := c.Log.WithFields(logrus.Fields{"eventType": "connectorStatus", "host": to.address.Host, "deliveries": len(deliveries)})
	if metricsOn != nil {
		entry = entry.WithField("metricsAddress", metricsOn.Addr().String())
	}
	entry.Infof("delivering to %s", to.address.Host)
	for _, name := range to.overruled {
		c.Log.WithField("eventType", "connectorStatus").Warnf("the header %s that is configured is not sent: the connector writes it itself; remove it", name)
	}
}
