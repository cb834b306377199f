package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Limits of companies.
const (
	maxListed     = 10_000
	scrollPage    = 100
	scrollSeconds = 60
)

// A scroll is the walk over all companies that is open; there is one for a workspace.
type scroll struct {
	param   string
	rows    []*Version
	at      int
	expires int64
	opened  int
	sticky  int64 // until when another app holds it
}

// HoldScroll makes another app hold the scroll for so many seconds.
func (w *Workspace) HoldScroll(seconds int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scroll.sticky = w.now() + seconds
}

// companiesList lists companies with users, and no more than the cap.
func (w *Workspace) companiesList(r *http.Request) (string, *failure) {
	size := sizeOf(r, 15, 60)
	if size == 0 {
		return "", bad("parameter_invalid", "Per Page is too big")
	}
	if pageOf(r)*size > maxListed+size-1 {
		return "", bad("bad_request", "page limit reached, please use scroll API")
	}
	var all []*Version
	for _, v := range w.truth[Companies] {
		if v.Users > 0 && !v.Inactive {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b *Version) int { return byUpdate(b, a) })
	version := r.Header.Get("Intercom-Version")
	rows := make([]string, len(all))
	first := (pageOf(r) - 1) * size
	for i, v := range all {
		if i >= first && i < first+size {
			rows[i] = string(w.render(nil, v, version, false))
		}
	}
	return numbered(r, "list", "data", rows, size), nil
}

// companiesScroll walks all companies, those without users and archived ones too.
func (w *Workspace) companiesScroll(r *http.Request) (string, *failure) {
	now, s := w.now(), &w.scroll
	param := r.URL.Query().Get("scroll_param")
	switch {
	case now < s.sticky, param == "" && s.param != "" && now < s.expires:
		return "", bad("scroll_exists", "scroll already exists for this workspace")
	case param == "":
		s.opened++
		*s = scroll{param: fmt.Sprintf("69352cd2-ab5b-42ac-b004-%012d", s.opened), opened: s.opened}
		for _, v := range w.truth[Companies] {
			s.rows = append(s.rows, v)
		}
		slices.SortFunc(s.rows, byUpdate)
	case param != s.param || now >= s.expires:
		return "", &failure{http.StatusNotFound, "not_found", "scroll parameter not found"}
	}
	s.expires = now + scrollSeconds
	end := min(len(s.rows), s.at+scrollPage)
	rows := s.rows[s.at:end]
	s.at = end
	text := strings.Builder{}
	fmt.Fprintf(&text, `{"type":"list","data":[%s],"pages":null,"total_count":null,"scroll_param":"%s"}`,
		w.rows(nil, rows, r.Header.Get("Intercom-Version")), s.param)
	if len(rows) == 0 {
		s.param = ""
	}
	return text.String(), nil
}
