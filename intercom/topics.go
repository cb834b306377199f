package intercom

import (
	"regexp"
	"strings"
)

// A Pattern names topics: one, such as conversation.user.created, or with an asterisk at its end all that begin so, or
// with an asterisk and a dot at its beginning all that end so; with both, those that have it within. An asterisk alone
// names all, also the notifications without a topic.
type Pattern string

var isPattern = regexp.MustCompile(`^(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?:\.?\*)?)$`).MatchString

// Possible tells that some topic could have a name that the pattern names. Names are lower-case words of letters,
// digits, underscores and hyphens, joined by dots. There need not be such a topic yet.
func (p Pattern) Possible() bool { return isPattern(string(p)) }

// Matches tells that the pattern names a topic.
func (p Pattern) Matches(topic string) bool {
	within, ends := strings.CutPrefix(string(p), "*.")
	within, begins := strings.CutSuffix(within, "*")
	switch {
	case ends && begins:
		return strings.Contains(topic, "."+within)
	case ends:
		return strings.HasSuffix(topic, "."+within)
	case begins:
		return strings.HasPrefix(topic, within)
	}
	return topic == within
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

// A Topic is one that there is a sample of.
type Topic struct {
	Name string
	Says string // when Intercom sends it
}

// Topics are those of the samples, in order. From Intercom's page "Webhook Topics"; user.unsubscribed and the like are
// those of API versions 1.x.
var Topics = []Topic{
	{"admin.activity_log_event.created", "Something was written to the activity log of the workspace."},
	{"admin.away_mode_updated", "A teammate went away or came back."},
	{"article.published", "An article was published."},
	{"call.ended", "A phone call ended."},
	{"company.contact.attached", "A contact was added to a company."},
	{"company.created", "A company was created."},
	{"company.deleted", "A company was deleted."},
	{"company.updated", "A company's attributes changed."},
	{"contact.archived", "A contact was archived."},
	{"contact.created", "A lead was created (API 1.x)."},
	{"contact.deleted", "A contact was deleted."},
	{"contact.email.updated", "A contact's email address changed."},
	{"contact.lead.created", "A lead was created."},
	{"contact.lead.signed_up", "A lead became a user."},
	{"contact.lead.tag.deleted", "A tag was taken from a lead."},
	{"contact.merged", "A lead was merged into a user."},
	{"contact.tag.created", "A lead was tagged (API 1.x)."},
	{"contact.unsubscribed", "A contact unsubscribed from emails."},
	{"contact.user.created", "A user was created."},
	{"contact.user.tag.created", "A user was tagged."},
	{"contact.user.updated", "A user's attributes changed."},
	{"content_stat.email", "A contact received, opened or clicked an email, or did something else with it."},
	{"conversation.admin.assigned", "A conversation was assigned to a teammate or team."},
	{"conversation.admin.closed", "A teammate closed a conversation."},
	{"conversation.admin.noted", "A teammate added a note to a conversation."},
	{"conversation.admin.replied", "A teammate replied to a conversation."},
	{"conversation.admin.snoozed", "A teammate snoozed a conversation."},
	{"conversation.contact.attached", "A contact was added to a conversation."},
	{"conversation.deleted", "A conversation was deleted."},
	{"conversation.operator.replied", "Fin or another bot replied to a conversation."},
	{"conversation.priority.updated", "A conversation was marked as a priority, or no longer."},
	{"conversation.rating.added", "A contact rated a conversation."},
	{"conversation.user.created", "A contact began a conversation."},
	{"conversation.user.replied", "A contact replied to a conversation."},
	{"conversation_part.redacted", "A part of a conversation was redacted."},
	{"conversation_part.tag.created", "A part of a conversation was tagged."},
	{"data_connector.execution.completed", "A data connector was run."},
	{"event.created", "An event of a contact was tracked."},
	{"granular.unsubscribe", "A contact unsubscribed from one kind of messages."},
	{"job.completed", "A job, such as a bulk change, was completed."},
	{"ping", "Intercom tests the endpoint."},
	{"ticket.admin.assigned", "A ticket was assigned to a teammate."},
	{"ticket.closed", "A ticket was closed."},
	{"ticket.contact.attached", "A contact was added to a ticket."},
	{"ticket.created", "A ticket was created."},
	{"ticket.note.created", "A teammate added a note to a ticket."},
	{"ticket.resolved", "A ticket was resolved."},
	{"ticket.state.updated", "A ticket changed its state."},
	{"user.unsubscribed", "A user unsubscribed from emails (API 1.x)."},
	{"visitor.signed_up", "A visitor became a user."},
}
