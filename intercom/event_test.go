package intercom

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// notificationOf is made at 2025-11-24T16:00:00Z, with an item.
func notificationOf(topic, item string) string {
	return fmt.Sprintf(`{"app_id":"w","data":{"item":%s},"topic":%q,"created_at":1764000000}`, item, topic)
}

// What a rule gives: the object, what happened to it, and more members where they are of interest.
func says(e Event) string {
	text := e.ObjectType + "/" + e.ObjectID + " " + e.Operation
	if e.RelatedType != "" {
		text += " with " + e.RelatedType + "/" + e.RelatedID
	}
	if e.MergedFrom != "" {
		text += " from " + e.MergedFrom
	}
	return text
}

func TestWhichObject(t *testing.T) {
	for _, c := range []struct{ topic, item, want string }{
		// A member of the name that the topic uses comes first, then one of the object's own name, then its other names.
		{"ticket.tag.created", `{"type":"ticket_tag","id":"rel","ticket_id":"41","ticket":{"id":7},"tag":{"id":"t"}}`, "ticket/7 updated"},
		{"user.tag.created", `{"type":"user_tag","contact":{"id":"c"},"user":{"id":"u"},"tag":{"id":"t"}}`, "contact/u updated"},
		{"user.tag.deleted", `{"type":"user_tag","contact":{"id":"c"},"lead":{"id":"l"}}`, "contact/c updated"},
		{"contact.subscribed", `{"type":"contact_subscribe","id":"rel","visitor":{"id":"v"}}`, "contact/v updated"},
		{"admin.note.created", `{"type":"admin_note","id":"rel","admin":{"id":9007199254740993}}`, "admin/9007199254740993 updated"},
		{"article.tag.created", `{"type":"article_tag","article":{"model":{"id":12}}}`, "article/12 updated"},
		{"call.note.created", `{"id":"n","note":{"id":"n"},"call":{"id":"","model":{"id":5}}}`, "call/5 updated"},
		{"content_snippet.tag.created", `{"type":"x","content_snippet":{"id":"s"}}`, "content_snippet/s updated"},
		{"call.note.created", `{"call":{"model":{"model":{"id":5}}}}`, "call/ updated"},
		{"ticket.closed", `{"type":"conversation","id":"c","ticket":{"id":"t"}}`, "ticket/t updated"},
		{"conversation.deleted", `{"conversation":[{"id":1}],"conversation_id":"2"}`, "conversation/2 deleted"},
		{"conversation.deleted", `{"conversation":{"id":null},"conversation_id":"2"}`, "conversation/2 deleted"},
		{"contact.tag.created", `{"type":"contact_tag","cont\u0061ct":{"\u0069d":"c\u0031"}}`, "contact/c1 updated"},
		{"fin.answered", `{"type":"answer","fin":{"id":"f"}}`, "fin/f updated"},

		// Then a member with its id.
		{"ticket.rating.provided", `{"type":"rating","id":"r","ticket_id":"7"}`, "ticket/7 updated"},
		{"audience.member_removed", `{"type":"audience_membership","audience_id":5}`, "audience/5 updated"},
		{"contact.note.created", `{"type":"note","id":"n","contact_id":"c"}`, "contact/c updated"},
		{"company.changed", `{"type":"change","id":"x","company_id":"c"}`, "company/c updated"},
		{"api.request.completed", `{"type":"api.request.completed","request_id":"r"}`, "api_request/r created"},
		{"procedure.hitl_notification.created", `{"type":"procedure.hitl_notification","id":"p","conversation_id":"c"}`, "conversation/c updated"},
		{"conversation.rating.added", `{"type":"conversation_rating","id":"r","conversation_id":true}`, "conversation/ updated"},

		// Then the item. What companies and tickets call their id is another.
		{"company.updated", `{"type":"company","id":"c","company_id":"own"}`, "company/c updated"},
		{"ticket.created", `{"type":null,"id":"t","ticket_id":"41"}`, "ticket/t created"},
		{"company.updated", `{"type":"External::Company","id":"c","company_id":"own"}`, "company/c updated"},
		{"user.created", `{"type":"user","id":"u","user_id":"own"}`, "contact/u created"},
		{"call.ended", `{"type":"call","id":"1","conversation_id":"c","contact_id":"d"}`, "call/1 updated"},
		{"contact.user.updated", `{"type":["contact"],"id":"c"}`, "contact/c updated"},
		{"internal_article.updated", `{"type":"unheard_of","id":-3}`, "internal_article/-3 updated"},
		{"custom_object_instance.deleted", `{"type":"Tag","id":"o"}`, "custom_object_instance/o deleted"},

		// Unless it is something of the object, or between two.
		{"conversation_part.redacted", `{"type":"conversation_part","id":"p"}`, "conversation/ updated"},
		{"conversation_part.redacted", `{"id":"p"}`, "conversation/ updated"},
		{"conversation_part.redacted", `{"type":"conversation","id":"c"}`, "conversation/c updated"},
		{"ticket.note.created", `{"type":"ticket_note","id":"n"}`, "ticket/ updated"},
		{"company.segment.created", `{"type":"segment","id":"s"}`, "company/ updated"},
		{"ticket.created", `{"type":"Ticketing::TicketPart","id":"s"}`, "ticket/ created"},
		{"contact.user.updated", `{"type":"External::User","id":"u"}`, "contact/u updated"},

		// What a type and all of a topic name is an object of its own, and so is another that is known.
		{"admin.activity_log_event.created", `{"type":"admin_activity_log_event","id":"a","admin":{"id":1}}`, "admin_activity_log_event/a created"},
		{"admin.activity_log_event.created", `{"id":"a"}`, "admin_activity_log_event/a created"},
		{"data_connector.execution.completed", `{"type":"data_connector.execution","id":"d"}`, "data_connector_execution/d updated"},
		{"fin.procedure.created", `{"type":"fin.procedure","id":"p"}`, "fin_procedure/p created"},
		{"something.new", `{"type":"contact","id":"c"}`, "contact/c updated"},

		// Ids that identify nothing.
		{"contact.deleted", `{"type":"contact","id":""}`, "contact/ deleted"},
		{"contact.deleted", `{"type":"contact","id":1.5}`, "contact/ deleted"},
		{"contact.deleted", `{"type":"contact","id":{"id":1}}`, "contact/ deleted"},
		{"contact.deleted", `{"type":"contact","id":"a","id":"b"}`, "contact/b deleted"},
		{"contact.deleted", `"contact"`, "contact/ deleted"},

		// The other one of two.
		{"company.contact.attached", `{"company":{"id":"a"},"contact":{"id":"b"}}`, "company/a updated with contact/b"},
		{"conversation.user.detached", `{"type":"conversation","id":"a","contact":{"id":"b"}}`, "conversation/a updated with contact/b"},
		{"ticket.company.detached", `{"ticket":{"id":1},"company_id":2}`, "ticket/1 updated with company/2"},
		{"company.contact.attached", `{"type":"contact","id":"b","company_id":"a"}`, "company/a updated with contact/b"},
		{"company.contact.attached", `{"company":{"id":"a"}}`, "company/a updated with contact/"},
		{"contact.merged", `{"type":"contact","id":"a","merged_from":{"type":"contact","id":"b"}}`, "contact/a updated from b"},
		{"contact.merged", `{"type":"contact","id":"a","merged_from":"b"}`, "contact/a updated from b"},
		{"contact.updated", `{"type":"contact","id":"a","merged_from":{"id":"b"}}`, "contact/a updated"},

		// Without a topic, by the type.
		{"", `{"type":"conversation","id":"c"}`, "conversation/c "},
		{"", `{"type":"ticket_ticket_part","ticket":{"id":"t"}}`, "ticket/t "},
		{"", `{"type":"article_tag","id":"rel"}`, "article/ "},
		{"", `{"type":"content_stat.email","content_stat":{"id":3}}`, "content_stat/3 "},
		{"", `{"type":"lead","id":"l"}`, "contact/l "},
		{"", `{"type":"Big Thing","id":"b"}`, "big_thing/b "},
		{"", `{"type":"tag","id":"t"}`, "tag/t "},
		{"", `{"id":"t"}`, "/ "},
		{"", `{"type":"` + strings.Repeat("a_", maxKindBytes/2) + `tag","id":"t"}`, "/ "},
		{"", `{"type":"` + strings.Repeat("a.", maxKindBytes) + `","id":"t"}`, "/ "},
	} {
		if got := says(EventOf([]byte(notificationOf(c.topic, c.item)))); got != c.want {
			t.Errorf("%s %s: %s, not %s", c.topic, c.item, got, c.want)
		}
	}
}

func TestWhatHappened(t *testing.T) {
	for topic, want := range map[string]string{
		"contact.deleted": "deleted", "contact.user.deleted": "deleted", "contact.archive": "deleted", "article.archived": "deleted",
		"admin.removed_from_workspace": "deleted", "user.deleted": "deleted", "Contact.Deleted": "deleted",
		"contact.unarchived": "updated", "article.unpublished": "updated", "contact.tag.deleted": "updated",
		"conversation.participant.deleted": "updated", "conversation_part.deleted": "updated", "contact.note.archived": "updated",
		"company.removed_from_workspace": "updated", "granular.deleted": "updated",
		"ticket.created": "created", "conversation.admin.single.created": "created", "contact.lead.created": "created",
		"admin.added_to_workspace": "created", "call.started": "created", "content_stat.tour": "created", "content_stat.series.webhook": "created",
		"api.request.completed": "created", "event.created": "created", "fin-procedure.created": "created",
		"job.completed": "updated", "call.ended": "updated", "contact.note.created": "updated", "conversation.attachment.created": "updated",
		"procedure.hitl_notification.created": "updated", "job.started": "updated",
		"ping": "", "": "",
	} {
		if got := EventOf([]byte(notificationOf(topic, `{}`))).Operation; got != want {
			t.Errorf("%s: %q, not %q", topic, got, want)
		}
	}
}

func TestWhen(t *testing.T) {
	for _, c := range []struct{ topic, item, want string }{
		{"contact.user.updated", `{"updated_at":1763999995}`, "15:59:55.000"},
		{"contact.user.updated", `{"updated_at":1763999994.999}`, "16:00:00.000"}, // too old
		{"contact.user.updated", `{"updated_at":1764000009}`, "16:00:09.000"},
		{"contact.user.updated", `{"created_at":1763999999}`, "16:00:00.000"},
		{"contact.tag.created", `{"type":"contact_tag","created_at":1763999000,"contact":{"id":"c","updated_at":1763999999}}`, "15:59:59.000"},
		{"contact.tag.created", `{"type":"contact_tag","created_at":1763999998,"contact":{"id":"c","updated_at":1763999999}}`, "15:59:58.000"},
		{"conversation.updated", `{"conversation":{"model":{"id":1,"updated_at":"2025-11-24T15:59:58Z"}}}`, "15:59:58.000"},
		{"conversation.user.created", `{"created_at":1763990000}`, "13:13:20.000"},
		{"conversation.user.created", `{"updated_at":1763999999}`, "16:00:00.000"},
		{"ticket.created", `{"created_at":1763990000}`, "16:00:00.000"},
		{"ticket.created", `{"created_at":1763999996}`, "15:59:56.000"},
		{"contact.deleted", `{"updated_at":1763990000}`, "16:00:00.999"},
		{"data_connector.execution.completed", `{"completed_at":"2025-11-24T15:00:00.5Z"}`, "15:00:00.500"},
		{"data_connector.execution.completed", `{"completed_at":null}`, "16:00:00.000"},
		{"ping", `{}`, "16:00:00.000"},
	} {
		got := EventOf([]byte(notificationOf(c.topic, c.item))).OccurredAt.Format("15:04:05.000")
		if got != c.want {
			t.Errorf("%s %s: %s, not %s", c.topic, c.item, got, c.want)
		}
	}
}

// Without a time of the notification, the object's own counts however old it is; a deletion tells none.
func TestWhenTheNotificationHasNoTime(t *testing.T) {
	for topic, want := range map[string]string{
		"contact.user.updated": `"occurredAt":"2001-09-09T01:46:40.000Z"`, "contact.user.created": `"occurredAt":"2001-09-09T01:46:40.000Z"`,
		"contact.deleted": `{"topic":"contact.deleted","objectType":"contact","operation":"deleted"}`,
	} {
		body := fmt.Sprintf(`{"topic":%q,"data":{"item":{"created_at":1000000000,"updated_at":1000000000}}}`, topic)
		if got := string(EventOf([]byte(body)).AppendJSON(nil)); !strings.Contains(got, want) {
			t.Errorf("%s: %s", topic, got)
		}
	}
}

func TestTimes(t *testing.T) {
	for value, want := range map[string]string{
		`1764000000`: "2025-11-24T16:00:00.000Z", `"1764000000"`: "2025-11-24T16:00:00.000Z",
		`1764000000.123`: "2025-11-24T16:00:00.123Z", `1764000000.9999`: "2025-11-24T16:00:00.999Z", `1.764e9`: "2025-11-24T16:00:00.000Z",
		`"2025-11-24T16:00:00Z"`: "2025-11-24T16:00:00.000Z", `"2025-11-24t16:00:00z"`: "2025-11-24T16:00:00.000Z",
		`"2025-11-24T18:00:00.5+02:00"`: "2025-11-24T16:00:00.500Z", `"2025-11-24T18:00:00+0200"`: "2025-11-24T16:00:00.000Z",
		`"2025-11-24T14:00:00-02"`:                              "2025-11-24T16:00:00.000Z",
		`"2025-11-24T16:00:00.123456789012345678901234567890Z"`: "2025-11-24T16:00:00.123Z",
		`"2025-11-24 16:00:00 UTC"`:                             "2025-11-24T16:00:00.000Z",
		`"2025-11-24 17:00:00.25 +0100"`:                        "2025-11-24T16:00:00.250Z",
		`"2025-11-24T16:00:00\u005a"`:                           "2025-11-24T16:00:00.000Z",
		`1764000000123`:                                         "", // milliseconds
		`0`:                                                     "",
		`-1764000000`:                                           "",
		`"1969-12-31T23:59:59Z"`:                                "",
		`"9999-12-31T23:59:59-01:00"`:                           "",
		`1e999999999`:                                           "",
		`"NaN"`:                                                 "",
		`"0x69248100"`:                                          "",
		`"2025-11-24"`:                                          "",
		`"2025-11-24T16:00:00"`:                                 "", // of no zone
		`"2025-13-24T16:00:00Z"`:                                "",
		`"2025-11-24T16:00:00.` + strings.Repeat("1", 99) + `Z"`: "",
		`null`: "", `true`: "", `{}`: "", `""`: "", ``: "",
	} {
		got := ""
		if at := Value(value).time(); !at.IsZero() {
			got = at.Format("2006-01-02T15:04:05.000Z")
		}
		if got != want {
			t.Errorf("%s: %s, not %s", value, got, want)
		}
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"contact": "contact", "data_connector.execution": "data_connector_execution", "TicketType": "ticket_type", "Order": "order",
		"fin-procedure": "fin-procedure", "Big Thing": "big_thing", "v2Thing": "v2_thing", "a..b": "a_b", ".": "", "Größe": "größe", "": "",
	} {
		if got := snake(name); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
}

func TestWorkspaceAndAttempt(t *testing.T) {
	for body, want := range map[string]string{
		`{"workspace_id":"w"}`:                                      `{"workspaceId":"w"}`,
		`{"app_id":null,"workspace_id":"w"}`:                        `{"workspaceId":"w"}`,
		`{"app_id":12345678901234567890,"delivery_attempts":"2"}`:   `{"workspaceId":"12345678901234567890","attempt":2}`,
		`{"app_id":"w","delivery_attempts":99999999999999999999}`:   `{"workspaceId":"w"}`,
		`{"app_id":"w","delivery_attempts":-1}`:                     `{"workspaceId":"w"}`,
		`{"app_id":"w","data":{"item":{"type":"job","id":"j"}}}`:    `{"workspaceId":"w","objectType":"job","objectId":"j"}`,
		`{"topic":7,"app_id":{},"app_id":"w","data/item":{"id":1}}`: `{"workspaceId":"w"}`,
		`[{"app_id":"w"}]`:                                          `{}`, `"app_id"`: `{}`, `{}`: `{}`, ``: `{}`,
	} {
		if got := string(EventOf([]byte(body)).AppendJSON(nil)); got != want {
			t.Errorf("%s: %s, not %s", body, got, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, topic string
		want           bool
	}{
		{"fin-procedure.run-completed", "fin-procedure.run-completed", true}, {"fin-*", "fin-procedure.run-completed", true},
		{"*.created", "conversation.user.created", true}, {"*.created", "event.created", true}, {"*.created", "created", false},
		{"*.created", "contact.recreated", false}, {"*.user.created", "contact.user.created", true}, {"*.user.created", "user.created", false},
		{"*.tag.*", "contact.user.tag.created", true}, {"*.tag.*", "tag.created", false}, {"*.tag*", "ticket.tagged", true},
		{"*", "", true}, {"contact.*", "contact.created", true}, {"contact.*", "contact", false},
	} {
		if p := Pattern(c.pattern); !p.Possible() || p.Matches(c.topic) != c.want {
			t.Errorf("%s %s: possible %v, matches %v", c.pattern, c.topic, p.Possible(), p.Matches(c.topic))
		}
	}
	for _, pattern := range []string{"", "*.", "*.*", "**", "*created", "a.*.b", "A.b", "a..b", ".a", "a.", "a b", "*.*.a"} {
		if Pattern(pattern).Possible() {
			t.Errorf("%q is possible", pattern)
		}
	}
}

// A sample that is sent again says so, as Intercom's second deliveries do.
func TestRetriesSayRetry(t *testing.T) {
	samples, err := Samples()
	if err != nil {
		t.Fatal(err)
	}
	retries := 0
	for _, s := range samples {
		retry := s.Event().Attempt > 1
		if strings.Contains(string(s.body), `"delivery_status": "retry"`) != retry {
			t.Errorf("%s", s.Name)
		}
		if retry {
			retries++
		}
	}
	if retries == 0 {
		t.Error("there is none")
	}
}

// An event is derived without allocations but for the ids, however large the notification is.
func TestAnEventCostsFewAllocations(t *testing.T) {
	body := []byte(notificationOf("contact.user.tag.created", `{"type":"contact_tag","tags":[`+strings.Repeat(`{"a":["b"]},`, 1000)+
		`0],"contact":{"id":"c","updated_at":1764000000}}`))
	if n := testing.AllocsPerRun(100, func() { EventOf(body) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEventOf(b *testing.B) {
	samples, err := Samples()
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range samples {
		if s.Name == "conversation.user.replied" || s.Name == "ping" {
			b.Run(s.Name, func(b *testing.B) {
				b.SetBytes(int64(len(s.body)))
				b.ReportAllocs()
				for b.Loop() {
					EventOf(s.body)
				}
			})
		}
	}
}

// A cursor finds what encoding/json finds, and no text leads it astray.
func FuzzEventOf(f *testing.F) {
	samples, err := Samples()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range samples {
		f.Add(s.body)
	}
	for _, seed := range []string{`{"topic":"a\\","app_id":"\\\"","data":{"item":{"id":1 }}}`, `{"data":{"item":[{]}`, `{"a" 1}`, `{"topic":`, `{]`, "{\"topic\":\"\xff\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := EventOf(body)
		if text := e.AppendJSON(nil); !json.Valid(text) {
			t.Fatalf("%s", text)
		}
		members := map[string]json.RawMessage{}
		if json.Unmarshal(body, &members) != nil {
			return
		}
		topic := ""
		_ = json.Unmarshal(members["topic"], &topic) // which leaves it empty where it is no string
		if mended := strings.ToValidUTF8(e.Topic, "\ufffd"); mended != strings.ToValidUTF8(topic, "\ufffd") {
			t.Fatalf("the topic is %q, not %q", mended, topic)
		}
	})
}
