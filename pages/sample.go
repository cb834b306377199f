package pages

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/schemas"
)

// sampleID is the id of all examples of notifications, so that one that is tried again is the same.
const sampleID = "notif_00000000-0000-4000-8000-000000000001"

// sampledAt is when they were made.
var sampledAt = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// usual is the topic of examples for who takes any.
const usual = "contact.user.created"

// sampleOf returns a notification of a topic that one of the patterns names, none of which stand for all, from the first of
// the workspaces, if there is one. Of several it is one that every tool writes alike, if it can be: some change markup.
// A topic that is not known yet has a notification with nothing but that.
func sampleOf(patterns, workspaces []string) object {
	if len(patterns) == 0 {
		patterns = []string{usual}
	}
	samples, err := intercom.Samples()
	if err != nil {
		panic(err) // they are in the binary
	}
	workspace := strings.Join(workspaces[:min(len(workspaces), 1)], "")
	var found object
	for _, pattern := range patterns {
		for _, s := range samples {
			if !intercom.Pattern(pattern).Matches(s.Topic) {
				continue
			}
			text, err := s.Notification(sampleID, workspace, sampledAt)
			if err != nil {
				panic(err)
			}
			notification, _ := decode(text).(object)
			if !bytes.ContainsAny(text, `<>&\`) {
				return notification
			}
			if found == nil {
				found = notification
			}
		}
	}
	if found == nil {
		found = object{"type": "notification_event", "topic": strings.Trim(patterns[0], ".*")}
	}
	return found
}

// takes tells that the collection's schema accepts a body, once the connector has put _meta in.
func (c Collection) takes(body object, params []string) bool {
	v, err := schemas.Compile(c.WriteSchema, c.Key, params)
	if err != nil {
		return false
	}
	values := object{}
	for _, name := range params {
		values[name] = "1"
	}
	document := object{"_meta": object{
		schemas.WebhookID: sampleID, schemas.ReceivedAt: sampledAt.Format(time.RFC3339), schemas.ReqPath: "/", schemas.PathParams: values, schemas.Headers: object{}}}
	for name, value := range body {
		document[name] = value
	}
	text, err := json.Marshal(document)
	if err != nil {
		return false
	}
	wrong, err := v.Validate(context.Background(), text, schemas.NewLimits(len(text), func(int64) error { return nil }))
	return err == nil && len(wrong) == 0
}

// signature returns what the example's signature is where Intercom signs and browsers send the example in no other
// bytes than these: as JSON.stringify writes it. None otherwise.
func (s Site) signature(example any) string {
	secret, text := s.Config.ClientSecret(), encode(example)
	canonical := jsontext.Value(bytes.Clone(text))
	if secret == "" || canonical.Canonicalize() != nil || !bytes.Equal(canonical, text) {
		return ""
	}
	return intercom.Sign(text, secret)
}

// isNear tells that a page is asked for on this machine or a network of its own, by no other page. The example's signature
// is for such eyes alone: who has it can post the example, and search for a secret that is short.
func isNear(r *http.Request) bool {
	far := func(address string) bool {
		if host, _, err := net.SplitHostPort(address); err == nil {
			address = host
		}
		parsed, err := netip.ParseAddr(strings.Trim(address, " []"))
		parsed = parsed.Unmap()
		return address != "localhost" && (err != nil || !parsed.IsLoopback() && !parsed.IsPrivate())
	}
	hops := strings.FieldsFunc(strings.Join(r.Header.Values("X-Forwarded-For"), ","), func(c rune) bool { return c == ',' })
	return r.Header["Origin"] == nil && !far(r.Host) && !far(r.RemoteAddr) && !slices.ContainsFunc(hops, far)
}
