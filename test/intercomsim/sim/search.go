package sim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"sort"
)

// Sizes of pages.
const (
	maxPerPage = 150
	search20   = 20
	search50   = 50
)

// A searchRequest is the body of a search.
type searchRequest struct {
	Query json.RawMessage `json:"query"`
	Sort  *struct {
		Field string `json:"field"`
		Order string `json:"order"`
	} `json:"sort"`
	Pagination struct {
		PerPage       int     `json:"per_page"`
		StartingAfter *string `json:"starting_after"`
	} `json:"pagination"`
}

// A cursor says behind which row a page begins: by what it is sorted, in milliseconds, and its id.
type cursor struct {
	key  int64
	id   int64
	page int
}

func (c cursor) String() string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "[%d,%d,%d]", c.key*1000, c.id, c.page))
}

func parseCursor(s string) (c cursor, ok bool) {
	var parts []int64
	text, err := base64.StdEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(text, &parts) != nil || len(parts) != 3 {
		return c, false
	}
	return cursor{parts[0] / 1000, parts[1], int(parts[2])}, true
}

// search answers from the index.
func (w *Workspace) search(kind Kind, body []byte, version string) (page, *failure) {
	var in searchRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return page{}, bad("bad_request", "the body is not JSON")
	}
	q, fail := parseQuery(in.Query, kind, 0)
	if fail != nil {
		return page{}, fail
	}
	size := in.Pagination.PerPage
	if size == 0 {
		size = search20
		if kind == Contacts {
			size = search50
		}
	}
	if size > maxPerPage || size < 1 {
		return page{}, bad("parameter_invalid", "Per Page is too big")
	}
	var after *cursor
	if s := in.Pagination.StartingAfter; s != nil {
		c, ok := parseCursor(*s)
		if !ok {
			return page{}, bad("client_error", "Invalid starting_after param. Please try again using a starting_after value from a paginated response")
		}
		if in.Sort == nil {
			return page{}, &failure{http.StatusInternalServerError, "server_error", "Internal error"}
		}
		after = &c
	}
	by, fail := w.ordering(in, version)
	if fail != nil {
		return page{}, fail
	}
	rows, total := w.found(q, kind, by)
	return cut(rows, total, by, after, size), nil
}

// An ordering is the key by which rows are sorted, and the direction.
type ordering struct {
	key        func(*Version) int64
	descending bool
	byUpdate   bool // which is the index's own
}

func (w *Workspace) ordering(in searchRequest, version string) (ordering, *failure) {
	if in.Sort == nil {
		return ordering{key: relevance}, nil
	}
	o := ordering{key: func(v *Version) int64 { return v.Updated }, byUpdate: true}
	if in.Sort.Field == "created_at" {
		o = ordering{key: func(v *Version) int64 { return v.Created }}
	} else if in.Sort.Field != "updated_at" {
		return o, bad("invalid_field", in.Sort.Field+" is not a valid sort field")
	}
	switch in.Sort.Order {
	case "ascending":
	case "descending", "":
		o.descending = true
	case "asc", "desc":
		if version >= "2.16" {
			return o, bad("invalid_sort_order", fmt.Sprintf("Invalid sort order '%s'. Must be one of: ascending, descending", in.Sort.Order))
		}
		o.descending = in.Sort.Order == "desc"
	default:
		return o, bad("invalid_sort_order", fmt.Sprintf("Invalid sort order '%s'. Must be one of: ascending, descending", in.Sort.Order))
	}
	return o, nil
}

// relevance stands for an order that is not one of time.
func relevance(v *Version) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(v.ID))
	return int64(h.Sum32())
}

// found returns what matches, ascending, and how many that are.
func (w *Workspace) found(q *query, kind Kind, by ordering) ([]*Version, int) {
	from, to, all := q.bounds(kind)
	rows := w.index[kind].between(from, to)
	if !all {
		var matching []*Version
		for _, v := range rows {
			if q.matches(v, w.zone) {
				matching = append(matching, v)
			}
		}
		rows = matching
	}
	if !by.byUpdate {
		rows = slices.Clone(rows)
		sort.SliceStable(rows, func(i, j int) bool { return by.key(rows[i]) < by.key(rows[j]) })
	}
	return rows, len(rows)
}

// A page is a part of the rows of an answer.
type page struct {
	rows          []*Version
	total, number int
	size, pages   int
	next          string // a cursor; empty on the last page
	nextPage      int
}

// cut returns the page behind a cursor.
func cut(rows []*Version, total int, by ordering, after *cursor, size int) page {
	p := page{total: total, size: size, number: 1, pages: (total + size - 1) / size}
	start := 0
	less := func(v *Version) bool { // at or before the cursor
		k := by.key(v)
		return k < after.key || k == after.key && v.number <= after.id
	}
	if by.descending {
		start = len(rows)
		if after != nil {
			start = sort.Search(len(rows), func(i int) bool {
				k := by.key(rows[i])
				return k > after.key || k == after.key && rows[i].number >= after.id
			})
			p.number = after.page
		}
		first := max(0, start-size)
		p.rows = slices.Clone(rows[first:start])
		slices.Reverse(p.rows)
		if first == 0 {
			return p
		}
	} else {
		if after != nil {
			start = sort.Search(len(rows), func(i int) bool { return !less(rows[i]) })
			p.number = after.page
		}
		end := min(len(rows), start+size)
		p.rows = slices.Clone(rows[start:end])
		if end == len(rows) {
			return p
		}
	}
	last := p.rows[len(p.rows)-1]
	p.nextPage = p.number + 1
	p.next = cursor{by.key(last), last.number, p.nextPage}.String()
	return p
}
