package sim

import (
	"fmt"
	"maps"
	"strconv"
)

// A Kind of objects is also the first segment of their paths.
type Kind string

// The kinds that are searched, listed or scrolled. Lists that are read whole have no kind.
const (
	Conversations Kind = "conversations"
	Contacts      Kind = "contacts"
	Tickets       Kind = "tickets"
	Companies     Kind = "companies"
)

// A Version of an object never changes; a change makes a new one.
type Version struct {
	Kind     Kind
	ID       string
	Created  int64 // Unix seconds, as all times
	Updated  int64
	Changes  int    // how many versions came before this one
	Open     bool   // of conversations and tickets
	State    string // open, closed or snoozed; of tickets a category of states
	Parts    int    // of conversations and tickets
	Redacted map[int]bool
	PartSize int    // of each part's body, in bytes; default some hundred
	Role     string // of contacts: user or lead
	Tags     int    // of contacts; their list says so many
	Hidden   int    // of those tags, which the list's own endpoint does not have
	Linked   int    // companies of a contact
	Users    int    // of a company
	SignedUp int64  // of contacts; zero stands for null
	Custom   string // JSON of custom_attributes. Default {}
	Extra    string // members that no description knows: `,"x":1`
	Inactive bool   // archived, yet listed by a scroll
	Unlisted bool   // never found by a search: outbound conversations that nobody answered
	MergedTo string // the id of the contact that this one became
	number   int64  // of the id, for the order of equal times
}

// change returns the next version, which is the caller's to fill.
func (v *Version) change() *Version {
	next := *v
	next.Changes++
	next.Redacted = maps.Clone(v.Redacted)
	return &next
}

// PartID is the id of the nth part, from 0.
func (v *Version) PartID(n int) string { return strconv.FormatInt(v.number*1000+int64(n), 10) }

// numberOf orders ids as the index does: by number, those in hex too.
func numberOf(id string) int64 {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return n
	}
	if len(id) > 15 {
		id = id[len(id)-15:]
	}
	n, _ := strconv.ParseInt(id, 16, 64)
	return n
}

// ConversationID, ContactID, TicketID and CompanyID are ids as Intercom makes them, for the nth object.
func ConversationID(n int) string { return strconv.FormatInt(215473900000000+int64(n), 10) }

// ContactID is a contact's id.
func ContactID(n int) string { return fmt.Sprintf("66d3aa10f4c2b97e%08x", n) }

// TicketID is a ticket's id.
func TicketID(n int) string { return strconv.FormatInt(215480000000000+int64(n), 10) }

// CompanyID is a company's id.
func CompanyID(n int) string { return fmt.Sprintf("66d3ab77c8e1450a%08x", n) }
