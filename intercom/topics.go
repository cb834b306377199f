package intercom

import (
	"regexp"
	"strings"
)

// A Pattern names topics: one, such as conversation.user.created, or with an asterisk at its end all that begin so. An
// asterisk alone names all, also the notifications without a topic.
type Pattern string

var isPattern = regexp.MustCompile(`^(?:\*|[a-z0-9_]+(?:\.[a-z0-9_]+)*(?:\.?\*)?)$`).MatchString

// Possible tells that some topic could have a name that the pattern names. Names are lower-case words of letters,
// digits and underscores, joined by dots. There need not be such a topic yet.
func (p Pattern) Possible() bool { return isPattern(string(p)) }

// Matches tells that the pattern names a topic.
func (p Pattern) Matches(topic string) bool {
	prefix, all := strings.CutSuffix(string(p), "*")
	if all {
		return strings.HasPrefix(topic, prefix)
	}
	return topic == string(p)
}

// A Family is a kind of objects whose notifications a user may want in a collection of their own.
type Family struct {
	Name   string
	Topics []string // patterns
}

// Families of the topics in the fact sheet's table. Notifications of other topics have no family.
var Families = []Family{
	{"conversations", []string{"conversation.*", "conversation_part.*"}},
	{"contacts", []string{"contact.*", "user.*", "visitor.*", "granular.*"}},
	{"companies", []string{"company.*"}},
	{"tickets", []string{"ticket.*"}},
	{"admins", []string{"admin.*"}},
	{"articles", []string{"article.*"}},
	{"calls", []string{"call.*"}},
	{"content_stats", []string{"content_stat.*"}},
	{"events", []string{"event.*"}},
	{"jobs", []string{"job.*"}},
}
