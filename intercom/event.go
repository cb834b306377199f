package intercom

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Locations in a notification from which an Event is derived, as JSON pointers.
var Locations = [...]string{
	topic:     "/topic",
	workspace: "/app_id",
	health:    "/workspace_id",
	createdAt: "/created_at",
	attempts:  "/delivery_attempts",
	inside:    "/data/item",
}

const (
	topic = iota
	workspace
	health // of the installation, which Intercom checks by requests without an app_id
	createdAt
	attempts
	inside
)

// Values are those at the Locations, in their order.
type Values [len(Locations)]Value

// An Event says what happened to which object. Members that can not be derived are zero.
type Event struct {
	Topic       string
	WorkspaceID string
	ObjectType  string // singular, such as conversation
	ObjectID    string
	RelatedType string // of the object that was attached or detached
	RelatedID   string
	MergedFrom  string    // id of the object of that type that is gone
	Operation   string    // created, updated or deleted
	OccurredAt  time.Time // UTC
	Attempt     int64     // from 1
	CreatedAt   time.Time // when the notification was made, which AppendJSON leaves out
}

// EventOf derives an event from a whole notification. A body that is none has the zero event.
func EventOf(notification []byte) Event {
	var values Values
	fill(&values, &cursor{text: notification}, "")
	return NewEvent(&values)
}

// fill finds the values of the next object's members, whose locations begin with that of the object.
func fill(values *Values, c *cursor, object string) {
	if !c.open() {
		c.value()
		return
	}
	for name, ok := c.member(); ok; name, ok = c.member() {
		if object == "" && string(name) == "data" {
			values[inside] = nil // of an earlier member of that name
			fill(values, c, "/data")
			continue
		}
		value := c.value()
		for i, location := range Locations {
			if at, found := strings.CutPrefix(location, object); found && at[1:] == string(name) {
				values[i] = value
			}
		}
	}
}

// NewEvent derives an event from the values at the Locations.
func NewEvent(values *Values) Event {
	e := Event{
		Topic:       values[topic].word(),
		WorkspaceID: cmp.Or(values[workspace].scalar(), values[health].scalar()),
		Attempt:     values[attempts].number(),
		CreatedAt:   values[createdAt].time(),
	}
	s := newSubject(e.Topic)
	if e.Topic == "" {
		s = subjectOfType(kindOf(values[inside]).word())
	}
	i := readItem(values[inside], reference{object: s.object, word: s.word}, s.related())
	e.relate(&s, &i)
	wrapped := e.identify(&s, &i)
	if e.Topic != "" {
		e.Operation = s.operation()
	}
	e.OccurredAt = e.when(&s, &i, wrapped)
	return e
}

// identify finds the object, and tells that it is not the item itself. A member of the object's name comes first, then
// one that has its id, then the item, unless that is something else.
func (e *Event) identify(s *subject, i *item) (wrapped bool) {
	if s.object == "" {
		return false // neither a topic nor a type
	}
	kind := kindName(i.kind.word())
	role := s.roleOf(kind)
	e.ObjectType = s.object
	switch {
	case i.subject.rank > 0:
		e.ObjectID = i.subject.found.id.scalar()
		return true
	case i.subject.id != nil && !(isID(i.id) && (role == itself || kind == "" && s.isNumbered())):
		e.ObjectID = i.subject.id.scalar()
		return true
	case role == somethingOf:
		return true
	case role == another:
		s.become(kind)
		e.ObjectType = s.object
	}
	e.ObjectID = i.id.scalar()
	return false
}

// relate finds the other object, if the topic tells of one.
func (e *Event) relate(s *subject, i *item) {
	e.RelatedType = i.related.object
	e.RelatedID = cmp.Or(i.related.found.id.scalar(), i.related.id.scalar())
	if e.RelatedID == "" && e.RelatedType != "" && objectOf(kindName(i.kind.word())) == e.RelatedType {
		e.RelatedID = i.id.scalar() // the item itself is the other one
	}
	if s.verb == "merged" {
		e.MergedFrom = i.mergedFrom.scalar()
	}
}

// maxLag is how much older than its notification the time of an object may be that was updated: notifications are made
// within seconds of what they tell. An object that is older was not touched by what happened, as by a rating.
const maxLag = 5 * time.Second

// when finds when it happened.
func (e *Event) when(s *subject, i *item, wrapped bool) time.Time {
	switch {
	case e.Operation == "deleted":
		return endOfSecond(e.CreatedAt) // what remains of the object tells no time, or an older one
	case e.Operation == "created" && !s.is("ticket", "created"):
		return cmp.Or(i.createdAt.time(), i.subject.found.createdAt.time(), e.CreatedAt)
	case e.Operation == "created": // a ticket may have been a conversation for long
		return e.recent(i.createdAt, i.subject.found.createdAt)
	case s.verb == "completed" && i.completedAt.time() != (time.Time{}):
		return i.completedAt.time()
	case wrapped:
		return e.recent(i.updatedAt, i.createdAt, i.subject.found.updatedAt)
	}
	return e.recent(i.updatedAt)
}

// recent returns the first time that is not much older than the notification, or that of the notification; the first
// of all where a notification has none.
func (e *Event) recent(times ...Value) time.Time {
	var own time.Time
	for _, value := range times {
		at := value.time()
		if !at.IsZero() && e.CreatedAt.Sub(at) <= maxLag {
			return at
		}
		own = cmp.Or(own, at)
	}
	return cmp.Or(e.CreatedAt, own)
}

// endOfSecond returns the last millisecond of a second. A deletion's notification tells no more than the second, and
// what happened before it in that second must not seem to be later.
func endOfSecond(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.Truncate(time.Second).Add(time.Second - time.Millisecond)
}

// IsEmpty tells that nothing says what happened, to what or in which workspace. Such a webhook is no notification.
func (e *Event) IsEmpty() bool { return e.Topic == "" && e.WorkspaceID == "" && e.ObjectType == "" }

// AppendJSON appends the event as a JSON object, without what could not be derived. Times have milliseconds always, so
// that they sort as text.
func (e Event) AppendJSON(b []byte) []byte {
	start := len(b)
	b = appendText(b, "topic", e.Topic)
	b = appendText(b, "workspaceId", e.WorkspaceID)
	b = appendText(b, "objectType", e.ObjectType)
	b = appendText(b, "objectId", e.ObjectID)
	b = appendText(b, "relatedType", e.RelatedType)
	b = appendText(b, "relatedId", e.RelatedID)
	b = appendText(b, "mergedFrom", e.MergedFrom)
	b = appendText(b, "operation", e.Operation)
	if !e.OccurredAt.IsZero() {
		b = append(b, `,"occurredAt":"`...)
		b = append(e.OccurredAt.AppendFormat(b, "2006-01-02T15:04:05.000Z"), '"')
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
