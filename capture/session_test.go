package capture

import (
	"strings"
	"testing"

	"source-intercom-ingest/protocol"
)

// opening is an Open with this state, and bindings with these state keys.
func opening(state string, keys ...string) *protocol.Request_Open {
	open := &protocol.Request_Open{Capture: new(protocol.CaptureSpec), StateJson: []byte(state)}
	for _, key := range keys {
		open.Capture.Bindings = append(open.Capture.Bindings, &protocol.CaptureSpec_Binding{StateKey: key, Collection: &protocol.CollectionSpec{Name: "acme/" + key}})
	}
	return open
}

func TestTheStateOfEarlierSessionsIsRead(t *testing.T) {
	for _, state := range []string{"", "null", "{}", `{"a.v1":{"at":7}}`} {
		s, err := newSession(opening(state, "a.v1", "b.v1", "", ""))
		if err != nil {
			t.Errorf("%s: %v", state, err)
		}
		if got := string(s.state["a.v1"]); strings.Contains(state, "at") != (got == `{"at":7}`) {
			t.Errorf("%s: %s", state, got)
		}
	}
	for state, want := range map[string]string{"[]": "not a JSON object", "7": "not a JSON object"} {
		if _, err := newSession(opening(state)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", state, err)
		}
	}
}

func TestAShardIsNamedWhereThereAreSeveral(t *testing.T) {
	for want, keys := range map[string]*protocol.RangeSpec{"80000000-ffffffff": {KeyBegin: 1 << 31, KeyEnd: wholeRange}, "00000000-7fffffff": {KeyEnd: 1<<31 - 1}} {
		if got := (session{keys: keys}).shard(); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	for _, keys := range []*protocol.RangeSpec{nil, {}, {KeyEnd: wholeRange}} {
		if got := (session{keys: keys}).shard(); got != "" {
			t.Errorf("%v is %s", keys, got)
		}
	}
}
