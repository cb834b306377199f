package preview

import (
	"bytes"
	"errors"
	"net/http"
	"os/exec"
	"slices"
)

// A destination is what a file of deliveries sends to, as people see it.
type destination struct {
	File       string          `json:"file"`
	State      string          `json:"state"`
	Deliveries []deliveryState `json:"deliveries"`
}

// A deliveryState is how far a delivery has come.
type deliveryState struct {
	Name   string `json:"name"`
	Source string `json:"source"`
	Cursor int64  `json:"cursor"`
}

// shownAttempts and shownParked are how many are shown at a time.
const (
	shownAttempts = 50
	shownParked   = 100
)

// shown is how a courier stands.
func (c *courier) shown() destination {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := destination{File: c.file, State: c.hide.text(c.state), Deliveries: []deliveryState{}}
	for i, name := range c.names {
		d.Deliveries = append(d.Deliveries, deliveryState{name, c.sources[i], c.cursors[name]})
	}
	return d
}

// deliveries are the destinations, what is parked, and the latest attempts.
func (c *console) deliveries(*http.Request) (any, error) {
	destinations := []destination{}
	for _, to := range c.couriers {
		destinations = append(destinations, to.shown())
	}
	parked, err := c.store.parked(shownParked)
	if err != nil {
		return nil, err
	}
	attempts, err := c.store.attempts(`1 ORDER BY attempt DESC LIMIT ?`, shownAttempts)
	return map[string]any{"destinations": destinations, "parked": parked, "attempts": attempts}, err
}

// A trace is what a delivery makes of a document, and what came of it.
type trace struct {
	Delivery string    `json:"delivery"`
	Filtered string    `json:"filtered,omitempty"` // what said no
	Request  string    `json:"request,omitempty"`
	Error    string    `json:"error,omitempty"`
	Attempts []attempt `json:"attempts"`
}

// traces are those of a document, of each delivery of its collection.
func (c *console) traces(r *http.Request) (any, error) {
	sequence, err := number(r, "sequence")
	if err != nil {
		return nil, err
	}
	collection, document, err := c.stored(sequence)
	if err != nil {
		return nil, err
	}
	all := []trace{}
	for _, to := range c.couriers {
		for _, d := range to.shown().Deliveries {
			if d.Source != collection {
				continue
			}
			t := trace{Delivery: d.Name}
			to.render(&t, document)
			if t.Attempts, err = c.store.attempts(`sequence = ? AND delivery = ? ORDER BY attempt`, sequence, d.Name); err != nil {
				return nil, err
			}
			all = append(all, t)
		}
	}
	return all, nil
}

// render asks the program what request a delivery makes of a document.
func (c *courier) render(t *trace, document []byte) {
	const filteredExit = 3
	cmd := exec.Command(c.program, "render", c.file, "--delivery="+t.Delivery)
	cmd.Stdin = bytes.NewReader(document)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	text := c.hide.text(string(out))
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() == filteredExit {
		t.Filtered = text
	} else if err != nil {
		t.Error = c.hide.text(errs.String())
	} else {
		t.Request = text
	}
}

// replayParked sends what was parked once more, under the same id.
func (c *console) replayParked(r *http.Request) (any, error) {
	sequence, err := number(r, "sequence")
	if err != nil {
		return nil, err
	}
	name := r.PathValue("delivery")
	rows, err := c.store.parkedOf(name, sequence)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, problemf(http.StatusNotFound, "document %d of delivery %s is not parked", sequence, name)
	}
	for _, to := range c.couriers {
		if slices.ContainsFunc(to.shown().Deliveries, func(d deliveryState) bool { return d.Name == name }) {
			to.replay(rows[0])
			return "It is sent once more.", nil
		}
	}
	return nil, problemf(http.StatusNotFound, "there is no delivery %s now", name)
}
