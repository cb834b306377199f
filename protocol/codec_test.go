package protocol

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

var codecs = map[string]Codec{"proto": protoCodec{}, "json": jsonCodec{}}

// worked are messages with their bytes on the wire, from the protocol's fact sheet.
var worked = []struct {
	message   proto.Message
	hex, json string
}{
	{&Request{Spec: &Request_Spec{ConnectorType: CaptureSpec_IMAGE, ConfigJson: []byte("{}")}},
		"08 00 00 00 0a 06 08 07 12 02 7b 7d", `{"spec":{"connectorType":"IMAGE","config":{}}}`},
	{&Request{Acknowledge: &Request_Acknowledge{Checkpoints: 2}},
		"04 00 00 00 32 02 08 02", `{"acknowledge":{"checkpoints":2}}`},
	{&Request{Open: &Request_Open{
		Capture: &CaptureSpec{Name: "a/b", ConnectorType: CaptureSpec_LOCAL, ConfigJson: []byte("{}")}, Version: "v1",
		Range: &RangeSpec{KeyEnd: math.MaxUint32, RClockEnd: math.MaxUint32}, StateJson: []byte("{}")}},
		"23 00 00 00 2a 21 0a 0b 0a 03 61 2f 62 10 08 1a 02 7b 7d 12 02 76 31 1a 0a 1d ff ff ff ff 2d ff ff ff ff 22 02 7b 7d",
		`{"open":{"capture":{"name":"a/b","connectorType":"LOCAL","config":{}},"version":"v1","range":{"keyEnd":4294967295,"rClockEnd":4294967295},"state":{}}}`},
	{&Response{Spec: &Response_Spec{Protocol: Version, ConfigSchemaJson: []byte("{}"), ResourceConfigSchemaJson: []byte("{}"),
		DocumentationUrl: "u", ResourcePathPointers: []string{"/stream"}}},
		"1b 00 00 00 0a 19 08 d7 87 b9 01 12 02 7b 7d 1a 02 7b 7d 22 01 75 32 07 2f 73 74 72 65 61 6d",
		`{"spec":{"protocol":3032023,"configSchema":{},"resourceConfigSchema":{},"documentationUrl":"u","resourcePathPointers":["/stream"]}}`},
	{&Response{Discovered: &Response_Discovered{Bindings: []*Response_Discovered_Binding{{RecommendedName: "hooks",
		ResourceConfigJson: []byte(`{"stream":"hooks"}`), DocumentSchemaJson: []byte(`{"type":"object"}`), Key: []string{"/_meta/id"},
		ResourcePath: []string{"hooks"}, IsFallbackKey: true}}}},
		"46 00 00 00 12 44 0a 42 0a 05 68 6f 6f 6b 73 12 12 7b 22 73 74 72 65 61 6d 22 3a 22 68 6f 6f 6b 73 22 7d 1a 11 7b 22 74 79 70 65 22 3a 22 6f 62 6a 65 63 74 22 7d 22 09 2f 5f 6d 65 74 61 2f 69 64 32 05 68 6f 6f 6b 73 38 01",
		`{"discovered":{"bindings":[{"recommendedName":"hooks","resourceConfig":{"stream":"hooks"},"documentSchema":{"type":"object"},"key":["/_meta/id"],"resourcePath":["hooks"],"isFallbackKey":true}]}}`},
	{&Response{Applied: &Response_Applied{}}, "02 00 00 00 22 00", `{"applied":{}}`},
	{&Response{Opened: &Response_Opened{ExplicitAcknowledgements: true}}, "04 00 00 00 2a 02 08 01", `{"opened":{"explicitAcknowledgements":true}}`},
	{&Response{Captured: &Response_Captured{Binding: 1, DocJson: []byte(`{"a":1}`)}},
		"0d 00 00 00 32 0b 08 01 12 07 7b 22 61 22 3a 31 7d", `{"captured":{"binding":1,"doc":{"a":1}}}`},
	{&Response{Checkpoint: &Response_Checkpoint{State: &ConnectorState{UpdatedJson: []byte("{}"), MergePatch: true}}},
		"0a 00 00 00 3a 08 0a 06 0a 02 7b 7d 10 01", `{"checkpoint":{"state":{"updated":{},"mergePatch":true}}}`},
	{&Response{Checkpoint: &Response_Checkpoint{}}, "02 00 00 00 3a 00", `{"checkpoint":{}}`},
}

func TestMessagesHaveTheirWorkedBytes(t *testing.T) {
	for _, w := range worked {
		want, err := hex.DecodeString(strings.ReplaceAll(w.hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"proto": string(want), "json": w.json + "\n"} {
			got, err := codecs[name].AppendMessage(nil, w.message)
			if err != nil || string(got) != want {
				t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
			}
			back := w.message.ProtoReflect().New().Interface()
			if err := codecs[name].ReadMessage(bufio.NewReader(strings.NewReader(want)), back); err != nil {
				t.Errorf("%s: reading %q: %v", name, want, err)
			}
			if diff := cmp.Diff(w.message, back, protocmp.Transform()); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

func TestHotPathEqualsGeneralEncoder(t *testing.T) {
	for name, codec := range codecs {
		for _, binding := range []uint32{0, 1, 127, 128, 300000} {
			for _, size := range []int{2, 100, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 16380, 70000} {
				doc := []byte(`{` + strings.Repeat(" ", size-2) + `}`)
				if name == "json" {
					doc = []byte(`{"a":"` + strings.Repeat("x", size) + `"}`)
				}
				want, err := codec.AppendMessage([]byte("before"), &Response{Captured: &Response_Captured{Binding: binding, DocJson: doc}})
				if err != nil {
					t.Fatal(err)
				}
				got := FramesOf(codec).AppendCapturedHead([]byte("before"), binding, len(doc))
				got = FramesOf(codec).AppendCapturedTail(append(got, doc...))
				if !bytes.Equal(got, want) {
					t.Fatalf("%s, binding %d, %d bytes: got %.60q, want %.60q", name, binding, len(doc), got, want)
				}
			}
		}
		patches := [][]byte{nil, []byte(`{"a":null}`), []byte(`{"a":"` + strings.Repeat("x", 300) + `"}`)}
		for _, patch := range patches {
			updated := patch
			if updated == nil {
				updated = []byte("{}")
			}
			want, err := codec.AppendMessage([]byte("before"), &Response{Checkpoint: &Response_Checkpoint{
				State: &ConnectorState{UpdatedJson: updated, MergePatch: true}}})
			if got := FramesOf(codec).AppendCheckpoint([]byte("before"), patch); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: got %q, want %q, %v", name, got, want, err)
			}
		}
	}
}

func TestJSONIsReadLeniently(t *testing.T) {
	for _, text := range []string{
		`{"validate":{"name":"n","bindings":[{"resourceConfig":{"a":null},"backfill":3}],"connectorType":7}}`,
		`{"validate":{"name":"n","bindings":[{"resource_config_json":{"a":null},"backfill":"3"}],"connector_type":"IMAGE"}}`,
		`{"novelty":[{}],"validate":{"novelty":1,"name":"n","lastCapture":null,"bindings":[{"resourceConfig":{"a":null},"backfill":3,"collection":null}],"connectorType":"IMAGE"},"spec":null}`,
	} {
		var got Request
		if err := (jsonCodec{}).ReadMessage(bufio.NewReader(strings.NewReader("\n"+text+"\n")), &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := &Request{Validate: &Request_Validate{Name: "n", ConnectorType: CaptureSpec_IMAGE,
			Bindings: []*Request_Validate_Binding{{ResourceConfigJson: []byte(`{"a":null}`), Backfill: 3}}}}
		if diff := cmp.Diff(want, &got, protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestRawJSONIsWrittenOnOneLine(t *testing.T) {
	got, err := jsonCodec{}.AppendMessage(nil, &Request{Spec: &Request_Spec{ConfigJson: []byte("{\n \"a\": 1.0\n}")}})
	if want := `{"spec":{"config":{"a":1.0}}}` + "\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestGarbledMessagesAreErrors(t *testing.T) {
	for name, inputs := range map[string][]string{
		"json":  {"{", "[]\n", "{}x\n", `{"spec":5}` + "\n", `{"acknowledge":{"checkpoints":-1}}` + "\n", `{"acknowledge":{"checkpoints":4294967296}}` + "\n", `{"open":{"version":1}}` + "\n"},
		"proto": {"\x01", "\x05\x00\x00\x00ab", "\x02\x00\x00\x00\xff\xff", "\xff\xff\xff\xff", "\x01\x00\x00\x10"},
	} {
		for _, input := range inputs {
			if err := codecs[name].ReadMessage(bufio.NewReader(strings.NewReader(input)), new(Request)); err == nil || err == io.EOF {
				t.Errorf("%s: %q is read with %v", name, input, err)
			}
		}
	}
}

func TestLargeRequestsAreRead(t *testing.T) {
	want := &Request{Spec: &Request_Spec{ConfigJson: []byte(`{"a":"` + strings.Repeat("x", 40<<20) + `"}`)}}
	for name, codec := range codecs {
		b, err := codec.AppendMessage(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		got := new(Request)
		if err := codec.ReadMessage(bufio.NewReader(bytes.NewReader(b)), got); err != nil || !proto.Equal(got, want) {
			t.Errorf("%s: a message of %d bytes is read with %v", name, len(b), err)
		}
	}
}

func TestCodecIsToldFromTheFirstBytes(t *testing.T) {
	for input, want := range map[string]Codec{
		`{"spec":{}}`:          jsonCodec{},
		"{ \t\"":               jsonCodec{},
		"{}":                   jsonCodec{},
		"\x08\x00\x00\x00\x0a": protoCodec{},
		"\x00\x00\x00\x08":     protoCodec{},
	} {
		if got, err := detectCodec(bufio.NewReader(strings.NewReader(input))); err != nil || got != want {
			t.Errorf("%q: got %T, %v, want %T", input, got, err, want)
		}
	}
	if _, err := detectCodec(bufio.NewReader(strings.NewReader(""))); err != io.EOF {
		t.Errorf("no input: %v", err)
	}
}

// What is read, written and read again is the same message, in either codec, and never panics.
func FuzzCodecs(f *testing.F) {
	for _, w := range worked {
		for _, codec := range codecs {
			b, _ := codec.AppendMessage(nil, w.message)
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		for name, codec := range codecs {
			first, second := new(Request), new(Request)
			if codec.ReadMessage(bufio.NewReader(bytes.NewReader(input)), first) != nil {
				continue
			}
			b, err := codec.AppendMessage(nil, first)
			if err != nil {
				continue // its raw JSON is none, which only the proto codec carries
			}
			if err := codec.ReadMessage(bufio.NewReader(bytes.NewReader(b)), second); err != nil {
				t.Fatalf("%s: %q is written as %q: %v", name, input, b, err)
			}
			if name == "proto" && !proto.Equal(first, second) {
				t.Fatalf("%s: %q becomes %q", name, input, b)
			}
		}
	})
}

// What is read by hand is what the general decoder reads, and nothing else is taken for it.
func TestAnAcknowledgementIsReadByHandAsInGeneral(t *testing.T) {
	for name, codec := range codecs {
		for _, n := range []uint32{0, 1, 2, 127, 128, 10_000, 999_999_999, 1_000_000_000, math.MaxUint32} {
			frame, err := codec.AppendMessage(nil, &Request{Acknowledge: &Request_Acknowledge{Checkpoints: n}})
			if err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(bytes.NewReader(slices.Concat(frame, frame[:len(frame)-1])))
			if got, ok := FramesOf(codec).readAcknowledge(r); ok && got != n || !ok && n > 0 && n < 1_000_000_000 {
				t.Errorf("%s: %d was read as %d, %v", name, n, got, ok)
			}
			if _, ok := FramesOf(codec).readAcknowledge(r); ok && name == "proto" {
				t.Errorf("%s: half a message was read", name)
			}
		}
		for _, w := range worked {
			frame, err := codec.AppendMessage(nil, w.message)
			if err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(bytes.NewReader(frame))
			request, _ := w.message.(*Request)
			if _, ok := FramesOf(codec).readAcknowledge(r); ok != (request != nil && request.Acknowledge != nil) && request != nil {
				t.Errorf("%s: %v was read: %v", name, w.message, ok)
			}
			if rest, _ := io.ReadAll(r); request != nil && request.Acknowledge == nil && !bytes.Equal(rest, frame) {
				t.Errorf("%s: %d of %d bytes were read of another message", name, len(frame)-len(rest), len(frame))
			}
		}
	}
}
