// Package condition chooses documents: all, any and not over comparisons of their values. Numbers are compared exactly, as
// decimals.
package condition

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"source-intercom-ingest/deliver/value"
	"source-intercom-ingest/form"
)

// A Condition is compiled. It is safe for concurrent use.
type Condition struct {
	where string // it is configured, such as conditions.all[1]
	all   []*Condition
	any   []*Condition
	not   *Condition
	rule  *rule
}

// A rule is a comparison of a value.
type rule struct {
	field    string
	path     value.Path
	variable bool // the path may begin with a variable's name
	operator string
	value    *value.Value
	fold     bool
	matches  func(*rule, *value.Value) bool
	pattern  *regexp.Regexp
}

// given is a condition as it is configured.
type given struct {
	All        *[]json.RawMessage `json:"all"`
	Any        *[]json.RawMessage `json:"any"`
	Not        json.RawMessage    `json:"not"`
	Field      *string            `json:"field"`
	Operator   string             `json:"operator"`
	Value      json.RawMessage    `json:"value"`
	IgnoreCase bool               `json:"ignoreCase"`
}

// maxNested bounds conditions in conditions.
const maxNested = 50

// Parse compiles a condition as it is configured: an object with one of all, any and not, or with field and operator. Errors
// name the member within where, and the cure.
func Parse(raw []byte, where string) (*Condition, error) { return parse(raw, where, 0) }

func parse(raw []byte, where string, depth int) (*Condition, error) {
	wrong := func(format string, args ...any) (*Condition, error) {
		return nil, fmt.Errorf("%s: %w", where, fmt.Errorf(format, args...))
	}
	if depth > maxNested {
		return wrong("it is nested more than %d levels deep; make it flatter", maxNested)
	}
	var g given
	if err := form.Decode(raw, &g); err != nil {
		return wrong("it is no condition: write an object with all, any or not, or with field and operator (%v)", err)
	}
	kinds := 0
	for _, is := range []bool{g.All != nil, g.Any != nil, g.Not != nil, g.Field != nil || g.Operator != ""} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		return wrong("it must have one of all, any and not, or field with operator; it has %d of them", kinds)
	}
	c := &Condition{where: where}
	var err error
	switch {
	case g.All != nil:
		c.all, err = list(*g.All, where+".all", depth)
	case g.Any != nil:
		if len(*g.Any) == 0 {
			return wrong("any is empty, and nothing matches it; add a condition, or remove it")
		}
		c.any, err = list(*g.Any, where+".any", depth)
	case g.Not != nil:
		c.not, err = parse(g.Not, where+".not", depth+1)
	default:
		c.rule, err = g.rule()
		if err != nil {
			return wrong("%w", err)
		}
	}
	return c, err
}

func list(raws []json.RawMessage, where string, depth int) ([]*Condition, error) {
	all := []*Condition{}
	for i, raw := range raws {
		c, err := parse(raw, fmt.Sprintf("%s[%d]", where, i), depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// rule compiles a comparison.
func (g *given) rule() (*rule, error) {
	if g.Field == nil {
		return nil, errors.New("field is missing; write a JSON pointer such as /data/item/type, or the name of a variable")
	}
	r := &rule{field: *g.Field, operator: g.Operator, fold: g.IgnoreCase}
	var err error
	if r.path, err = pathOf(*g.Field); err != nil {
		return nil, err
	}
	r.variable = !strings.HasPrefix(*g.Field, "/")
	var known bool
	if r.matches, known = operators[g.Operator]; !known {
		return nil, fmt.Errorf("operator is %q; choose one of %s", g.Operator, strings.Join(slices.Sorted(maps.Keys(operators)), ", "))
	}
	if unary := g.Operator == "exists" || g.Operator == "empty"; len(g.Value) == 0 {
		if !unary {
			return nil, fmt.Errorf("value is missing; write what %s compares with", g.Operator)
		}
		return r, nil
	}
	if r.value, err = value.Parse(g.Value); err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	return r, r.check()
}

// check holds the value to the operator.
func (r *rule) check() (err error) {
	switch r.operator {
	case "exists", "empty":
		if !r.value.Is(value.Bool) {
			return fmt.Errorf("value of %s is %s; write true or false, or leave it out", r.operator, r.value.Raw())
		}
	case "in":
		if !r.value.Is(value.Array) {
			return fmt.Errorf("value of in is %s; write a list", r.value.Raw())
		}
	case "matches":
		pattern := r.value.Text()
		if r.fold {
			pattern = "(?i)" + pattern
		}
		if r.pattern, err = regexp.Compile(pattern); err != nil {
			return fmt.Errorf("value %q is no regular expression (RE2): %w", r.value.Text(), err)
		}
	case "equals", "arrayContains":
	default:
		if r.value.Is(value.Array) || r.value.Is(value.Object) || r.value.Is(value.Null) {
			return fmt.Errorf("value of %s is %s; write a text or a number", r.operator, r.value.Raw())
		}
	}
	return nil
}

// pathOf reads a JSON pointer, or a dotted name as templates have it.
func pathOf(field string) (value.Path, error) {
	if field == "" || field[0] == '/' {
		return value.PointerPath(field)
	}
	path := strings.Split(field, ".")
	if slices.Contains(path, "") {
		return nil, fmt.Errorf("field %q has a part without a name; write a JSON pointer such as /data/item/type, or a name such as data.item.type", field)
	}
	return path, nil
}

// Data is what conditions see. Variable returns the value of a variable; known is false if there is none of that name.
type Data struct {
	Document *value.Value
	Variable func(name string) (v *value.Value, known bool)
}

// Match tells whether a document is chosen. If it is not, no names the condition that said so, by where it is configured, with
// nothing of the document in it. A nil condition chooses all.
func (c *Condition) Match(data Data) (ok bool, no string) {
	switch {
	case c == nil:
		return true, ""
	case c.rule != nil:
		return c.rule.match(data), c.String()
	case c.not != nil:
		if ok, _ = c.not.Match(data); ok {
			return false, fmt.Sprintf("%s: it matches, and must not", c.not)
		}
		return true, ""
	case c.any != nil:
		for _, one := range c.any {
			if ok, _ = one.Match(data); ok {
				return true, ""
			}
		}
		return false, fmt.Sprintf("%s.any: none of its %d conditions matches", c.where, len(c.any))
	}
	for _, one := range c.all {
		if ok, no = one.Match(data); !ok {
			return false, no
		}
	}
	return true, ""
}

// String names the condition, as it is configured.
func (c *Condition) String() string {
	if c.rule == nil {
		return c.where
	}
	text := fmt.Sprintf("%s: %s %s", c.where, c.rule.field, c.rule.operator)
	if c.rule.value != nil {
		text += " " + string(c.rule.value.Raw())
	}
	return text
}

func (r *rule) match(data Data) bool {
	v := data.Document.At(r.path)
	if r.variable && data.Variable != nil {
		if variable, known := data.Variable(r.path[0]); known {
			v = variable.At(r.path[1:])
		}
	}
	return r.matches(r, v)
}
