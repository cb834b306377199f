package protocol

import (
	"encoding/binary"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// The hot path: every webhook is one Captured and one Checkpoint, appended here without reflection. A test holds
// these equal to AppendMessage. Field numbers are those of capture.proto: Response.captured = 6, Captured.binding = 1,
// Captured.doc_json = 2.

// protoCheckpoint is Response{Checkpoint{state{updated: {}, mergePatch: true}}}, framed.
const protoCheckpoint = "\x0a\x00\x00\x00\x3a\x08\x0a\x06\x0a\x02{}\x10\x01"

const jsonCheckpoint = `{"checkpoint":{"state":{"updated":{},"mergePatch":true}}}` + "\n"

func (protoCodec) AppendCapturedHead(b []byte, binding uint32, docLen int) []byte {
	captured := protowire.SizeTag(2) + protowire.SizeBytes(docLen)
	if binding != 0 {
		captured += protowire.SizeTag(1) + protowire.SizeVarint(uint64(binding))
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(protowire.SizeTag(6)+protowire.SizeBytes(captured)))
	b = protowire.AppendTag(b, 6, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(captured))
	if binding != 0 {
		b = protowire.AppendTag(b, 1, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(binding))
	}
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	return protowire.AppendVarint(b, uint64(docLen))
}

func (protoCodec) AppendCapturedTail(b []byte) []byte { return b }

func (protoCodec) AppendCheckpoint(b []byte) []byte { return append(b, protoCheckpoint...) }

func (jsonCodec) AppendCapturedHead(b []byte, binding uint32, _ int) []byte {
	b = append(b, `{"captured":{`...)
	if binding != 0 {
		b = append(b, `"binding":`...)
		b = strconv.AppendUint(b, uint64(binding), 10)
		b = append(b, ',')
	}
	return append(b, `"doc":`...)
}

func (jsonCodec) AppendCapturedTail(b []byte) []byte { return append(b, "}}\n"...) }

func (jsonCodec) AppendCheckpoint(b []byte) []byte { return append(b, jsonCheckpoint...) }
