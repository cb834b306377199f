package protocol

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Frames are the framed messages of a capture's hot path, which are appended and read without reflection: every
// webhook is one Captured, one Checkpoint and one Acknowledge.
type Frames interface {
	// AppendCapturedHead begins a Captured response. A document of exactly docLen bytes of JSON, which holds no
	// newline, and then AppendCapturedTail must follow.
	AppendCapturedHead(b []byte, binding uint32, docLen int) []byte
	AppendCapturedTail(b []byte) []byte
	// AppendCheckpoint appends a Checkpoint whose state is a merge patch, JSON text without a newline. Without one, the patch is
	// empty, which leaves the state as it is.
	AppendCheckpoint(b, patch []byte) []byte
	// readAcknowledge reads an Acknowledge as runtimes write it. If something else is next, nothing is read.
	readAcknowledge(r *bufio.Reader) (checkpoints uint32, ok bool)
}

// FramesOf returns the frames in a codec.
func FramesOf(c Codec) Frames { return c.(Frames) } // both codecs have them

// Tests hold these equal to AppendMessage and ReadMessage. Field numbers are those of capture.proto: Response.captured = 6,
// Captured.binding = 1, Captured.doc_json = 2, Response.checkpoint = 7; Request.acknowledge = 6, Acknowledge.checkpoints = 1.

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

func (protoCodec) AppendCheckpoint(b, patch []byte) []byte {
	if patch == nil {
		return append(b, protoCheckpoint...)
	}
	const mergePatch = "\x10\x01"
	state := protowire.SizeTag(1) + protowire.SizeBytes(len(patch)) + len(mergePatch)
	checkpoint := protowire.SizeTag(1) + protowire.SizeBytes(state)
	b = binary.LittleEndian.AppendUint32(b, uint32(protowire.SizeTag(7)+protowire.SizeBytes(checkpoint)))
	b = protowire.AppendVarint(protowire.AppendTag(b, 7, protowire.BytesType), uint64(checkpoint))
	b = protowire.AppendVarint(protowire.AppendTag(b, 1, protowire.BytesType), uint64(state))
	b = protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), patch)
	return append(b, mergePatch...)
}

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

func (jsonCodec) AppendCheckpoint(b, patch []byte) []byte {
	if patch == nil {
		return append(b, jsonCheckpoint...)
	}
	b = append(append(b, `{"checkpoint":{"state":{"updated":`...), patch...)
	return append(b, `,"mergePatch":true}}}`+"\n"...)
}

// acknowledgeBytes is more than an Acknowledge takes, framing included.
const acknowledgeBytes = 64

func (protoCodec) readAcknowledge(r *bufio.Reader) (checkpoints uint32, ok bool) {
	head, err := r.Peek(4)
	if err != nil {
		return 0, false
	}
	size := int(binary.LittleEndian.Uint32(head))
	if size == 0 || size > acknowledgeBytes {
		return 0, false
	}
	b, err := r.Peek(4 + size)
	if err != nil {
		return 0, false
	}
	field, kind, n := protowire.ConsumeTag(b[4:])
	if n < 0 || field != 6 || kind != protowire.BytesType {
		return 0, false
	}
	message, m := protowire.ConsumeBytes(b[4+n:])
	if m != size-n {
		return 0, false
	}
	field, kind, n = protowire.ConsumeTag(message)
	if n < 0 || field != 1 || kind != protowire.VarintType {
		return 0, false
	}
	count, m := protowire.ConsumeVarint(message[n:])
	if m != len(message)-n || count != uint64(uint32(count)) {
		return 0, false
	}
	_, _ = r.Discard(4 + size)
	return uint32(count), true
}

func (jsonCodec) readAcknowledge(r *bufio.Reader) (checkpoints uint32, ok bool) {
	if _, err := r.Peek(1); err != nil {
		return 0, false
	}
	b, _ := r.Peek(min(r.Buffered(), acknowledgeBytes))
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return 0, false
	}
	rest, isAcknowledge := bytes.CutPrefix(b[:end], []byte(`{"acknowledge":{"checkpoints":`))
	digits, whole := bytes.CutSuffix(rest, []byte("}}"))
	if !isAcknowledge || !whole {
		return 0, false
	}
	const most = 9 // digits, which no overflow is possible with
	if len(digits) == 0 || len(digits) > most || digits[0] == '0' {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		checkpoints = 10*checkpoints + uint32(c-'0')
	}
	_, _ = r.Discard(end + 1)
	return checkpoints, true
}
