package schemas

import (
	"maps"
	"math/big"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// An acceptor recognizes JSON text that a schema plainly accepts, without decoding it. What it does not accept is for
// the validator to judge: it knows the keywords of everyday schemas alone, and of numbers only short integers.
type acceptor struct {
	kinds kinds
	// all and any are acceptors of the same value; of any, one is enough.
	all, any []*acceptor
	values   map[string]bool // that an enum or const allows, as JSON text; nil for all
	object   objectRules
	items    *acceptor
	least    int // items
	most     int
	text     textRules
	minimum  *int64
	maximum  *int64
}

// kinds of values, as a set.
type kinds uint8

const (
	nulls kinds = 1 << iota
	booleans
	integers
	fractions // all numbers that are not short integers
	strings_
	arrays
	objects
	every = nulls | booleans | integers | fractions | strings_ | arrays | objects
)

// kindsOf are those by the names of types. A number that is no short integer may still be an integer, for the
// validator to say.
var kindsOf = map[string]kinds{"null": nulls, "boolean": booleans, "integer": integers, "number": integers | fractions,
	"string": strings_, "array": arrays, "object": objects}

// objectRules are what holds for objects.
type objectRules struct {
	members  map[string]member
	others   *acceptor // of members that are not named; nil for any
	required uint64    // bits of the members that must be there
	looks    bool      // whether members are looked at at all
}

// A member is one that a schema names.
type member struct {
	accepts *acceptor // nil for any value
	bit     uint64    // among the required ones
}

// textRules are what holds for strings.
type textRules struct {
	least, most int // characters
	pattern     jsonschema.Regexp
	format      func(string) bool
}

const unlimited = int(^uint(0) >> 1)

// neverAccepts is the acceptor of no value.
var neverAccepts = &acceptor{}

// newAny returns an acceptor of every value, to which rules are added.
func newAny() *acceptor {
	return &acceptor{kinds: every, most: unlimited, text: textRules{most: unlimited}}
}

// newAcceptor reads a compiled schema and the key that documents need; nil if it can not decide what they mean.
func newAcceptor(schema *jsonschema.Schema, keys []key) *acceptor {
	r := schemaReader{made: map[*jsonschema.Schema]*acceptor{}, understood: true}
	a := &acceptor{kinds: objects, all: []*acceptor{r.read(schema)}}
	for _, k := range keys {
		a.all = append(a.all, k.acceptor())
	}
	if !r.understood {
		return nil
	}
	return a
}

// acceptor accepts documents that have the key. Through arrays, it does not look.
func (k key) acceptor() *acceptor {
	a := &acceptor{kinds: strings_ | booleans | integers, text: textRules{most: unlimited}}
	for i := len(k.tokens) - 1; i >= 0; i-- {
		rules := objectRules{members: map[string]member{k.tokens[i]: {a, 1}}, looks: true}
		if !k.hasDefault {
			rules.required = 1
		}
		a = &acceptor{kinds: objects, object: rules}
	}
	return a
}

// A schemaReader makes acceptors of compiled schemas, which may refer to one another.
type schemaReader struct {
	made       map[*jsonschema.Schema]*acceptor
	understood bool // so far
}

// read returns the acceptor of a schema; nil is that of any value.
func (r *schemaReader) read(s *jsonschema.Schema) *acceptor {
	if s == nil || s.Bool != nil && *s.Bool {
		return nil
	}
	if s.Bool != nil {
		return neverAccepts
	}
	if a, ok := r.made[s]; ok {
		return a
	}
	a := newAny()
	r.made[s] = a
	if !understands(s) {
		r.understood = false
		return a
	}
	r.readAny(a, s)
	r.readObject(a, s)
	r.readArray(a, s)
	if s.MinLength != nil {
		a.text.least = *s.MinLength
	}
	if s.MaxLength != nil {
		a.text.most = *s.MaxLength
	}
	a.text.pattern, a.text.format = s.Pattern, formatTest(s.Format)
	a.minimum, a.maximum = r.bound(s.Minimum), r.bound(s.Maximum)
	return a
}

// understands tells that a schema has none of the keywords that acceptors leave to the validator.
func understands(s *jsonschema.Schema) bool {
	return s.RecursiveRef == nil && s.DynamicRef == nil && s.Not == nil && s.OneOf == nil && s.If == nil &&
		s.MaxProperties == nil && s.MinProperties == nil && s.PropertyNames == nil && s.PatternProperties == nil &&
		s.Dependencies == nil && s.DependentRequired == nil && s.DependentSchemas == nil && s.UnevaluatedProperties == nil &&
		!s.UniqueItems && s.Contains == nil && s.AdditionalItems == nil && s.PrefixItems == nil && s.UnevaluatedItems == nil &&
		s.ContentEncoding == nil && s.ContentMediaType == nil && s.ContentSchema == nil &&
		s.ExclusiveMaximum == nil && s.ExclusiveMinimum == nil && s.MultipleOf == nil && len(s.Extensions) == 0
}

// readAny reads what holds for values of any kind.
func (r *schemaReader) readAny(a *acceptor, s *jsonschema.Schema) {
	if s.Types != nil {
		a.kinds = 0
		for _, name := range s.Types.ToStrings() {
			a.kinds |= kindsOf[name]
		}
	}
	if s.Enum != nil {
		r.allow(a, s.Enum.Values)
	}
	if s.Const != nil {
		r.allow(a, []any{*s.Const})
	}
	for _, sub := range append([]*jsonschema.Schema{s.Ref}, s.AllOf...) {
		if sub := r.read(sub); sub != nil {
			a.all = append(a.all, sub)
		}
	}
	for _, sub := range s.AnyOf {
		sub := r.read(sub)
		if sub == nil {
			sub = newAny()
		}
		a.any = append(a.any, sub)
	}
}

// allow keeps the values of an enum that are also in those before it. Numbers have many texts, so that they are left to
// the validator, as are objects and arrays.
func (r *schemaReader) allow(a *acceptor, values []any) {
	allowed := map[string]bool{}
	for _, value := range values {
		switch value.(type) {
		case string, bool, nil:
			if text := string(mustMarshal(value)); a.values == nil || a.values[text] {
				allowed[text] = true
			}
		}
	}
	a.values = allowed
}

func (r *schemaReader) readObject(a *acceptor, s *jsonschema.Schema) {
	const mostRequired = 64
	if len(s.Required) > mostRequired {
		r.understood = false
		return
	}
	rules := &a.object
	rules.members = map[string]member{}
	switch others := s.AdditionalProperties.(type) {
	case bool:
		if !others {
			rules.others = neverAccepts
		}
	case *jsonschema.Schema:
		rules.others = r.read(others)
	}
	for name, sub := range s.Properties {
		rules.members[name] = member{accepts: r.read(sub)}
	}
	for i, name := range s.Required {
		m, ok := rules.members[name]
		if !ok {
			m.accepts = rules.others
		}
		m.bit = 1 << i
		rules.members[name] = m
		rules.required |= m.bit
	}
	maps.DeleteFunc(rules.members, func(_ string, m member) bool { return m == member{} && rules.others == nil })
	rules.looks = len(rules.members) > 0 || rules.others != nil
}

func (r *schemaReader) readArray(a *acceptor, s *jsonschema.Schema) {
	switch items := s.Items.(type) {
	case nil:
		a.items = r.read(s.Items2020)
	case *jsonschema.Schema:
		a.items = r.read(items)
	default:
		r.understood = false
	}
	if s.MinItems != nil {
		a.least = *s.MinItems
	}
	if s.MaxItems != nil {
		a.most = *s.MaxItems
	}
}

// bound returns a limit of numbers, if it is an integer that can be compared with.
func (r *schemaReader) bound(limit *big.Rat) *int64 {
	if limit == nil {
		return nil
	}
	if !limit.IsInt() || !limit.Num().IsInt64() {
		r.understood = false
		return nil
	}
	n := limit.Num().Int64()
	return &n
}

// formatTest returns what a format asks of strings; nil for nothing.
func formatTest(format *jsonschema.Format) func(string) bool {
	if format == nil {
		return nil
	}
	if test, ok := formats[format.Name]; ok {
		return test
	}
	return func(s string) bool { return format.Validate(s) == nil }
}

// allows tells whether a string, as it is meant, keeps the rules.
func (t *textRules) allows(s string) bool {
	if t.least > 0 || t.most != unlimited {
		if n := utf8.RuneCountInString(s); n < t.least || n > t.most {
			return false
		}
	}
	return (t.pattern == nil || t.pattern.MatchString(s)) && (t.format == nil || t.format(s))
}
