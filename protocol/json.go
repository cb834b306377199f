package protocol

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// jsonCodec writes each message as one line of JSON. It differs from protojson in that fields named *_json hold JSON
// text, which is embedded as it is; and as the runtime does, it omits zero values.
type jsonCodec struct{}

func (jsonCodec) ReadMessage(r *bufio.Reader, m proto.Message) error {
	for {
		line, err := readLine(r)
		if err != nil {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		dec := jsontext.NewDecoder(bytes.NewBuffer(line))
		if err := decodeMessage(dec, m.ProtoReflect()); err != nil {
			return fmt.Errorf("decoding a message of %d bytes: %w", len(line), noEOF(err))
		}
		if _, err := dec.ReadToken(); err != io.EOF {
			return fmt.Errorf("decoding a message of %d bytes: more follows its JSON object", len(line))
		}
		return nil
	}
}

// readLine reads up to a newline or the end of the input, whatever the size of the reader's buffer.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > MaxMessageBytes:
			return nil, fmt.Errorf("a message is longer than the %d bytes that are accepted", MaxMessageBytes)
		case err == nil, err == io.EOF && len(line) > 0:
			return line, nil
		case err != bufio.ErrBufferFull:
			return nil, err
		}
	}
}

// holdsJSON tells whether a field's value is JSON text.
func holdsJSON(f protoreflect.FieldDescriptor) bool {
	return strings.HasSuffix(string(f.Name()), "_json")
}

// decodeMessage reads a JSON object into m. It accepts lowerCamel and snake_case names and ignores names that it does
// not know, and null for any field.
func decodeMessage(dec *jsontext.Decoder, m protoreflect.Message) error {
	if err := expect(dec, jsontext.KindBeginObject); err != nil {
		return err
	}
	fields := m.Descriptor().Fields()
	for dec.PeekKind() != jsontext.KindEndObject {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		field := fields.ByJSONName(name.String())
		if field == nil {
			field = fields.ByTextName(name.String())
		}
		switch {
		case field == nil, dec.PeekKind() == jsontext.KindNull && !holdsJSON(field):
			err = dec.SkipValue()
		case field.IsList():
			err = decodeList(dec, m.Mutable(field).List(), field)
		case field.IsMap():
			err = decodeMap(dec, m.Mutable(field).Map())
		default:
			var v protoreflect.Value
			if v, err = decodeValue(dec, m.NewField, field); err == nil {
				m.Set(field, v)
			}
		}
		if err != nil {
			return err
		}
	}
	return expect(dec, jsontext.KindEndObject)
}

// decodeList reads a JSON array into a repeated field.
func decodeList(dec *jsontext.Decoder, list protoreflect.List, field protoreflect.FieldDescriptor) error {
	if err := expect(dec, jsontext.KindBeginArray); err != nil {
		return err
	}
	element := func(protoreflect.FieldDescriptor) protoreflect.Value { return list.NewElement() }
	for dec.PeekKind() != jsontext.KindEndArray {
		v, err := decodeValue(dec, element, field)
		if err != nil {
			return err
		}
		list.Append(v)
	}
	return expect(dec, jsontext.KindEndArray)
}

// decodeMap reads a JSON object into a map whose values are JSON text, as those of all maps here are.
func decodeMap(dec *jsontext.Decoder, m protoreflect.Map) error {
	if err := expect(dec, jsontext.KindBeginObject); err != nil {
		return err
	}
	for dec.PeekKind() != jsontext.KindEndObject {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		key := protoreflect.ValueOfString(name.String()).MapKey()
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		m.Set(key, protoreflect.ValueOfBytes(raw.Clone()))
	}
	return expect(dec, jsontext.KindEndObject)
}

// decodeValue reads one value of a field, or one element of it. Numbers may be quoted, enums are names or numbers.
func decodeValue(dec *jsontext.Decoder, create func(protoreflect.FieldDescriptor) protoreflect.Value, field protoreflect.FieldDescriptor) (protoreflect.Value, error) {
	if field.Kind() == protoreflect.MessageKind {
		v := create(field)
		return v, decodeMessage(dec, v.Message())
	}
	if holdsJSON(field) {
		raw, err := dec.ReadValue()
		return protoreflect.ValueOfBytes(raw.Clone()), err
	}
	token, err := dec.ReadToken()
	if err != nil {
		return protoreflect.Value{}, err
	}
	wrong := func() error {
		return fmt.Errorf("%s: a %s is not a %s", dec.StackPointer(), token.Kind(), field.Kind())
	}
	scalar := token.Kind() == jsontext.KindString || token.Kind() == jsontext.KindNumber
	switch kind := field.Kind(); {
	case kind == protoreflect.BoolKind && (token.Kind() == jsontext.KindTrue || token.Kind() == jsontext.KindFalse):
		return protoreflect.ValueOfBool(token.Bool()), nil
	case kind == protoreflect.StringKind && token.Kind() == jsontext.KindString:
		return protoreflect.ValueOfString(token.String()), nil
	case kind == protoreflect.BytesKind && token.Kind() == jsontext.KindString:
		b, err := base64.StdEncoding.DecodeString(token.String())
		return protoreflect.ValueOfBytes(b), err
	case (kind == protoreflect.Uint32Kind || kind == protoreflect.Fixed32Kind) && scalar:
		n, err := strconv.ParseUint(token.String(), 10, 32)
		if err != nil {
			return protoreflect.Value{}, wrong()
		}
		return protoreflect.ValueOfUint32(uint32(n)), nil
	case kind == protoreflect.EnumKind && scalar:
		if value := field.Enum().Values().ByName(protoreflect.Name(token.String())); value != nil {
			return protoreflect.ValueOfEnum(value.Number()), nil
		}
		n, _ := strconv.ParseInt(token.String(), 10, 32) // a name of a newer protocol reads as the zero value
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), nil
	}
	return protoreflect.Value{}, wrong()
}

// expect reads a delimiter.
func expect(dec *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := dec.ReadToken()
	if err == nil && token.Kind() != kind {
		return fmt.Errorf("%s: %s where %s is expected", dec.StackPointer(), token.Kind(), kind)
	}
	return err
}

func (jsonCodec) AppendMessage(b []byte, m proto.Message) ([]byte, error) {
	b, err := appendObject(b, m.ProtoReflect())
	if err != nil {
		return b, fmt.Errorf("encoding a message: %w", err)
	}
	return append(b, '\n'), nil
}

// appendObject writes the fields that are set, in the order of their declaration.
func appendObject(b []byte, m protoreflect.Message) ([]byte, error) {
	b = append(b, '{')
	separate := false
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !m.Has(field) {
			continue
		}
		if separate {
			b = append(b, ',')
		}
		separate = true
		b = strconv.AppendQuote(b, field.JSONName())
		b = append(b, ':')
		var err error
		if field.IsList() {
			b, err = appendList(b, m.Get(field).List(), field)
		} else if field.IsMap() {
			b, err = appendMap(b, m.Get(field).Map())
		} else {
			b, err = appendValue(b, m.Get(field), field)
		}
		if err != nil {
			return b, fmt.Errorf("%s: %w", field.JSONName(), err)
		}
	}
	return append(b, '}'), nil
}

func appendList(b []byte, list protoreflect.List, field protoreflect.FieldDescriptor) ([]byte, error) {
	b = append(b, '[')
	for i := range list.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, list.Get(i), field); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// appendMap writes a map whose values are JSON text, by name.
func appendMap(b []byte, m protoreflect.Map) ([]byte, error) {
	values := map[string][]byte{}
	m.Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
		values[key.String()] = v.Bytes()
		return true
	})
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(values)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, name), ':')
		var err error
		if b, err = appendJSON(b, values[name]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// appendJSON embeds JSON text, in one line.
func appendJSON(b, text []byte) ([]byte, error) {
	raw := jsontext.Value(text).Clone()
	if err := raw.Compact(jsontext.PreserveRawStrings(true)); err != nil {
		return b, err
	}
	return append(b, raw...), nil
}

func appendValue(b []byte, v protoreflect.Value, field protoreflect.FieldDescriptor) ([]byte, error) {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return appendObject(b, v.Message())
	case protoreflect.StringKind:
		return jsontext.AppendQuote(b, v.String())
	case protoreflect.BoolKind:
		return strconv.AppendBool(b, v.Bool()), nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case protoreflect.EnumKind:
		if value := field.Enum().Values().ByNumber(v.Enum()); value != nil {
			return strconv.AppendQuote(b, string(value.Name())), nil
		}
		return strconv.AppendInt(b, int64(v.Enum()), 10), nil
	case protoreflect.BytesKind:
		if !holdsJSON(field) {
			return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"'), nil
		}
		return appendJSON(b, v.Bytes())
	}
	return b, fmt.Errorf("a field of kind %s has no JSON form here", field.Kind())
}
