package schemas

// A schema is one that is compiled: what it asserts of each kind of value, and the schemas that it applies.
type schema struct {
	resource *resource
	subs     map[string]*schema // right below, by their paths as Below has them
	free     bool               // it asserts nothing
	never    bool               // it is false
	under    string             // keyword that it is the value of, or in
	hasAny   bool               // it has anyOf
	hasOne   bool               // it has oneOf
	kinds    kinds
	typed    string // the types as the schema lists them, for messages
	values   []*valueSet
	text     *textRules
	numbers  []numberRule
	array    *arrayRules
	object   *objectRules
	applied  []*application // in place
	fallback bool           // it has a default other than null
}

// A resource is a schema with an id, with what can be referred to within it.
type resource struct {
	uri     string
	root    *schema
	anchors map[string]*schema
	dynamic map[string]*schema // those of the anchors that are dynamic; "" for a root that is a recursive anchor
}

// kinds of values, as a set.
type kinds uint8

const (
	nulls kinds = 1 << iota
	booleans
	integers
	fractions // numbers that have one
	strings_
	arrays
	objects
	every = nulls | booleans | integers | fractions | strings_ | arrays | objects
)

// kindsOf are those by the names of types, of which "fractional" is the runtime's own.
var kindsOf = map[string]kinds{"null": nulls, "boolean": booleans, "integer": integers, "fractional": fractions,
	"number": integers | fractions, "string": strings_, "array": arrays, "object": objects}

// String names a single kind.
func (k kinds) String() string {
	for name, kind := range kindsOf {
		if kind == k {
			return name
		}
	}
	return "number" // that has a fraction
}

// An application is a schema that holds for the same value, in some way.
type application struct {
	via    via
	schema *schema
	anchor *string // of a dynamic reference: what is searched for first is an anchor of this name; nil for others
	member string  // of dependents: the one whose presence makes the schema hold
}

// via tells how a schema came to hold for a value.
type via uint8

const (
	viaAll via = iota // allOf
	viaReference
	viaDependent
	viaChild // properties, patternProperties, additionalProperties, items, prefixItems
	viaName  // propertyNames
	viaAny
	viaOne
	viaNot
	viaIf
	viaThen
	viaElse
	viaContains
	viaUnevaluated
)

// holds tells that what is invalid makes the schema invalid that applied it.
func (v via) holds() bool { return v <= viaName }

// unlimited is a bound that no value exceeds.
const unlimited = int(^uint(0) >> 1)

// objectRules are what holds for objects.
type objectRules struct {
	members     map[string]member
	required    []string // without duplicates
	patterns    []patternMember
	additional  *schema // nil for none
	unevaluated *schema
	names       *schema
	least, most int
	looks       bool // whether members are looked at one by one
}

// A member is one that a schema names.
type member struct {
	schema   *schema // nil where the name is only required
	required bool
}

type patternMember struct {
	pattern *pattern
	schema  *schema
}

// arrayRules are what holds for arrays.
type arrayRules struct {
	prefixes                      [][]*schema // one of prefixItems and one of items, where both are given
	items                         *schema
	contains                      *schema
	leastContained, mostContained int
	unevaluated                   *schema
	least, most                   int
	unique                        bool
}

// textRules are what holds for strings.
type textRules struct {
	least, most int // characters
	patterns    []*pattern
	format      string
	test        func(string) bool // of the format; nil for none
}

// A numberRule is a bound of numbers, or what they are a multiple of.
type numberRule struct {
	keyword string
	number  number
	text    string
}

// allows tells whether a number keeps the rule.
func (r *numberRule) allows(n number) bool {
	switch r.keyword {
	case "minimum":
		return n.compare(r.number) >= 0
	case "maximum":
		return n.compare(r.number) <= 0
	case "exclusiveMinimum":
		return n.compare(r.number) > 0
	case "exclusiveMaximum":
		return n.compare(r.number) < 0
	}
	return n.multipleOf(r.number)
}

// tracks tells that a schema asserts something of members or items that nothing else evaluates.
func (s *schema) tracks(k kinds) bool {
	return k == objects && s.object != nil && s.object.unevaluated != nil || k == arrays && s.array != nil && s.array.unevaluated != nil
}
