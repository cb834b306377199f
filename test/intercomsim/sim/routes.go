package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// routes are the endpoints that the model has.
func (w *Workspace) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(*http.Request) (string, *failure)) {
		mux.HandleFunc(pattern, func(to http.ResponseWriter, r *http.Request) {
			w.mu.Lock()
			text, fail := h(r)
			w.mu.Unlock()
			if fail != nil {
				to.(*recorder).fail(fail)
				return
			}
			_, _ = io.WriteString(to, text)
		})
	}
	handle("GET /me", w.me)
	for _, kind := range []Kind{Conversations, Contacts, Tickets} {
		handle("POST /"+string(kind)+"/search", w.searching(kind))
	}
	for _, kind := range []Kind{Conversations, Contacts, Tickets, Companies} {
		handle("GET /"+string(kind)+"/{id}", w.one(kind))
	}
	handle("GET /conversations", w.inventory(Conversations))
	handle("GET /contacts", w.inventory(Contacts))
	handle("GET /conversations/deleted", w.deletions)
	handle("GET /contacts/{id}/tags", w.contactTags)
	handle("GET /contacts/{id}/companies", w.contactCompanies)
	handle("POST /companies/list", w.companiesList)
	handle("GET /companies/scroll", w.companiesScroll)
	w.handleLists(handle)
	mux.HandleFunc("POST /auth/eagle/token", w.exchange)
	mux.HandleFunc("/", func(to http.ResponseWriter, r *http.Request) { to.(*recorder).fail(notFound) })
	return mux
}

var notFound = &failure{http.StatusNotFound, "not_found", "Resource Not Found"}

func (w *Workspace) me(*http.Request) (string, *failure) {
	return fmt.Sprintf(`{"type":"admin","id":"8800117","email":"mirelle.tansk@northlark.example","name":"Mirelle Tansk","email_verified":true,"app":{"type":"app","id_code":%s,"name":"Northlark","created_at":1756684800,"secure":true,"identity_verification":true,"timezone":%s,"region":%s},"avatar":{"type":"avatar","image_url":null},"has_inbox_seat":true}`,
		quoted(w.WorkspaceID), quoted(w.Timezone), quoted(w.Region)), nil
}

// listNames are the members that hold the rows of each kind's searches, and the types of their envelopes.
var listNames = map[Kind][2]string{
	Conversations: {"conversations", "conversation.list"}, Contacts: {"data", "list"},
	Tickets: {"tickets", "ticket.list"}, Companies: {"data", "list"},
}

func (w *Workspace) searching(kind Kind) func(*http.Request) (string, *failure) {
	return func(r *http.Request) (string, *failure) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return "", bad("bad_request", "the body did not come")
		}
		version := r.Header.Get("Intercom-Version")
		p, fail := w.search(kind, body, version)
		if fail != nil {
			return "", fail
		}
		return w.envelope(kind, p, version), nil
	}
}

// envelope writes a page with a cursor.
func (w *Workspace) envelope(kind Kind, p page, version string) string {
	next := ""
	if p.next != "" {
		next = fmt.Sprintf(`"next":{"page":%d,"starting_after":"%s"},`, p.nextPage, p.next)
	}
	names := listNames[kind]
	to := fmt.Appendf(nil, `{"type":"%s","pages":{"type":"pages",%s"page":%d,"per_page":%d,"total_pages":%d},"total_count":%d,"%s":[`,
		names[1], next, p.number, p.size, p.pages, p.total, names[0])
	return string(append(w.rows(to, p.rows, version), "]}"...))
}

func (w *Workspace) rows(to []byte, rows []*Version, version string) []byte {
	for i, v := range rows {
		if i > 0 {
			to = append(to, ',')
		}
		to = w.render(to, v, version, false)
	}
	return to
}

// one answers from the truth.
func (w *Workspace) one(kind Kind) func(*http.Request) (string, *failure) {
	return func(r *http.Request) (string, *failure) {
		v := w.truth[kind][r.PathValue("id")]
		version := r.Header.Get("Intercom-Version")
		switch {
		case v == nil || v.Inactive:
			return "", notFound
		case v.MergedTo != "" && version >= "2.16":
			return "", &failure{http.StatusGone, "contact_merged", "This contact has been merged. See the 'Link' header for the canonical contact."}
		case v.MergedTo != "":
			return "", notFound
		}
		return string(w.render(nil, v, version, true)), nil
	}
}

// inventory lists every object of a kind by id, with a cursor.
func (w *Workspace) inventory(kind Kind) func(*http.Request) (string, *failure) {
	return func(r *http.Request) (string, *failure) {
		size := sizeOf(r, search20, maxPerPage)
		if size == 0 {
			return "", bad("parameter_invalid", "Per Page is too big")
		}
		var all []*Version
		for _, v := range w.truth[kind] {
			if v.MergedTo == "" && !v.Inactive {
				all = append(all, v)
			}
		}
		by := ordering{key: func(v *Version) int64 { return v.number }}
		slices.SortFunc(all, func(a, b *Version) int { return int(a.number - b.number) })
		var after *cursor
		if s := r.URL.Query().Get("starting_after"); s != "" {
			c, ok := parseCursor(s)
			if !ok {
				return "", bad("client_error", "Invalid starting_after param. Please try again using a starting_after value from a paginated response")
			}
			after = &c
		}
		return w.envelope(kind, cut(all, len(all), by, after, size), r.Header.Get("Intercom-Version")), nil
	}
}

// sizeOf reads per_page; 0 where it is too big.
func sizeOf(r *http.Request, standard, most int) int {
	n, err := strconv.Atoi(r.URL.Query().Get("per_page"))
	switch {
	case err != nil || n < 1:
		return standard
	case n > most:
		return 0
	}
	return n
}

func pageOf(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	return max(1, n)
}

// numbered writes a page of rows that are JSON already, with the address of the next.
func numbered(r *http.Request, kind, member string, rows []string, size int) string {
	number := pageOf(r)
	first := min(len(rows), (number-1)*size)
	last := min(len(rows), first+size)
	next := "null"
	if last < len(rows) {
		query := r.URL.Query()
		query.Set("page", strconv.Itoa(number+1))
		query.Set("per_page", strconv.Itoa(size))
		next = quoted("https://api.intercom.io" + r.URL.Path + "?" + query.Encode())
	}
	return fmt.Sprintf(`{"type":"%s","total_count":%d,"pages":{"type":"pages","next":%s,"page":%d,"per_page":%d,"total_pages":%d},"%s":[%s]}`,
		kind, len(rows), next, number, size, (len(rows)+size-1)/size, member, strings.Join(rows[first:last], ","))
}

// deletions lists deleted conversations, the latest first.
func (w *Workspace) deletions(r *http.Request) (string, *failure) {
	if r.Header.Get("Intercom-Version") < "2.16" {
		return "", bad("intercom_version_invalid", "Requested resource is not available in current API version.")
	}
	size := sizeOf(r, search20, 60)
	if size == 0 {
		return "", bad("parameter_invalid", "Per Page is too big")
	}
	var rows []string
	for _, d := range w.deleted {
		rows = append(rows, fmt.Sprintf(`{"type":"conversation","id":"%s","metrics_retained":false,"deleted_at":%d}`, d.id, d.at))
	}
	if r.URL.Query().Get("order") != "asc" {
		slices.Reverse(rows)
	}
	return numbered(r, "conversations.list", "conversations", rows, size), nil
}

func (w *Workspace) contactTags(r *http.Request) (string, *failure) {
	v := w.truth[Contacts][r.PathValue("id")]
	if v == nil {
		return "", notFound
	}
	var rows []string
	for n := range v.Tags - v.Hidden {
		rows = append(rows, fmt.Sprintf(`{"type":"tag","id":"%s","name":"Tag %d","applied_at":%d,"applied_by":{"type":"admin","id":"456"}}`, tagID(n), n, v.Created))
	}
	return `{"type":"list","data":[` + strings.Join(rows, ",") + `]}`, nil
}

func (w *Workspace) contactCompanies(r *http.Request) (string, *failure) {
	v := w.truth[Contacts][r.PathValue("id")]
	if v == nil {
		return "", notFound
	}
	size := sizeOf(r, 50, 60)
	if size == 0 {
		return "", bad("parameter_invalid", "Per Page is too big")
	}
	var rows []string
	for n := range v.Linked {
		c := &Version{Kind: Companies, ID: CompanyID(n), Created: v.Created, Updated: v.Created, Users: 1, number: int64(n)}
		rows = append(rows, string(w.company(nil, c)))
	}
	return numbered(r, "list", "data", rows, size), nil
}

// exchange gives a token for any code of the app.
func (w *Workspace) exchange(to http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil || r.Form.Get("client_id") != w.ClientID || r.Form.Get("client_secret") != w.Secret || r.Form.Get("code") == "" {
		to.(*recorder).fail(&failure{http.StatusUnauthorized, "unauthorized", "invalid code"})
		return
	}
	_ = json.NewEncoder(to).Encode(map[string]string{"token_type": "Bearer", "token": w.Token, "access_token": w.Token})
}
