package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
)

// The runtime's side of the wire, written a second time from the protocol's tables, so that the connector's own
// messages are checked and not shared. Messages are JSON text here; in the proto codec they are translated.

// A field of a message: its number, and what it holds. The kinds are s string, j JSON text, u varint, b bool,
// f fixed32, e the enum of a capture's connector types, E that of a materialization's, c that of constraints, m a map of one entry to JSON text, and otherwise the name of a message. A plus sign says repeated.
type field struct {
	number protowire.Number
	kind   string
}

var messages = map[string]map[string]field{
	"Request": {"spec": {1, "RSpec"}, "discover": {2, "RDiscover"}, "validate": {3, "RValidate"}, "apply": {4, "RApply"},
		"open": {5, "ROpen"}, "acknowledge": {6, "RAcknowledge"}, "novelty": {77, "s"}},
	"RSpec":            {"connectorType": {1, "e"}, "config": {2, "j"}},
	"RDiscover":        {"connectorType": {1, "e"}, "config": {2, "j"}, "name": {3, "s"}},
	"RValidate":        {"name": {1, "s"}, "connectorType": {2, "e"}, "config": {3, "j"}, "bindings": {4, "+RValidateBinding"}, "novelty": {77, "s"}},
	"RValidateBinding": {"resourceConfig": {1, "j"}, "collection": {2, "Collection"}, "backfill": {3, "u"}},
	"RApply":           {"capture": {1, "Capture"}, "version": {2, "s"}},
	"ROpen":            {"capture": {1, "Capture"}, "version": {2, "s"}, "range": {3, "Range"}, "state": {4, "j"}},
	"RAcknowledge":     {"checkpoints": {1, "u"}},
	"Capture":          {"name": {1, "s"}, "connectorType": {2, "e"}, "config": {3, "j"}, "bindings": {4, "+CaptureBinding"}, "intervalSeconds": {5, "u"}},
	"CaptureBinding": {"resourceConfig": {1, "j"}, "resourcePath": {2, "+s"}, "collection": {3, "Collection"},
		"backfill": {4, "u"}, "stateKey": {5, "s"}},
	"Collection": {"name": {1, "s"}, "key": {3, "+s"}, "uuidPtr": {4, "s"}, "writeSchema": {8, "j"}, "readSchema": {11, "j"}},
	"Range":      {"keyBegin": {2, "f"}, "keyEnd": {3, "f"}, "rClockBegin": {4, "f"}, "rClockEnd": {5, "f"}},

	"Response": {"spec": {1, "Spec"}, "discovered": {2, "Discovered"}, "validated": {3, "Validated"}, "applied": {4, "Applied"},
		"opened": {5, "Opened"}, "captured": {6, "Captured"}, "checkpoint": {7, "Checkpoint"}},
	"Spec": {"protocol": {1, "u"}, "configSchema": {2, "j"}, "resourceConfigSchema": {3, "j"}, "documentationUrl": {4, "s"},
		"oauth2": {5, "OAuth2"}, "resourcePathPointers": {6, "+s"}},
	"OAuth2": {"provider": {1, "s"}, "authUrlTemplate": {2, "s"}, "accessTokenUrlTemplate": {3, "s"}, "accessTokenBody": {4, "s"},
		"accessTokenHeaders": {5, "m"}, "accessTokenResponseMap": {6, "m"}},
	"Discovered": {"bindings": {1, "+DiscoveredBinding"}},
	"DiscoveredBinding": {"recommendedName": {1, "s"}, "resourceConfig": {2, "j"}, "documentSchema": {3, "j"}, "key": {4, "+s"},
		"disable": {5, "b"}, "resourcePath": {6, "+s"}, "isFallbackKey": {7, "b"}},
	"Validated":        {"bindings": {1, "+ValidatedBinding"}},
	"ValidatedBinding": {"resourcePath": {1, "+s"}},
	"Applied":          {"actionDescription": {1, "s"}},
	"Opened":           {"explicitAcknowledgements": {1, "b"}},
	"Captured":         {"binding": {1, "u"}, "doc": {2, "j"}},
	"Checkpoint":       {"state": {1, "State"}},
	"State":            {"updated": {1, "j"}, "mergePatch": {2, "b"}},

	// Those of a materialization.
	"MRequest": {"spec": {1, "MRSpec"}, "validate": {2, "MRValidate"}, "apply": {3, "MRApply"}, "open": {4, "MROpen"}, "load": {5, "MRLoad"}, "flush": {6, "MEmpty"},
		"store": {7, "MRStore"}, "startCommit": {8, "MRStartCommit"}, "acknowledge": {9, "MRAcknowledge"}},
	"MRSpec":            {"connectorType": {1, "E"}, "config": {2, "j"}},
	"MRValidate":        {"name": {1, "s"}, "connectorType": {2, "E"}, "config": {3, "j"}, "bindings": {4, "+MRValidateBinding"}},
	"MRValidateBinding": {"resourceConfig": {1, "j"}, "collection": {2, "MCollection"}, "backfill": {4, "u"}},
	"MRApply":           {"materialization": {1, "Materialization"}, "version": {2, "s"}, "state": {6, "j"}},
	"MROpen":            {"materialization": {1, "Materialization"}, "version": {2, "s"}, "range": {3, "Range"}, "state": {4, "j"}},
	"MRLoad":            {"binding": {1, "u"}, "key": {2, "j"}},
	"MRStore":           {"binding": {1, "u"}, "key": {2, "j"}, "values": {4, "j"}, "doc": {6, "j"}, "exists": {7, "b"}, "delete": {8, "b"}},
	"MRStartCommit":     {"runtimeCheckpoint": {1, "MEmpty"}, "statePatches": {2, "j"}},
	"MRAcknowledge":     {"statePatches": {1, "j"}},
	"MEmpty":            {},
	"Materialization":   {"name": {1, "s"}, "connectorType": {2, "E"}, "config": {3, "j"}, "bindings": {4, "+MBinding"}},
	"MBinding": {"resourceConfig": {1, "j"}, "resourcePath": {2, "+s"}, "collection": {3, "MCollection"}, "fieldSelection": {4, "MSelection"},
		"deltaUpdates": {5, "b"}, "stateKey": {13, "s"}},
	"MSelection":  {"keys": {1, "+s"}, "values": {2, "+s"}, "document": {3, "s"}},
	"MCollection": {"name": {1, "s"}, "key": {3, "+s"}, "uuidPtr": {4, "s"}, "projections": {6, "+MProjection"}, "writeSchema": {8, "j"}},
	"MProjection": {"ptr": {1, "s"}, "field": {2, "s"}, "isPrimaryKey": {5, "b"}},

	"MResponse": {"spec": {1, "MSpec"}, "validated": {2, "MValidated"}, "applied": {3, "Applied"}, "opened": {4, "MEmpty"}, "flushed": {6, "MEmpty"},
		"startedCommit": {7, "Checkpoint"}, "acknowledged": {8, "Checkpoint"}},
	"MSpec":                 {"protocol": {1, "u"}, "configSchema": {2, "j"}, "resourceConfigSchema": {3, "j"}, "documentationUrl": {4, "s"}},
	"MValidated":            {"bindings": {1, "+MValidatedBinding"}},
	"MValidatedBinding":     {"resourcePath": {2, "+s"}, "deltaUpdates": {3, "b"}, "projectionConstraints": {6, "+MProjectionConstraint"}},
	"MProjectionConstraint": {"field": {1, "s"}, "constraint": {2, "MConstraint"}},
	"MConstraint":           {"type": {2, "c"}, "reason": {3, "s"}},
}

// constraintTypes are those of MConstraint, by their numbers.
var constraintTypes = []string{"INVALID", "FIELD_REQUIRED", "LOCATION_REQUIRED", "LOCATION_RECOMMENDED", "FIELD_OPTIONAL", "FIELD_FORBIDDEN", "INCOMPATIBLE"}

// toProto translates a message from JSON text.
func toProto(message string, text []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	var b []byte
	for name, value := range members {
		f, ok := messages[message][name]
		if !ok {
			return nil, fmt.Errorf("%s has no field %s", message, name)
		}
		values := []json.RawMessage{value}
		kind, repeated := strings.CutPrefix(f.kind, "+")
		if repeated {
			if err := json.Unmarshal(value, &values); err != nil {
				return nil, err
			}
		}
		for _, value := range values {
			var err error
			if b, err = appendField(b, f.number, kind, value); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return b, nil
}

func appendField(b []byte, number protowire.Number, kind string, value json.RawMessage) ([]byte, error) {
	switch kind {
	case "j":
		return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), value), nil
	case "s":
		var s string
		err := json.Unmarshal(value, &s)
		return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), s), err
	case "u":
		var n uint64
		err := json.Unmarshal(value, &n)
		return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), n), err
	case "f":
		var n uint32
		err := json.Unmarshal(value, &n)
		return protowire.AppendFixed32(protowire.AppendTag(b, number, protowire.Fixed32Type), n), err
	case "e":
		n := map[string]uint64{`"IMAGE"`: 7, `"LOCAL"`: 8}[string(value)]
		return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), n), nil
	case "E":
		n := map[string]uint64{`"IMAGE"`: 8, `"LOCAL"`: 9}[string(value)]
		return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), n), nil
	case "b":
		return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), protowire.EncodeBool(string(value) == "true")), nil
	}
	nested, err := toProto(kind, value)
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), nested), err
}

// toJSON translates a message to JSON text, with its fields in the order of the wire.
func toJSON(message string, b []byte) ([]byte, error) {
	type member struct {
		name     string
		repeated bool
		values   [][]byte
	}
	var members []*member
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		b = b[n:]
		name, f := fieldOf(message, number)
		if name == "" {
			return nil, fmt.Errorf("%s has no field %d", message, number)
		}
		kind, repeated := strings.CutPrefix(f.kind, "+")
		var value []byte
		switch wire {
		case protowire.VarintType:
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return nil, protowire.ParseError(n)
			}
			b = b[n:]
			value = fmt.Appendf(nil, "%d", v)
			if kind == "b" {
				value = fmt.Appendf(nil, "%t", v != 0)
			}
			if kind == "c" && v < uint64(len(constraintTypes)) {
				value = fmt.Appendf(nil, "%q", constraintTypes[v])
			}
		case protowire.BytesType:
			v, n := protowire.ConsumeBytes(b)
			if n < 0 {
				return nil, protowire.ParseError(n)
			}
			b = b[n:]
			var err error
			switch kind {
			case "j":
				value = v
			case "s":
				value, err = jsontext.AppendQuote(nil, v)
			case "m":
				value, err = entry(v)
			default:
				value, err = toJSON(kind, v)
			}
			if err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("%s.%s has the wire type %d", message, name, wire)
		}
		if last := len(members) - 1; repeated && last >= 0 && members[last].name == name {
			members[last].values = append(members[last].values, value)
			continue
		}
		members = append(members, &member{name, repeated, [][]byte{value}})
	}
	out := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, "%q:", m.name)
		joined := bytes.Join(m.values, []byte{','})
		if m.repeated {
			joined = append(append([]byte{'['}, joined...), ']')
		}
		out = append(out, joined...)
	}
	return append(out, '}'), nil
}

// entry translates one of a map.
func entry(b []byte) ([]byte, error) {
	_, _, n := protowire.ConsumeTag(b)
	key, m := protowire.ConsumeBytes(b[max(0, n):])
	if n < 0 || m < 0 {
		return nil, fmt.Errorf("an entry without a key")
	}
	_, _, k := protowire.ConsumeTag(b[n+m:])
	value, l := protowire.ConsumeBytes(b[n+m+max(0, k):])
	if k < 0 || l < 0 {
		return nil, fmt.Errorf("an entry without a value")
	}
	return fmt.Appendf(nil, "{%q:%s}", key, value), nil
}

func fieldOf(message string, number protowire.Number) (string, field) {
	for name, f := range messages[message] {
		if f.number == number {
			return name, f
		}
	}
	return "", field{}
}

// check holds a response of the JSON codec to what the runtime accepts: known names only, and no nulls.
func check(message string, text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	if (message == "Response" || message == "MResponse") && len(members) != 1 {
		return fmt.Errorf("a response has %d members", len(members))
	}
	for name, value := range members {
		f, ok := messages[message][name]
		if !ok {
			return fmt.Errorf("%s has no field %s", message, name)
		}
		kind, repeated := strings.CutPrefix(f.kind, "+")
		if string(value) == "null" && kind != "j" {
			return fmt.Errorf("%s.%s is null", message, name)
		}
		values := []json.RawMessage{value}
		if repeated {
			if err := json.Unmarshal(value, &values); err != nil {
				return err
			}
		}
		for _, value := range values {
			if _, isMessage := messages[kind]; isMessage {
				if err := check(kind, value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
