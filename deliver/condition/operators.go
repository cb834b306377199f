package condition

import (
	"strings"

	"source-intercom-ingest/deliver/value"
)

// operators compare a value of a document; nil is one that is not there, which none but exists and empty match.
var operators = map[string]func(*rule, *value.Value) bool{
	"exists":             func(r *rule, v *value.Value) bool { return (v != nil) == r.wanted() },
	"empty":              func(r *rule, v *value.Value) bool { return v.Empty() == r.wanted() },
	"equals":             func(r *rule, v *value.Value) bool { return v != nil && r.equal(v, r.value) },
	"contains":           texts(strings.Contains),
	"startsWith":         texts(strings.HasPrefix),
	"endsWith":           texts(strings.HasSuffix),
	"greaterThan":        ordered(func(n int) bool { return n > 0 }),
	"greaterThanOrEqual": ordered(func(n int) bool { return n >= 0 }),
	"lessThan":           ordered(func(n int) bool { return n < 0 }),
	"lessThanOrEqual":    ordered(func(n int) bool { return n <= 0 }),
	"matches":            func(r *rule, v *value.Value) bool { return v != nil && r.pattern.MatchString(textOf(v)) },
	"in": func(r *rule, v *value.Value) bool {
		return v != nil && r.among(r.value, func(one *value.Value) bool { return r.equal(v, one) })
	},
	"arrayContains": func(r *rule, v *value.Value) bool {
		return v.Is(value.Array) && r.among(v, func(one *value.Value) bool { return r.equal(one, r.value) })
	},
}

// wanted is what exists and empty are to be: true where nothing else is written.
func (r *rule) wanted() bool { return r.value == nil || r.value.Truthy() }

func (r *rule) among(list *value.Value, is func(*value.Value) bool) bool {
	items := list.Items()
	for i := range items {
		if is(&items[i]) {
			return true
		}
	}
	return false
}

// equal compares as numbers where both are such and one is no text, and else what they say. Null equals null alone.
func (r *rule) equal(a, b *value.Value) bool {
	if a.Is(value.Null) || b.Is(value.Null) {
		return a.Is(value.Null) && b.Is(value.Null)
	}
	if a.Is(value.Number) || b.Is(value.Number) {
		if x, y, ok := numbers(a, b); ok {
			return x.compare(y) == 0
		}
	}
	return r.folded(textOf(a)) == r.folded(textOf(b))
}

// textOf is what a value says; an array says its items with commas between.
func textOf(v *value.Value) string {
	if !v.Is(value.Array) {
		return v.Text()
	}
	var all []string
	items := v.Items()
	for i := range items {
		all = append(all, items[i].Text())
	}
	return strings.Join(all, ",")
}

func (r *rule) folded(text string) string {
	if r.fold {
		return strings.ToLower(text)
	}
	return text
}

func texts(holds func(text, of string) bool) func(*rule, *value.Value) bool {
	return func(r *rule, v *value.Value) bool {
		return v != nil && !v.Is(value.Null) && holds(r.folded(textOf(v)), r.folded(textOf(r.value)))
	}
}

// ordered compares two numbers as such, also in texts, and two texts, as times by RFC 3339 are, by their characters. A number
// and a text that is none are not in order.
func ordered(is func(int) bool) func(*rule, *value.Value) bool {
	return func(r *rule, v *value.Value) bool {
		if x, y, ok := numbers(v, r.value); ok {
			return is(x.compare(y))
		}
		return v.Is(value.String) && r.value.Is(value.String) && is(strings.Compare(r.folded(v.Text()), r.folded(r.value.Text())))
	}
}

// numbers returns two values that are numbers, or texts of such.
func numbers(a, b *value.Value) (x, y decimal, ok bool) {
	for _, v := range []*value.Value{a, b} {
		if !v.Is(value.Number) && !v.Is(value.String) {
			return x, y, false
		}
	}
	x, isX := decimalOf(a.Text())
	y, isY := decimalOf(b.Text())
	return x, y, isX && isY
}
