package webhook

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/intercom"
	"source-intercom-ingest/scan"
	"source-intercom-ingest/spec"
)

// reference decides what a hook's targets are the slow way: each pattern as a regular expression, each rule in turn.
func reference(bindings []*Binding, topic string) (want []uint32) {
	var rest []uint32
	for _, b := range bindings {
		named := false
		for _, p := range b.topics {
			expression := strings.ReplaceAll(regexp.QuoteMeta(string(p)), `\*`, ".*")
			named = named || regexp.MustCompile("^"+expression+"$").MatchString(topic)
		}
		switch {
		case named:
			want = append(want, b.index)
		case len(b.topics) == 0:
			rest = append(rest, b.index)
		}
	}
	if len(want) == 0 {
		return rest
	}
	return want
}

func TestTargetsAreThoseOfTheReference(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"conversation", "contact", "user", "created", "tag", "x-y"}
	name := func() string {
		parts := make([]string, 1+random.IntN(3))
		for i := range parts {
			parts[i] = words[random.IntN(len(words))]
		}
		return strings.Join(parts, ".")
	}
	for range 1000 {
		s := &Server{log: logrus.New(), untaken: new(tally), metrics: newMetrics("")}
		s.log.SetLevel(logrus.ErrorLevel)
		var bindings []*Binding
		hasRest := false
		for i := range uint32(random.IntN(6)) {
			b := &Binding{index: i}
			for range random.IntN(4) {
				p := []string{"", "*."}[random.IntN(2)] + name() + []string{"", ".*", "*"}[random.IntN(3)]
				if random.IntN(10) == 0 {
					p = "*"
				}
				if !intercom.Pattern(p).Possible() {
					t.Fatalf("%s is refused", p)
				}
				b.topics = append(b.topics, intercom.Pattern(p))
			}
			if len(b.topics) == 0 && hasRest {
				continue
			}
			hasRest = hasRest || len(b.topics) == 0
			bindings = append(bindings, b)
		}
		h := newHook(s, spec.Path{}, bindings, true)
		for range 20 {
			topic := name()
			var got []uint32
			for _, b := range h.targets(nil, intercom.Event{Topic: topic}) {
				got = append(got, b.index)
			}
			if want := reference(bindings, topic); !slices.Equal(got, want) {
				t.Fatalf("%s goes to %v, not %v", topic, got, want)
			}
		}
	}
}

// notification is one of 1.4 KB.
func notification() []byte {
	return fmt.Appendf(nil, `{"type":"notification_event","app_id":"qz7w41xk","data":{"type":"notification_event_data","item":{"type":"conversation","id":"215473900112233","created_at":1788221400,"updated_at":1788221400,"source":{"type":"conversation","id":"3390417755","body":%q},"open":true,"state":"open","tags":{"type":"tag.list","tags":[]}}},"links":{},"id":"notif_895a456c-ad7f-4846-b9ed-461e8184ca63","topic":"conversation.user.created","delivery_status":"pending","delivery_attempts":1,"delivered_at":0,"first_sent_at":1788221401,"created_at":1788221401,"self":null}`,
		strings.Repeat("Hi! My export fails. ", 42))
}

// The difference between the two is what routing and the event cost.
func BenchmarkDocuments(b *testing.B) {
	body := notification()
	request := httptest.NewRequest(http.MethodPost, "/in", nil)
	for _, notifies := range []bool{false, true} {
		b.Run(fmt.Sprintf("notifies=%v", notifies), func(b *testing.B) {
			h := hookFor(b, "proto", "/in")
			h.notifies = notifies
			h.ask()
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				made, err := h.assemble(request, body, time.Now(), unbounded())
				if err != nil {
					b.Fatal(err)
				}
				commit.Recycle(made.frames) // as the transactor does
			}
		})
	}
}

// A scan for an event, of bodies that are mostly text, and of one that is mostly members.
func BenchmarkScan(b *testing.B) {
	w := scan.WantAt(intercom.Locations[:]...)
	within := func(parts []byte, n int) []byte {
		return fmt.Appendf(nil, `{"topic":"conversation.user.created","data":{"item":{"type":"conversation","parts":[%s{}]}}}`, bytes.Repeat(parts, n))
	}
	member := []byte(`{"type":"conversation_part","id":"38104","created_at":1788221400,"author":{"type":"user","id":"66d3aa10"}},`)
	for name, body := range map[string][]byte{"text": within(append(notification(), ','), 1), "long": within(append(notification(), ','), 100), "members": within(member, 12)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				s, err := scan.Read(body, w, len(intercom.Locations), unbounded())
				if err != nil {
					b.Fatal(err)
				}
				s.Release()
			}
		})
	}
}
