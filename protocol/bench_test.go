package protocol

import (
	"bytes"
	"testing"
)

// A document of 1.4 KB and its checkpoint, framed for the runtime.
func BenchmarkFraming(b *testing.B) {
	doc := bytes.Repeat([]byte("x"), 1400)
	for name, codec := range map[string]Codec{"proto": protoCodec{}, "json": jsonCodec{}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			frames := make([]byte, 0, 4<<10)
			for b.Loop() {
				frames = FramesOf(codec).AppendCapturedHead(frames[:0], 3, len(doc))
				frames = FramesOf(codec).AppendCapturedTail(append(frames, doc...))
				frames = FramesOf(codec).AppendCheckpoint(frames, nil)
			}
		})
	}
}
