package poll

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// A state is what a session leaves to the next of one binding, under its state key. Nothing of it is a row, a cursor or a
// secret. Times are seconds since 1970.
type state struct {
	V        int        `json:"v"`
	Counter  uint32     `json:"counter,omitempty"`  // of backfills that a user has asked for
	Inc      *increment `json:"inc,omitempty"`      // of the change feed
	Backfill *backfill  `json:"backfill,omitempty"` // null once all history is read
	Sweep    *moment    `json:"sweep,omitempty"`    // of the daily one
	Snap     *snapshot  `json:"snap,omitempty"`     // of a list that is read whole
	Deleted  *moment    `json:"deleted,omitempty"`  // of the list of deleted objects
	Holes    []span     `json:"holes,omitempty"`    // what the API would not answer
}

// An increment: every version that was updated up to WM, less the overlap, has been read.
type increment struct {
	WM int64 `json:"wm"`
}

// A moment is when something was done last.
type moment struct {
	At int64 `json:"at"`
}

// A backfill is what is left of the history before the change feed. Of each range, [from, to), all from wm on is read.
type backfill struct {
	Cutoff int64      `json:"cutoff"`
	Ranges [][3]int64 `json:"ranges"`
	Done   int64      `json:"done"` // rows
	Total  int64      `json:"total"`
}

// A snapshot is when a list was read last, and where it is small what it had: digests of the objects by what identifies them.
type snapshot struct {
	At int64             `json:"at"`
	Of map[string]string `json:"of,omitempty"`
}

// A span is from one second up to another, both included.
type span [2]int64

const stateVersion = 1

// readState reads what an earlier session left; nothing where there is none.
func readState(raw json.RawMessage) (state, error) {
	s := state{V: stateVersion}
	if len(raw) == 0 || string(raw) == "null" {
		return s, nil
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("it is none that this connector makes: %w", err)
	}
	if s.V != stateVersion {
		return s, fmt.Errorf("it is of version %d, which this connector does not know; use the connector that made it, or backfill the binding", s.V)
	}
	return s, nil
}

// clone copies a state, so that changes of it can be told.
func (s state) clone() state {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err) // structs of numbers always marshal
	}
	var c state
	if err := json.Unmarshal(raw, &c); err != nil {
		panic(err)
	}
	return c
}

// patch returns the merge patch (RFC 7396) that makes one JSON value of another, and whether they differ.
func patch(from, to any) (any, bool) {
	was, wasObject := from.(map[string]any)
	is, isObject := to.(map[string]any)
	if !wasObject || !isObject {
		return to, !reflect.DeepEqual(from, to)
	}
	changes := map[string]any{}
	for name, value := range is {
		if before, ok := was[name]; !ok {
			changes[name] = value
		} else if change, differs := patch(before, value); differs {
			changes[name] = change
		}
	}
	for name := range was {
		if _, ok := is[name]; !ok {
			changes[name] = nil
		}
	}
	return changes, len(changes) > 0
}

// values returns a state as JSON has it.
func (s state) values() any {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		panic(err)
	}
	return v
}
