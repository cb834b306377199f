package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"time"

	"source-intercom-ingest/form"
	"source-intercom-ingest/protocol/materialize"
)

// run delivers until ctx ends. A session that fails is begun again after a delay, with the file as it is then.
func (c *courier) run(ctx context.Context, store *store) {
	runtime.LockOSThread() // as withParent wants
	defer runtime.UnlockOSThread()
	c.store = store
	tracing := make(chan struct{})
	go func() { defer close(tracing); c.keepTrace(ctx) }()
	defer func() { <-tracing }()
	for delay := firstDelay; ctx.Err() == nil; {
		began := time.Now()
		err := c.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > stableAfter {
			delay = firstDelay
		}
		c.setState(fmt.Sprintf("stopped: %v", err))
		c.log.Errorf("delivering by %s: %v; starting it again in %v", c.file, err, delay)
		select {
		case <-ctx.Done():
			return
		case <-time.After(delay):
		}
		delay = min(2*delay, lastDelay)
	}
}

func (c *courier) setState(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = text
}

// adopt takes the deliveries of the file, and how far each has come.
func (c *courier) adopt(d *form.Deliveries) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names, c.sources, c.hide, c.host = nil, nil, secretsOfDelivery(d.Endpoint), hostOf(d.Endpoint)
	for _, one := range d.Deliveries {
		at, err := c.store.cursor(one.Name, one.From)
		if err != nil {
			return err
		}
		c.names, c.sources = append(c.names, one.Name), append(c.sources, one.Source)
		c.cursors[one.Name] = at
	}
	c.sent, c.parked = map[int64]due{}, nil
	return nil
}

// session is one run of the connector.
func (c *courier) session(ctx context.Context) error {
	d, err := form.ReadDeliveries(c.file)
	if err == nil {
		err = c.adopt(d)
	}
	if err != nil {
		return err
	}
	spec := specOf(c.file, d)
	state, err := c.store.state(spec.Name)
	if err != nil {
		return err
	}
	p, err := c.start()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Signal(interrupt) })
	defer stop()
	opened, err := p.ask(&materialize.Request{Open: &materialize.Request_Open{Materialization: spec, Version: "preview", StateJson: state}})
	if err == nil && opened.Opened == nil {
		err = errors.New("protocol: the connector did not answer Open with Opened")
	}
	if err == nil {
		c.setState("delivering to " + c.host)
	}
	for n := int64(0); err == nil; {
		n, err = p.transaction(ctx, spec.Name, n)
	}
	return p.end(err)
}

// transaction gives the connector what is due, and makes durable what it has settled.
func (p *outgoing) transaction(ctx context.Context, task string, n int64) (int64, error) {
	resp, err := p.ask(&materialize.Request{Acknowledge: &materialize.Request_Acknowledge{}})
	if err == nil && resp.Acknowledged == nil {
		err = errors.New("protocol: the connector did not answer Acknowledge with Acknowledged")
	}
	if err != nil {
		return n, err
	}
	all, again, err := p.await(ctx)
	if err != nil {
		return n, err
	}
	if resp, err = p.ask(&materialize.Request{Flush: &materialize.Request_Flush{}}); err != nil || resp.Flushed == nil {
		return n, errors.Join(err, errors.New("protocol: the connector did not answer Flush with Flushed"))
	}
	for _, d := range all {
		p.mu.Lock()
		p.sent[n] = due{binding: d.binding, sequence: d.sequence}
		delete(p.sent, n-rememberSent)
		p.mu.Unlock()
		n++
		if err := p.send(&materialize.Request{Store: &materialize.Request_Store{Binding: uint32(d.binding), DocJson: d.document}}); err != nil {
			return n, err
		}
	}
	if resp, err = p.ask(&materialize.Request{StartCommit: &materialize.Request_StartCommit{}}); err != nil {
		return n, err
	}
	if resp.StartedCommit == nil {
		return n, errors.New("protocol: the connector did not answer StartCommit with StartedCommit")
	}
	return n, p.settled(task, all, again, resp.StartedCommit.GetState().GetUpdatedJson())
}

// settled makes a transaction durable.
func (p *outgoing) settled(task string, all []due, again []parkedRow, patch []byte) error {
	parked := p.parkedNow(patch)
	cursors := map[string]int64{}
	p.mu.Lock()
	for _, d := range all {
		if !d.again {
			cursors[p.names[d.binding]] = d.sequence
		}
	}
	p.mu.Unlock()
	if err := p.store.settle(task, cursors, patch, parked, again); err != nil {
		return p.store.explain(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, cursor := range cursors {
		p.cursors[name] = max(p.cursors[name], cursor)
	}
	p.again = slices.DeleteFunc(p.again, func(row parkedRow) bool { return slices.Contains(again, row) })
	return nil
}

// parkedNow waits for the log lines of what a transaction has parked, which tell the documents.
func (p *outgoing) parkedNow(patch []byte) []parkedRow {
	var state struct {
		Parked map[string]map[string]json.RawMessage `json:"parked"`
	}
	_ = json.Unmarshal(patch, &state)
	want := 0
	for _, ids := range state.Parked {
		for _, entry := range ids {
			if string(entry) != "null" {
				want++
			}
		}
	}
	late := time.AfterFunc(logGrace, p.heard.Broadcast)
	defer late.Stop()
	deadline := time.Now().Add(logGrace)
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.parked) < want && time.Now().Before(deadline) {
		p.heard.Wait()
	}
	parked := p.parked
	p.parked = nil
	return parked
}

// await returns what is due, once there is something: what a person wants again, and then a part of each delivery.
func (p *outgoing) await(ctx context.Context) ([]due, []parkedRow, error) {
	for {
		news := p.store.news()
		all, again, err := p.gather()
		if err != nil || len(all) > 0 {
			return all, again, err
		}
		select {
		case <-news:
		case <-p.woken:
		case <-p.logged:
			return nil, nil, errors.New("the connector ended")
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func (p *outgoing) gather() (all []due, again []parkedRow, err error) {
	p.mu.Lock()
	names, sources := p.names, p.sources
	p.again = slices.DeleteFunc(p.again, func(row parkedRow) bool { return !slices.Contains(names, row.Delivery) })
	taken := slices.Clone(p.again[:min(len(p.again), maxDue)])
	cursors := map[string]int64{}
	for _, name := range names {
		cursors[name] = p.cursors[name]
	}
	p.mu.Unlock()
	for _, row := range taken {
		binding := slices.Index(names, row.Delivery)
		_, document, err := p.store.document(row.Sequence)
		if err != nil {
			return nil, nil, err
		}
		if again = append(again, row); document != nil {
			all = append(all, due{binding, row.Sequence, document, true})
		}
	}
	share, bytes := max(1, (maxDue-len(all))/len(names)), int64(maxDueBytes)
	for i, name := range names {
		if len(all) >= maxDue || bytes <= 0 {
			break
		}
		if all, err = p.store.due(all, i, sources[i], cursors[name], share, &bytes); err != nil {
			return nil, nil, err
		}
	}
	return all, again, nil
}

// replay wants a parked document sent once more.
func (c *courier) replay(row parkedRow) {
	c.mu.Lock()
	c.again = append(c.again, row)
	c.mu.Unlock()
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// keepTrace keeps attempts until ctx ends, and those that are left then.
func (c *courier) keepTrace(ctx context.Context) {
	tick := time.NewTicker(traceEvery)
	defer tick.Stop()
	for ended := false; !ended; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			ended = true
		}
		c.mu.Lock()
		all := c.kept
		c.kept = nil
		c.mu.Unlock()
		if len(all) == 0 {
			continue
		}
		if err := c.store.keepAttempts(all); err != nil {
			c.log.Warnf("attempts can not be kept: %v", c.store.explain(err))
		}
	}
}

// hostOf is where a destination is.
func hostOf(endpoint []byte) string {
	var config struct{ Address string }
	_ = json.Unmarshal(endpoint, &config) // the connector has validated it
	address, err := url.Parse(config.Address)
	if err != nil {
		return config.Address
	}
	return address.Host
}

// secretsOfDelivery are those of a destination: what its auth, signing, headers and network say.
func secretsOfDelivery(endpoint []byte) secrets {
	var config map[string]json.RawMessage
	_ = json.Unmarshal(endpoint, &config) // the connector has validated it
	var found []string
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, member := range value {
				if name != "type" && name != "allowedAddresses" && name != "timeout" && name != "scopes" {
					walk(member)
				}
			}
		case string:
			if len(value) >= leastSecret {
				found = append(found, value)
			}
		}
	}
	for _, member := range []string{"auth", "signing", "headers"} {
		var value any
		_ = json.Unmarshal(config[member], &value)
		walk(value)
	}
	return newSecrets(found...)
}
