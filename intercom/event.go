package intercom

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Locations in a notification from which an Event is derived, as JSON pointers. Shapes are those of the fact sheet's
// catalogue: plain objects, tombstones, wrappers with a type of their own, and three without any.
var Locations = [...]string{
	topic:         "/topic",
	workspace:     "/app_id",
	createdAt:     "/created_at",
	attempts:      "/delivery_attempts",
	itemType:      "/data/item/type",
	itemID:        "/data/item/id",
	itemCreatedAt: "/data/item/created_at",
	itemUpdatedAt: "/data/item/updated_at",

	conversationID:        "/data/item/conversation_id",
	conversationNestedID:  "/data/item/conversation/id",
	conversationModelID:   "/data/item/conversation/model/id",
	conversationUpdatedAt: "/data/item/conversation/model/updated_at",
	contactID:             "/data/item/contact/id",
	contactUpdatedAt:      "/data/item/contact/updated_at",
	userID:                "/data/item/user/id",
	userUpdatedAt:         "/data/item/user/updated_at",
	companyID:             "/data/item/company/id",
	companyUpdatedAt:      "/data/item/company/updated_at",
	ticketID:              "/data/item/ticket/id",
	ticketUpdatedAt:       "/data/item/ticket/updated_at",
	contentStatID:         "/data/item/content_stat/id",
	audienceID:            "/data/item/audience_id",
	requestID:             "/data/item/request_id",
}

const (
	topic = iota
	workspace
	createdAt
	attempts
	itemType
	itemID
	itemCreatedAt
	itemUpdatedAt
	conversationID
	conversationNestedID
	conversationModelID
	conversationUpdatedAt
	contactID
	contactUpdatedAt
	userID
	userUpdatedAt
	companyID
	companyUpdatedAt
	ticketID
	ticketUpdatedAt
	contentStatID
	audienceID
	requestID
)

// A Value is the JSON text at a location; empty where a notification lacks it.
type Value []byte

// Values are those at the Locations, in their order.
type Values [len(Locations)]Value

// An Event says what happened to which object. Members that can not be derived are zero.
type Event struct {
	Topic       string
	WorkspaceID string
	ObjectType  string // singular, such as conversation
	ObjectID    string
	Operation   string    // created, updated or deleted
	OccurredAt  time.Time // UTC
	Attempt     int64     // from 1
	CreatedAt   time.Time // when the notification was made, which AppendJSON leaves out
}

// An identity is where the id and the time of an object stand that is not the item itself, the first that is there.
type identity struct {
	ids, updatedAt []int
}

// identities of objects that are wrapped, or have their id elsewhere than in item.id.
var identities = map[string]identity{
	"conversation": {[]int{conversationNestedID, conversationModelID, conversationID}, []int{conversationUpdatedAt}},
	"contact":      {[]int{contactID, userID}, []int{contactUpdatedAt, userUpdatedAt}},
	"company":      {[]int{companyID}, []int{companyUpdatedAt}},
	"ticket":       {[]int{ticketID}, []int{ticketUpdatedAt}},
	"content_stat": {[]int{contentStatID}, nil},
	"audience":     {[]int{audienceID}, nil},
	"api_request":  {[]int{requestID}, nil},
}

// objects are the types of items that are not those of the object that the notification is about.
var objects = map[string]string{
	"user": "contact", "lead": "contact", "visitor": "contact",
	"contact_tag": "contact", "user_tag": "contact",
	"contact_subscribe": "contact", "contact_unsubscribe": "contact",
	"granular_subscribe": "contact", "granular_unsubscribe": "contact",
	"ticket_ticket_part":          "ticket",
	"conversation_part":           "conversation",
	"audience_membership":         "audience",
	"api.request.completed":       "api_request",
	"procedure.hitl_notification": "conversation",
}

// subjects are the first segments of topics that are not the name of the object.
var subjects = map[string]string{"conversation_part": "conversation", "user": "contact", "visitor": "contact", "granular": "contact"}

// NewEvent derives an event from the values at the Locations.
func NewEvent(values *Values) Event {
	e := Event{
		Topic:       values[topic].word(),
		WorkspaceID: values[workspace].scalar(),
		Attempt:     values[attempts].number(),
		CreatedAt:   values[createdAt].time(),
	}
	e.ObjectType = objectType(e.Topic, values[itemType].word())
	e.Operation = operation(e.Topic)
	shape := identities[e.ObjectType]
	e.ObjectID = values[itemID].scalar()
	wrapped := e.ObjectID == ""
	if wrapped {
		e.ObjectID = first(values, Value.scalar, shape.ids)
	}
	var at time.Time
	switch {
	case e.Operation == "deleted": // what remains of the object tells no time, or an older one
	case e.Operation == "created":
		at = values[itemCreatedAt].time()
	case wrapped:
		at = cmp.Or(values[itemUpdatedAt].time(), values[itemCreatedAt].time(), first(values, Value.time, shape.updatedAt))
	default:
		at = values[itemUpdatedAt].time()
	}
	e.OccurredAt = cmp.Or(at, e.CreatedAt)
	return e
}

// EventOf derives an event from a whole notification. A body that is none has the zero event.
func EventOf(notification []byte) Event {
	var values Values
	for i, pointer := range Locations {
		value := json.RawMessage(notification)
		for token := range strings.SplitSeq(pointer[1:], "/") {
			var members map[string]json.RawMessage
			if json.Unmarshal(value, &members) != nil {
				value = nil // what is wanted lies in an object that is not there
				break
			}
			value = members[token]
		}
		values[i] = Value(value)
	}
	return NewEvent(&values)
}

// first returns what the first of the slots has that is not zero.
func first[T comparable](values *Values, read func(Value) T, slots []int) (found T) {
	for _, slot := range slots {
		if value := read(values[slot]); value != found {
			return value
		}
	}
	return found
}

// objectType names the object that a notification is about, by the type of its item or, where that has none, by its
// topic.
func objectType(topic, itemType string) string {
	if itemType == "" {
		subject, _, _ := strings.Cut(topic, ".")
		if object, ok := subjects[subject]; ok {
			return object
		}
		return subject
	}
	if strings.HasPrefix(itemType, "content_stat.") {
		return "content_stat"
	}
	if object, ok := objects[itemType]; ok {
		return object
	}
	return itemType
}

// operation says what a topic means for the object that it is about: creating a tag or a note updates what it is on.
func operation(topic string) string {
	if topic == "" || topic == "ping" {
		return ""
	}
	last := topic[strings.LastIndexByte(topic, '.')+1:]
	for _, part := range []string{"conversation_part.", ".tag.", ".note.", ".hitl_notification."} {
		if strings.Contains(topic, part) {
			return "updated"
		}
	}
	switch last {
	case "created":
		return "created"
	case "deleted", "archived", "archive":
		return "deleted"
	}
	return "updated"
}

// AppendJSON appends the event as a JSON object, without what could not be derived.
func (e Event) AppendJSON(b []byte) []byte {
	start := len(b)
	b = appendText(b, "topic", e.Topic)
	b = appendText(b, "workspaceId", e.WorkspaceID)
	b = appendText(b, "objectType", e.ObjectType)
	b = appendText(b, "objectId", e.ObjectID)
	b = appendText(b, "operation", e.Operation)
	if !e.OccurredAt.IsZero() {
		b = append(b, `,"occurredAt":"`...)
		b = append(e.OccurredAt.AppendFormat(b, time.RFC3339Nano), '"')
	}
	if e.Attempt > 0 {
		b = strconv.AppendInt(append(b, `,"attempt":`...), e.Attempt, 10)
	}
	if len(b) == start {
		b = append(b, ',')
	}
	b[start] = '{' // in place of the first comma
	return append(b, '}')
}

// appendText appends a member behind a comma, unless its value could not be derived.
func appendText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	b, _ = jsontext.AppendQuote(b, value) // which was valid UTF-8 when it was read
	return b
}

// text returns what a string says; nothing of any other value.
func (v Value) text() string {
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	text, _ := jsontext.AppendUnquote(nil, v)
	return string(text)
}

// words are topics and types that notifications are known to have, so that they need not be copied from each.
var words = func() map[string]string {
	words := map[string]string{}
	for _, t := range Topics {
		words[t.Name] = t.Name
	}
	for item, object := range objects {
		words[item], words[object] = item, object
	}
	for object := range identities {
		words[object] = object
	}
	return words
}()

// word returns what a string says, which is likely to be a known one.
func (v Value) word() string {
	if len(v) > 2 {
		if word, ok := words[string(v[1:len(v)-1])]; ok && v[0] == '"' {
			return word
		}
	}
	return v.text()
}

// scalar returns what a string says, or the digits of an integer, which no float has rounded.
func (v Value) scalar() string {
	if v.isInteger() {
		return string(v)
	}
	return v.text()
}

// isInteger tells that a value is a number without a fraction or an exponent, whose digits are therefore its text.
func (v Value) isInteger() bool {
	for i, c := range v {
		if (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false
		}
	}
	return len(v) > 0
}

// number returns an integer, which may be written as a string; 0 for any other value.
func (v Value) number() int64 {
	if v.isInteger() {
		n, _ := strconv.ParseInt(string(v), 10, 64)
		return n
	}
	n, _ := strconv.ParseInt(v.text(), 10, 64)
	return n
}

// time reads seconds since 1970, as a number or a string, and RFC 3339; the zero time for any other value, and for 0.
func (v Value) time() time.Time {
	if len(v) == 0 {
		return time.Time{}
	}
	const year9999 = 253_402_300_799 // the last second that RFC 3339 can write
	if n := v.number(); n > 0 && n <= year9999 {
		return time.Unix(n, 0).UTC()
	}
	at, err := time.Parse(time.RFC3339, v.text())
	if err != nil || at.Year() < 1 || at.UTC().Year() > 9999 {
		return time.Time{}
	}
	return at.UTC()
}
