package sim

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Limits that the documentation gives.
const (
	maxNesting = 2
	maxFilters = 15
)

// A query is a filter, or a group of queries.
type query struct {
	Field    string          `json:"field"`
	Operator string          `json:"operator"`
	Value    json.RawMessage `json:"value"`
	group    []*query
	text     []string // values as text
}

// parseQuery returns a failure where the API would answer 400.
func parseQuery(raw json.RawMessage, kind Kind, depth int) (*query, *failure) {
	q := new(query)
	if len(raw) == 0 || json.Unmarshal(raw, q) != nil || len(q.Value) == 0 {
		return nil, bad("parameter_not_found", "query is missing or malformed")
	}
	if q.Operator == "AND" || q.Operator == "OR" {
		return q, q.parseGroup(kind, depth)
	}
	return q, q.parseFilter(kind)
}

func (q *query) parseGroup(kind Kind, depth int) *failure {
	var members []json.RawMessage
	if json.Unmarshal(q.Value, &members) != nil {
		return bad("parameter_invalid", "the value of a group must be a list")
	}
	if depth >= maxNesting || len(members) > maxFilters {
		return bad("parameter_invalid", "Query is too deep or has too many filters")
	}
	for _, member := range members {
		child, err := parseQuery(member, kind, depth+1)
		if err != nil {
			return err
		}
		q.group = append(q.group, child)
	}
	return nil
}

func (q *query) parseFilter(kind Kind) *failure {
	class, known := fields[q.Field]
	if !known {
		return bad("invalid_field", q.Field+" is not a valid search field")
	}
	operators := class.operators
	if class.date && kind == Contacts {
		operators = []string{"=", "<", ">"}
	}
	if !slices.Contains(operators, q.Operator) {
		return bad("parameter_invalid", fmt.Sprintf("%s is not an operator of %s", q.Operator, q.Field))
	}
	var several []json.RawMessage
	if json.Unmarshal(q.Value, &several) != nil {
		several = []json.RawMessage{q.Value}
	}
	for _, value := range several {
		q.text = append(q.text, strings.Trim(string(value), `"`))
	}
	return nil
}

// A field's class decides its operators.
type field struct {
	operators []string
	date      bool
	of        func(*Version) string
}

var (
	equality = []string{"=", "!=", "IN", "NIN"}
	order    = []string{"=", "!=", "IN", "NIN", "<", ">", "<=", ">="}
)

var fields = map[string]field{
	"updated_at": {order, true, func(v *Version) string { return fmt.Sprint(v.Updated) }},
	"created_at": {order, true, func(v *Version) string { return fmt.Sprint(v.Created) }},
	"id":         {equality, false, func(v *Version) string { return v.ID }},
	"open":       {equality, false, func(v *Version) string { return fmt.Sprint(v.Open) }},
	"state":      {equality, false, func(v *Version) string { return v.State }},
	"role":       {equality, false, func(v *Version) string { return v.Role }},
}

// matches evaluates a query. Dates of contacts are days of the zone.
func (q *query) matches(v *Version, zone *time.Location) bool {
	switch {
	case q.Operator == "AND":
		return !slices.ContainsFunc(q.group, func(c *query) bool { return !c.matches(v, zone) })
	case q.Operator == "OR":
		return slices.ContainsFunc(q.group, func(c *query) bool { return c.matches(v, zone) })
	}
	class := fields[q.Field]
	is := class.of(v)
	switch q.Operator {
	case "IN":
		return slices.Contains(q.text, is)
	case "NIN":
		return !slices.Contains(q.text, is)
	}
	if !class.date {
		return (is == q.text[0]) == (q.Operator == "=")
	}
	var have, want int64
	_, _ = fmt.Sscan(is, &have)
	_, _ = fmt.Sscan(q.text[0], &want)
	if v.Kind == Contacts {
		have, want = day(have, zone), day(want, zone)
	}
	return compare(have, want, q.Operator)
}

func compare(have, want int64, operator string) bool {
	switch operator {
	case "=":
		return have == want
	case "!=":
		return have != want
	case "<":
		return have < want
	case ">":
		return have > want
	case "<=":
		return have <= want
	}
	return have >= want
}

// day numbers the calendar days of a zone.
func day(seconds int64, zone *time.Location) int64 {
	y, m, d := time.Unix(seconds, 0).In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// bounds narrows what a query may match by its times of update, so that a search of very many objects is quick. The
// second result tells that the bounds are all that it asks for.
func (q *query) bounds(kind Kind) (from, to int64, all bool) {
	from, to = math.MinInt64, math.MaxInt64
	parts := q.group
	if q.Operator != "AND" {
		parts = []*query{q}
	}
	all = true
	for _, p := range parts {
		var at int64
		if kind == Contacts || p.Field != "updated_at" || len(p.text) != 1 {
			all = false
			continue
		}
		_, _ = fmt.Sscan(p.text[0], &at)
		switch p.Operator {
		case ">":
			from = max(from, at+1)
		case ">=":
			from = max(from, at)
		case "<":
			to = min(to, at-1)
		case "<=":
			to = min(to, at)
		case "=":
			from, to = max(from, at), min(to, at)
		default:
			all = false
		}
	}
	return from, to, all
}
