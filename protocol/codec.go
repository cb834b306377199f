// Package protocol is the wire between the Flow runtime and this process, and the capture protocol over it.
//
// What every protocol of Flow shares: a [Codec] frames messages, a [Stream] carries them, [Answer] is the loop over a
// process's requests, and [Main] is a process. The capture protocol alone: a [Connector] answers its requests, and a
// [Session] is what follows Open. The messages are generated from the .proto files beside this one (field numbers: Flow's own
// protocol definitions).
package protocol

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"
)

// MaxMessageBytes bounds one request. Requests carry the schemas of all bindings and run to tens of MiB; the
// largest that other connectors accept is a line of 128 MiB. As the length of a frame, the first four bytes of a
// JSON line are always more (no JSON text has a fourth byte below 0x09), which is how the codecs are told apart.
const MaxMessageBytes = 128 << 20

// MaxResponseBytes is the runtime's limit for one message of a connector: its gRPC client refuses more.
const MaxResponseBytes = 64 << 20

// A Codec frames messages on the wire. Both directions of a process use the same one.
type Codec interface {
	// ReadMessage reads one message into m. It returns [io.EOF] at a clean end between messages.
	ReadMessage(r *bufio.Reader, m proto.Message) error
	// AppendMessage appends m with its framing.
	AppendMessage(b []byte, m proto.Message) ([]byte, error)
}

// CodecByName returns the codec that the runtime calls "proto" or "json".
func CodecByName(name string) (Codec, error) {
	switch name {
	case "proto":
		return protoCodec{}, nil
	case "json":
		return jsonCodec{}, nil
	}
	return nil, fmt.Errorf("unknown codec %q; use proto or json", name)
}

// detectCodec tells the codec from the first four bytes, without consuming them. It returns [io.EOF] if there are none.
func detectCodec(r *bufio.Reader) (Codec, error) {
	head, err := r.Peek(4)
	switch {
	case len(head) == 0:
		return nil, err
	case len(head) == 4 && binary.LittleEndian.Uint32(head) <= MaxMessageBytes:
		return protoCodec{}, nil
	}
	return jsonCodec{}, nil
}

// protoCodec frames each message with its length, four bytes, little endian.
type protoCodec struct{}

func (protoCodec) ReadMessage(r *bufio.Reader, m proto.Message) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err == io.EOF {
		return io.EOF
	} else if err != nil {
		return fmt.Errorf("reading the length of a message: %w", err)
	}
	size := int64(binary.LittleEndian.Uint32(head[:]))
	if size > MaxMessageBytes {
		return fmt.Errorf("a message of %d bytes is announced, more than the %d that are accepted", size, MaxMessageBytes)
	}
	var body bytes.Buffer // grows with what arrives, not with what is announced
	if _, err := io.CopyN(&body, r, size); err != nil {
		return fmt.Errorf("reading a message of %d bytes: %w", size, noEOF(err))
	}
	if err := proto.Unmarshal(body.Bytes(), m); err != nil {
		return fmt.Errorf("decoding a message of %d bytes: %w", size, err)
	}
	return nil
}

func (protoCodec) AppendMessage(b []byte, m proto.Message) ([]byte, error) {
	start := len(b)
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(append(b, 0, 0, 0, 0), m)
	if err != nil {
		return b, fmt.Errorf("encoding a message: %w", err)
	}
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b, nil
}

// noEOF keeps an end inside a message from being taken for a clean one.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
