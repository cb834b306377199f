package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// A list is an endpoint whose rows are set as a whole.
type list struct {
	path, kind, member string
	perPage            int // zero where it has no pages
	newestFirst        bool
	most               int
}

var smallLists = []list{
	{path: "/admins", kind: "admin.list", member: "admins"},
	{path: "/teams", kind: "team.list", member: "teams"},
	{path: "/tags", kind: "list", member: "data"},
	{path: "/segments", kind: "segment.list", member: "segments"},
	{path: "/subscription_types", kind: "list", member: "data"},
	{path: "/ticket_types", kind: "list", member: "data"},
	{path: "/ticket_states", kind: "list", member: "data"},
	{path: "/help_center/help_centers", kind: "list", member: "data"},
	{path: "/help_center/collections", kind: "list", member: "data", perPage: 20, most: 150, newestFirst: true},
	{path: "/articles", kind: "list", member: "data", perPage: 25, most: 150, newestFirst: true},
	{path: "/news/news_items", kind: "list", member: "data", perPage: 10, most: 150, newestFirst: true},
	{path: "/calls", kind: "list", member: "data", perPage: 25, most: 25, newestFirst: true},
}

func (w *Workspace) handleLists(handle func(string, func(*http.Request) (string, *failure))) {
	for _, l := range smallLists {
		handle("GET "+l.path, func(r *http.Request) (string, *failure) { return w.list(l, r) })
	}
	handle("GET /data_attributes", w.attributes)
	handle("GET /admins/activity_logs", w.activity)
	handle("GET /companies/{id}/segments", w.children("/companies/segments"))
	handle("GET /contacts/{id}/notes", w.children("/contacts/notes"))
}

// stored returns the rows of a list, each as it was set.
func (w *Workspace) stored(path string) []json.RawMessage {
	var rows []json.RawMessage
	if err := json.Unmarshal([]byte(orDefault(w.lists[path], "[]")), &rows); err != nil {
		panic(fmt.Sprintf("the list %s is no array of JSON: %v", path, err))
	}
	return rows
}

func number(row json.RawMessage, member string) int64 {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(row, &members)
	n, _ := strconv.ParseInt(string(members[member]), 10, 64)
	return n
}

func (w *Workspace) list(l list, r *http.Request) (string, *failure) {
	rows := w.stored(l.path)
	if l.newestFirst {
		slices.SortStableFunc(rows, func(a, b json.RawMessage) int { return int(number(b, "updated_at") - number(a, "updated_at")) })
	}
	text := make([]string, len(rows))
	for i, row := range rows {
		text[i] = string(row)
	}
	if l.perPage == 0 {
		return fmt.Sprintf(`{"type":"%s","%s":%s}`, l.kind, l.member, joined(text)), nil
	}
	size := sizeOf(r, l.perPage, l.most)
	if size == 0 {
		return "", bad("parameter_invalid", "Per Page is too big")
	}
	return numbered(r, l.kind, l.member, text, size), nil
}

func joined(rows []string) string {
	text := "["
	for i, row := range rows {
		if i > 0 {
			text += ","
		}
		text += row
	}
	return text + "]"
}

// attributes lists those of one model: of conversations only before 2.16.
func (w *Workspace) attributes(r *http.Request) (string, *failure) {
	model := r.URL.Query().Get("model")
	if model == "conversation" && r.Header.Get("Intercom-Version") >= "2.16" {
		return "", &failure{http.StatusUnprocessableEntity, "parameter_invalid", "model is not valid"}
	}
	return `{"type":"list","data":` + orDefault(w.lists["/data_attributes?model="+model], "[]") + `}`, nil
}

// widestActivity is the longest window that does not fail.
const widestActivity = 5 * 86400

// activity lists what admins did within a window that must begin somewhere, the newest first.
func (w *Workspace) activity(r *http.Request) (string, *failure) {
	after, err := strconv.ParseInt(r.URL.Query().Get("created_at_after"), 10, 64)
	if err != nil {
		return "", bad("parameter_not_found", "created_at_after is missing")
	}
	before, err := strconv.ParseInt(r.URL.Query().Get("created_at_before"), 10, 64)
	if err != nil {
		before = w.now()
	}
	if before-after > widestActivity {
		return "", &failure{http.StatusInternalServerError, "server_error", "Internal error"}
	}
	rows := w.stored("/admins/activity_logs")
	rows = slices.DeleteFunc(rows, func(row json.RawMessage) bool {
		at := number(row, "created_at")
		return at < after || at > before
	})
	slices.SortStableFunc(rows, func(a, b json.RawMessage) int { return int(number(b, "created_at") - number(a, "created_at")) })
	text := make([]string, len(rows))
	for i, row := range rows {
		text[i] = string(row)
	}
	return numbered(r, "activity_log.list", "activity_logs", text, 20), nil
}

// children lists what belongs to one object: the rows that were set at "/companies/segments/<id>".
func (w *Workspace) children(path string) func(*http.Request) (string, *failure) {
	return func(r *http.Request) (string, *failure) {
		return `{"type":"list","data":` + orDefault(w.lists[path+"/"+r.PathValue("id")], "[]") + `}`, nil
	}
}
