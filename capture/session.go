package capture

import (
	"encoding/json"
	"fmt"

	"source-intercom-ingest/protocol"
)

// A session is what the runtime opens beside the capture: the state that earlier sessions left, and the part of the task's
// keys that this process has.
type session struct {
	state map[string]json.RawMessage // by the state keys of bindings that are polled, as checkpoints have patched it
	keys  *protocol.RangeSpec
}

// wholeRange is the end of all keys.
const wholeRange = 1<<32 - 1

// newSession reads what was opened. Webhooks need none of the state: each of them is whole.
func newSession(open *protocol.Request_Open) (session, error) {
	s := session{state: map[string]json.RawMessage{}, keys: open.GetRange()}
	if text := open.GetStateJson(); len(text) > 0 {
		if err := json.Unmarshal(text, &s.state); err != nil {
			return s, fmt.Errorf("the state that was opened is not a JSON object, as this connector's checkpoints make it: %w", err)
		}
	}
	return s, nil
}

// shard names the part of the keys, where it is not all of them.
func (s session) shard() string {
	if s.keys == nil || s.keys.KeyBegin == 0 && (s.keys.KeyEnd == 0 || s.keys.KeyEnd == wholeRange) {
		return ""
	}
	return fmt.Sprintf("%08x-%08x", s.keys.KeyBegin, s.keys.KeyEnd)
}
