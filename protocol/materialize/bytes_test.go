package materialize

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"source-intercom-ingest/protocol"
)

// Messages are the runtime's bytes, in both codecs.
func TestMessagesAreTheRuntimesBytes(t *testing.T) {
	request, response := func() proto.Message { return new(Request) }, func() proto.Message { return new(Response) }
	for _, c := range []struct {
		make func() proto.Message
		json string
		hex  string
	}{
		{request, `{"spec":{"connectorType":"IMAGE","config":{}}}`, "0a 06 08 08 12 02 7b 7d"},
		{request, `{"spec":{"connectorType":"LOCAL","config":{}}}`, "0a 06 08 09 12 02 7b 7d"},
		{response, `{"spec":{"protocol":3032023,"configSchema":{},"resourceConfigSchema":{},"documentationUrl":"u"}}`, "0a 10 08 d7 87 b9 01 12 02 7b 7d 1a 02 7b 7d 22 01 75"},
		{response, `{"validated":{"bindings":[{"resourcePath":["x"],"deltaUpdates":true,"projectionConstraints":[{"field":"flow_document","constraint":{"type":"LOCATION_REQUIRED","reason":"r"}},{"field":"id","constraint":{"type":"FIELD_OPTIONAL"}}]}]}}`,
			"12 29 0a 27 12 01 78 18 01 32 16 0a 0d 66 6c 6f 77 5f 64 6f 63 75 6d 65 6e 74 12 05 10 02 1a 01 72 32 08 0a 02 69 64 12 02 10 04"},
		{response, `{"applied":{}}`, "1a 00"},
		{response, `{"applied":{"actionDescription":"ok"}}`, "1a 04 0a 02 6f 6b"},
		{request, `{"open":{"materialization":{"name":"a/m","connectorType":"LOCAL","config":{},"bindings":[{"resourceConfig":{},"resourcePath":["x"],"collection":{"name":"a/c","key":["/id"]},"fieldSelection":{"keys":["id"],"document":"flow_document"},"deltaUpdates":true,"stateKey":"x.v0"}]},"version":"v1","range":{"keyEnd":4294967295,"rClockEnd":4294967295},"state":{}}}`,
			"22 53 0a 3d 0a 03 61 2f 6d 10 09 1a 02 7b 7d 22 30 0a 02 7b 7d 12 01 78 1a 0a 0a 03 61 2f 63 1a 03 2f 69 64 22 13 0a 02 69 64 1a 0d 66 6c 6f 77 5f 64 6f 63 75 6d 65 6e 74 28 01 6a 04 78 2e 76 30 12 02 76 31 1a 0a 1d ff ff ff ff 2d ff ff ff ff 22 02 7b 7d"},
		{response, `{"opened":{}}`, "22 00"},
		{request, `{"acknowledge":{}}`, "4a 00"},
		{response, `{"acknowledged":{}}`, "42 00"},
		{request, `{"flush":{}}`, "32 00"},
		{response, `{"flushed":{}}`, "32 00"},
		{request, `{"store":{"binding":1,"doc":{"id":42},"exists":true,"delete":true}}`, "3a 11 08 01 32 09 7b 22 69 64 22 3a 34 32 7d 38 01 40 01"},
		{request, `{"startCommit":{}}`, "42 00"},
		{response, `{"startedCommit":{}}`, "3a 00"},
		{response, `{"startedCommit":{"state":{"updated":{"parked":{"k":null}},"mergePatch":true}}}`, "3a 1b 0a 19 0a 15 7b 22 70 61 72 6b 65 64 22 3a 7b 22 6b 22 3a 6e 75 6c 6c 7d 7d 10 01"},
		{request, `{"load":{"binding":12}}`, "2a 02 08 0c"},
	} {
		payload, err := hex.DecodeString(strings.ReplaceAll(c.hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		framed := append(binary.LittleEndian.AppendUint32(nil, uint32(len(payload))), payload...)
		for codec, text := range map[string][]byte{"json": []byte(c.json + "\n"), "proto": framed} {
			as, err := protocol.CodecByName(codec)
			if err != nil {
				t.Fatal(err)
			}
			m := c.make()
			if err := as.ReadMessage(bufio.NewReader(bytes.NewReader(text)), m); err != nil {
				t.Fatalf("%s: %v", c.json, err)
			}
			for other, want := range map[string][]byte{"json": []byte(c.json + "\n"), "proto": framed} {
				to, _ := protocol.CodecByName(other)
				if got, err := to.AppendMessage(nil, m); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s from %s: %x, not %x; %v", other, codec, got, want, err)
				}
			}
		}
	}
}

// What a message has that is not known here is skipped, with both forms of keys and values.
func TestWhatIsNotKnownIsSkipped(t *testing.T) {
	as, err := protocol.CodecByName("proto")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"3a 13 1a 04 02 6e 31 00 32 0b 7b 22 69 64 22 3a 22 6e 31 22 7d": `{"id":"n1"}`,
		"3a 45 08 03 12 0b 5b 74 72 75 65 2c 6e 75 6c 6c 5d 1a 03 5a 15 00 22 12 5b 33 2e 31 34 31 35 39 2c 22 66 69 65 6c 64 21 22 5d 2a 02 3c 5b 32 13 7b 22 66 75 6c 6c 22 3a 22 64 6f 63 75 6d 65 6e 74 22 7d 38 01 40 01": `{"full":"document"}`,
	} {
		payload, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		m := new(Request)
		if err := as.ReadMessage(bufio.NewReader(bytes.NewReader(append(binary.LittleEndian.AppendUint32(nil, uint32(len(payload))), payload...))), m); err != nil || string(m.GetStore().GetDocJson()) != want {
			t.Errorf("%s, %v", m.GetStore().GetDocJson(), err)
		}
	}
	json, _ := protocol.CodecByName("json")
	m := new(Request)
	line := `{"acknowledge":{"statePatches":[{"n":1}	]},"store":null,"$internal":"AA=="}` + "\n"
	if err := json.ReadMessage(bufio.NewReader(strings.NewReader(line)), m); err != nil || protocol.Member(m) != "acknowledge" {
		t.Error(m, err)
	}
}
