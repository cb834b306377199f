package intercom

import "slices"

// A Way is how the objects of a resource are read from the API.
type Way int

// Ways, from objects that are searched by time to lists that are compared.
const (
	BySearch  Way = iota // by updated_at, to the second
	ByDay                // the same, by days of the workspace's time zone
	Parts                // in each object of a resource that is searched
	Companies            // a list while there are few, else a scroll
	Snapshot             // a list that is read whole, and compared
	Newest               // a list whose latest come first
	Log                  // by windows of created_at
	Children             // a list of each changed object of another resource
	Custom               // any list, as its binding configures it
)

// A Resource is one kind of what a workspace holds, as the API offers it.
type Resource struct {
	Name     string
	Way      Way
	Path     string   // of its search or list; with %s for the id of a parent
	Object   string   // its kind in notifications; empty where they name none
	Item     string   // the path of one object, before its id; empty where there is none
	Key      []string // JSON pointers into its documents
	Interval string   // between two looks at it by default, an ISO 8601 duration; empty is that of the parent
	Parent   string   // the resource whose objects have it
	Member   string   // of the parent's objects, which holds it
	Order    string   // the member that says when an object was changed, in seconds since 1970; empty for none
	Models   []string // of data attributes
	Disabled bool     // offered, and not enabled unless a user does so
}

var byID = []string{"/id"}

const (
	live  = "PT5M"
	small = "PT30M"
	slow  = "PT1H"
	large = "PT6H"
)

// Resources are all that are offered, in the order of their use.
var Resources = []Resource{
	{Name: "conversations", Way: BySearch, Path: "/conversations/search", Object: "conversation", Item: "/conversations/", Key: byID, Interval: live, Order: "updated_at"},
	{Name: "conversation_parts", Way: Parts, Path: "/conversations/search", Object: "conversation", Item: "/conversations/", Key: byID, Parent: "conversations", Member: "conversation_parts", Order: "updated_at"},
	{Name: "contacts", Way: ByDay, Path: "/contacts/search", Object: "contact", Item: "/contacts/", Key: byID, Interval: live, Order: "updated_at"},
	{Name: "companies", Way: Companies, Path: "/companies/list", Object: "company", Item: "/companies/", Key: byID, Interval: large, Order: "updated_at"},
	{Name: "tickets", Way: BySearch, Path: "/tickets/search", Object: "ticket", Item: "/tickets/", Key: byID, Interval: live, Order: "updated_at"},
	{Name: "ticket_parts", Way: Parts, Path: "/tickets/search", Object: "ticket", Item: "/tickets/", Key: byID, Parent: "tickets", Member: "ticket_parts", Order: "updated_at"},
	{Name: "admins", Way: Snapshot, Path: "/admins", Key: byID, Interval: small},
	{Name: "teams", Way: Snapshot, Path: "/teams", Key: byID, Interval: small},
	{Name: "tags", Way: Snapshot, Path: "/tags", Key: byID, Interval: small},
	{Name: "segments", Way: Snapshot, Path: "/segments", Key: byID, Interval: small},
	{Name: "data_attributes", Way: Snapshot, Path: "/data_attributes?include_archived=true&model=", Key: []string{"/model", "/full_name"}, Interval: small, Models: []string{"contact", "company", "conversation"}},
	{Name: "subscription_types", Way: Snapshot, Path: "/subscription_types", Key: byID, Interval: small},
	{Name: "ticket_types", Way: Snapshot, Path: "/ticket_types", Key: byID, Interval: small},
	{Name: "ticket_states", Way: Snapshot, Path: "/ticket_states", Key: byID, Interval: small},
	{Name: "help_centers", Way: Snapshot, Path: "/help_center/help_centers", Key: byID, Interval: small},
	{Name: "collections", Way: Snapshot, Path: "/help_center/collections", Key: byID, Interval: small},
	{Name: "articles", Way: Newest, Path: "/articles", Object: "article", Item: "/articles/", Key: byID, Interval: slow, Order: "updated_at"},
	{Name: "calls", Way: Newest, Path: "/calls", Object: "call", Item: "/calls/", Key: byID, Interval: slow, Order: "updated_at"},
	{Name: "activity_logs", Way: Log, Path: "/admins/activity_logs", Key: byID, Interval: slow, Order: "created_at"},
	{Name: "news_items", Way: Newest, Path: "/news/news_items", Key: byID, Interval: slow, Order: "updated_at"},
	{Name: "company_segments", Way: Children, Path: "/companies/%s/segments", Key: []string{"/company_id", "/id"}, Interval: large, Parent: "companies", Order: "updated_at", Disabled: true},
	{Name: "contact_notes", Way: Children, Path: "/contacts/%s/notes", Key: []string{"/contact_id", "/id"}, Interval: large, Parent: "contacts", Order: "created_at", Disabled: true},
	{Name: "custom", Way: Custom, Interval: "PT15M"},
}

// Timed tells that times of the resource's objects are seconds since 1970, each of them. Others' are not all of them so.
func (r Resource) Timed() bool {
	return r.Way == BySearch || r.Way == ByDay || r.Way == Parts || r.Way == Companies
}

// ResourceOf returns the resource of a name.
func ResourceOf(name string) (Resource, bool) {
	i := slices.IndexFunc(Resources, func(r Resource) bool { return r.Name == name })
	if i < 0 {
		return Resource{}, false
	}
	return Resources[i], true
}

// ResourceNames lists the names that there are.
func ResourceNames() []string {
	var names []string
	for _, r := range Resources {
		names = append(names, r.Name)
	}
	return names
}
