package intercom

import "strings"

// A name of an object that topics use beside the object's own, or of something that belongs to it.
type name struct {
	object string
	part   bool // it names something of the object, which is then never created or deleted itself
}

// subjects are what topics begin with that is not the object's own name.
var subjects = map[string]name{
	"user":    {object: "contact"},
	"lead":    {object: "contact"},
	"visitor": {object: "contact"},

	"conversation_part": {"conversation", true},
	"granular":          {"contact", true},
	"procedure":         {"conversation", true},

	"admin.activity_log_event": {object: "admin_activity_log_event"},
	"api.request":              {object: "api_request"},
	"data_connector.execution": {object: "data_connector_execution"},
}

// objects are the kinds that have an id of their own in Intercom. A notification about one may carry another of them.
var objects = map[string]bool{
	"admin": true, "admin_activity_log_event": true, "api_request": true, "article": true, "audience": true, "call": true,
	"company": true, "contact": true, "content_import_source": true, "content_snippet": true, "content_stat": true,
	"conversation": true, "custom_object_instance": true, "data_connector_execution": true, "event": true,
	"internal_article": true, "job": true, "ticket": true,
}

// customObject is the kind whose items have the workspace's own names for it as their types.
const customObject = "custom_object_instance"

// parts are the last words of types of what is on an object, or is between two: its id is never that of the object.
var parts = map[string]bool{
	"attachment": true, "comment": true, "member": true, "membership": true, "message": true, "note": true, "notification": true,
	"part": true, "participant": true, "rating": true, "relation": true, "subscribe": true, "subscription": true, "tag": true,
	"unsubscribe": true,
}

// actors are words in the middle of topics for who did it: conversation.user.created is a conversation that was created.
var actors = map[string]bool{
	"admin": true, "bot": true, "contact": true, "lead": true, "operator": true, "single": true, "team": true, "user": true,
	"visitor": true,
}

// A subject is what a topic says.
type subject struct {
	name
	word  string // for the object: user, where the object is contact
	about string // what of the object, in words joined by dots, or by whom; often empty
	verb  string // what happened, the last word
}

// newSubject reads a topic. Where it is written in capitals, it means the same.
func newSubject(topic string) subject {
	topic = strings.ToLower(topic)
	word, rest, _ := strings.Cut(topic, ".")
	if second, behind, _ := strings.Cut(rest, "."); rest != "" {
		if two := topic[:len(word)+1+len(second)]; subjects[two].object != "" {
			word, rest = two, behind
		}
	}
	s := subject{name: name{object: objectOf(word), part: subjects[word].part}, word: word, verb: rest}
	if dot := strings.LastIndexByte(rest, '.'); dot >= 0 {
		s.about, s.verb = rest[:dot], rest[dot+1:]
	}
	return s
}

// subjectOfType tells what an item without a topic is about: the object that it is, or that it belongs to.
func subjectOfType(kind string) subject {
	if strings.IndexByte(kind, '.') >= 0 && len(kind) <= maxKindBytes {
		s := newSubject(kind) // such as content_stat.email
		return subject{name: s.name, word: s.word}
	}
	kind = kindName(kind)
	for word := kind; isPart(kind); {
		end := strings.LastIndexByte(word, '_')
		if end < 0 {
			break
		}
		if word = word[:end]; objects[objectOf(word)] {
			return subject{name: name{object: objectOf(word)}, word: word}
		}
	}
	return subject{name: name{object: objectOf(kind)}, word: kind}
}

// maxKindBytes bounds a type. The longest known has 24, and a longer one is looked up in parts.
const maxKindBytes = 128

// kindName returns a type as a word; none for one that is too long. What is written as a class within others is the
// class.
func kindName(kind string) string {
	if len(kind) > maxKindBytes {
		return ""
	}
	return snake(kind[strings.LastIndexByte(kind, ':')+1:])
}

// objectOf returns the object that a word of a topic or a type stands for.
func objectOf(word string) string {
	if known, ok := subjects[word]; ok {
		return known.object
	}
	return snake(word)
}

// isPart tells that what has such a type is on an object, or between two.
func isPart(kind string) bool {
	return parts[kind[strings.LastIndexByte(kind, '_')+1:]] || subjects[kind].part
}

// is tells that the topic is of just an object and what happened to it.
func (s *subject) is(object, verb string) bool {
	return s.object == object && s.verb == verb && s.about == ""
}

// names tells that a word stands for the object itself, as user does for a contact.
func (s *subject) names(word string) bool { return objectOf(word) == s.object && !subjects[word].part }

// only tells that all words between the object and the verb are such.
func (s *subject) only(such func(word string) bool) bool {
	for word := range strings.SplitSeq(s.about, ".") {
		if s.about != "" && !such(word) {
			return false
		}
	}
	return true
}

// mentions tells that a type, or its last word, stands between the object and the verb, where it is not one more name
// of the object.
func (s *subject) mentions(kind string) bool {
	last := kind[strings.LastIndexByte(kind, '_')+1:]
	for word := range strings.SplitSeq(s.about, ".") {
		if (word == kind || word == last) && !s.names(word) {
			return true
		}
	}
	return false
}

// related returns the object that is attached to the subject, or detached from it, if the topic tells of that.
func (s *subject) related() (r reference) {
	if s.verb == "attached" || s.verb == "detached" {
		r.word = s.about[strings.LastIndexByte(s.about, '.')+1:]
		r.object = objectOf(r.word)
	}
	return r
}

// A role is what an item is to the subject of its notification.
type role int

const (
	unnamed     role = iota // its type says nothing, so that it is taken for the object
	itself                  // by its type
	somethingOf             // a part of it, or what is between it and another
	another                 // object
)

// roleOf tells the role of an item of such a type.
func (s *subject) roleOf(kind string) role {
	switch {
	case s.object == customObject:
		return unnamed // its type is a name that the workspace chose
	case kind == "" && !s.part:
		return unnamed
	case s.names(kind):
		return itself
	case s.part, isPart(kind), s.mentions(kind) && !s.isNamedWhole(kind):
		return somethingOf
	case s.isNamedWhole(kind), objects[objectOf(kind)]:
		return another
	}
	return unnamed
}

// isNamedWhole tells that a type is all that the topic says before its verb, such as data_connector_execution.
func (s *subject) isNamedWhole(kind string) bool {
	return s.about != "" && kind == snake(s.word+"."+s.about)
}

// become makes an item that is another object the subject. If the topic names it whole, that happened to it.
func (s *subject) become(kind string) {
	if s.isNamedWhole(kind) {
		s.about = ""
	}
	s.object = objectOf(kind)
}

// isNumbered tells that objects of the kind have a member that is called their id, but does not identify them: it is
// the user's own number for a company, and that which people see of a ticket.
func (s *subject) isNumbered() bool { return s.object == "company" || s.object == "ticket" }

// operation says what happened to the object: what is done to something of it, such as a tag or a note, updates it.
func (s *subject) operation() string {
	switch {
	case s.word == "" || s.word == "ping":
		return ""
	case s.object == "content_stat", s.is("admin", "added_to_workspace"), s.is("call", "started"), s.is("api_request", "completed"):
		return "created" // the first that is heard of it
	case s.is("admin", "removed_from_workspace"):
		return "deleted"
	case s.part:
		return "updated"
	case s.verb == "created" && s.only(func(word string) bool { return actors[word] }):
		return "created"
	case (s.verb == "deleted" || s.verb == "archived" || s.verb == "archive") && s.only(s.names):
		return "deleted"
	}
	return "updated"
}
