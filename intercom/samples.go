package intercom

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// samples are complete notifications, of invented values in true shapes.
//
//go:embed samples
var samples embed.FS

// A Sample is a notification as Intercom sends it.
type Sample struct {
	Name  string // of its file, without the extension
	Topic string
	body  []byte
}

// Samples returns all that there are, by name: at least one for each of the Topics.
func Samples() ([]Sample, error) {
	entries, err := samples.ReadDir("samples")
	if err != nil {
		return nil, err
	}
	var all []Sample
	for _, entry := range entries {
		if entry.Name() == "MANIFEST.json" {
			continue
		}
		text, err := samples.ReadFile("samples/" + entry.Name())
		if err != nil {
			return nil, err
		}
		var envelope struct {
			Topic string `json:"topic"`
		}
		if err := json.Unmarshal(text, &envelope); err != nil {
			return nil, fmt.Errorf("sample %s: %w", entry.Name(), err)
		}
		all = append(all, Sample{strings.TrimSuffix(entry.Name(), ".json"), envelope.Topic, text})
	}
	return all, nil
}

// Notification returns the sample as a new notification: compact, its members in the order of the wire, with an id of
// its own (unless it has none, as a ping) and made at this time. An empty workspace keeps the sample's.
func (s Sample) Notification(id, workspace string, now time.Time) ([]byte, error) {
	seconds := strconv.FormatInt(now.Unix(), 10)
	fresh := map[string]string{"created_at": seconds, "first_sent_at": seconds, "id": strconv.Quote(id)}
	if workspace != "" {
		fresh["app_id"] = strconv.Quote(workspace)
	}
	body := jsontext.Value(bytes.Clone(s.body))
	if err := body.Compact(jsontext.PreserveRawStrings(true)); err != nil {
		return nil, fmt.Errorf("sample %s: %w", s.Name, err)
	}
	out := []byte{'{'}
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for dec.PeekKind() == jsontext.KindString {
		raw, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		name := raw.Clone()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		text := string(value)
		if other, ok := fresh[string(name[1:len(name)-1])]; ok && text != "null" {
			text = other
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), text...)
	}
	if _, err := dec.ReadToken(); err != nil && err != io.EOF {
		return nil, err
	}
	return append(out, '}'), nil
}

// Event returns what the sample says has happened.
func (s Sample) Event() Event { return EventOf(s.body) }
