package schemas

import (
	"encoding/json"
	"strings"
)

// A keyword says where its value holds schemas, and what it adds to the schema that is compiled; nil adds nothing.
type keyword struct {
	position position
	compile  func(b *building)
}

// keywords are all that the runtime knows: those of the drafts 2019-09 and 2020-12 side by side, whatever $schema says, and
// annotations of its own. It builds no schema with any other.
var keywords map[string]keyword

func init() { // what compiles a schema looks keywords up
	keywords = map[string]keyword{
		"$id": {}, "$defs": {position: named}, "definitions": {position: named}, // schema handles them
		"$anchor":          {compile: func(b *building) { b.anchor(false) }},
		"$dynamicAnchor":   {compile: func(b *building) { b.anchor(true) }},
		"$recursiveAnchor": {compile: (*building).recursiveAnchor},
		"$ref":             {compile: func(b *building) { b.reference("$ref") }},
		"$dynamicRef":      {compile: func(b *building) { b.reference("$dynamicRef") }},
		"$recursiveRef":    {compile: func(b *building) { b.reference("$recursiveRef") }},

		"allOf":             {list, func(b *building) { b.apply(viaAll) }},
		"anyOf":             {list, func(b *building) { b.apply(viaAny) }},
		"oneOf":             {list, func(b *building) { b.apply(viaOne) }},
		"not":               {one, func(b *building) { b.apply(viaNot) }},
		"if":                {one, func(b *building) { b.apply(viaIf) }},
		"then":              {one, func(b *building) { b.apply(viaThen) }},
		"else":              {one, func(b *building) { b.apply(viaElse) }},
		"dependentSchemas":  {named, (*building).dependentSchemas},
		"dependentRequired": {compile: (*building).dependentRequired},

		"properties":            {named, (*building).properties},
		"patternProperties":     {named, (*building).patternProperties},
		"additionalProperties":  {one, func(b *building) { b.objects().additional = b.only() }},
		"unevaluatedProperties": {one, func(b *building) { b.objects().unevaluated = b.only() }},
		"propertyNames":         {one, func(b *building) { b.objects().names = b.only() }},
		"required":              {compile: (*building).required},
		"minProperties":         {compile: func(b *building) { b.objects().least = b.count() }},
		"maxProperties":         {compile: func(b *building) { b.objects().most = b.count() }},

		"prefixItems":      {list, (*building).tuple},
		"items":            {either, (*building).items},
		"additionalItems":  {one, (*building).additionalItems},
		"unevaluatedItems": {one, func(b *building) { b.arrays().unevaluated = b.only() }},
		"contains":         {one, func(b *building) { b.arrays().contains = b.only() }},
		"minContains":      {compile: func(b *building) { b.arrays().leastContained = b.count() }},
		"maxContains":      {compile: func(b *building) { b.arrays().mostContained = b.count() }},
		"minItems":         {compile: func(b *building) { b.arrays().least = b.count() }},
		"maxItems":         {compile: func(b *building) { b.arrays().most = b.count() }},
		"uniqueItems":      {compile: func(b *building) { b.arrays().unique = b.flag() }},

		"type":     {compile: (*building).type_},
		"nullable": {compile: func(b *building) { b.flag() }}, // type_ looks at it
		"const":    {compile: func(b *building) { b.schema.values = append(b.schema.values, newValueSet("const", b.value)) }},
		"enum":     {compile: (*building).enum},

		"minLength": {compile: func(b *building) { b.texts().least = b.count() }},
		"maxLength": {compile: func(b *building) { b.texts().most = b.count() }},
		"pattern":   {compile: (*building).pattern},
		"format":    {compile: (*building).format},

		"minimum":          {compile: (*building).bound},
		"maximum":          {compile: (*building).bound},
		"exclusiveMinimum": {compile: (*building).bound},
		"exclusiveMaximum": {compile: (*building).bound},
		"multipleOf":       {compile: (*building).bound},

		"contentSchema": {position: marked},
		"default":       {compile: func(b *building) { b.schema.fallback = b.value != nil }},
	}
	for _, annotation := range []string{
		"$schema", "$vocabulary", "$comment", "url", "title", "description", "deprecated", "example", "examples", "readOnly", "writeOnly",
		"contentEncoding", "contentMediaType", "reduce", "redact", "secret", "airbyte_secret", "nonsensitive", "multiline", "advanced", "order", "discriminator",
	} {
		keywords[annotation] = keyword{}
	}
}

// extension tells that a keyword is one that anybody may use.
func extension(keyword string) bool {
	return strings.HasPrefix(keyword, "x-") || strings.HasPrefix(keyword, "X-")
}

// A building is a keyword of a schema while it is compiled, with the schemas in its value.
type building struct {
	*compiler
	schema  *schema
	keyword string
	value   any
	at      *place // of the keyword
	subs    []*schema
	names   []string // of subs, where they have some
}

func (b *building) only() *schema { return b.subs[0] }

func (b *building) apply(via via) {
	if position := keywords[b.keyword].position; position == list && !b.is("an array of schemas", isList(b.value)) {
		return
	}
	for _, sub := range b.subs {
		b.schema.applied = append(b.schema.applied, &application{via: via, schema: sub})
	}
	if len(b.subs) == 0 && via != viaAll { // of no alternatives, none is met
		b.schema.never = true
	}
}

func isList(value any) bool { _, ok := value.([]any); return ok }

// is refuses a value of another kind than the keyword has.
func (b *building) is(kind string, ok bool) bool {
	if !ok {
		b.fail(b.at, "%s is %s; it must be %s", b.keyword, shown(b.value), kind)
	}
	return ok
}

func (b *building) objects() *objectRules {
	if b.schema.object == nil {
		b.schema.object = &objectRules{most: unlimited}
	}
	return b.schema.object
}

func (b *building) arrays() *arrayRules {
	if b.schema.array == nil {
		b.schema.array = &arrayRules{most: unlimited, leastContained: 1, mostContained: unlimited}
	}
	return b.schema.array
}

func (b *building) texts() *textRules {
	if b.schema.text == nil {
		b.schema.text = &textRules{most: unlimited}
	}
	return b.schema.text
}

func (b *building) text() string {
	s, ok := b.value.(string)
	b.is("a string", ok)
	return s
}

func (b *building) flag() bool {
	v, ok := b.value.(bool)
	b.is("true or false", ok)
	return v
}

// count returns a number of things. One that is larger than there can be of them is unlimited.
func (b *building) count() int {
	text, _ := b.value.(json.Number)
	n := numberOf(string(text))
	if !b.is("a whole number, not below zero", text != "" && n.whole() && n.float() >= 0) || n.float() >= float64(unlimited) {
		return unlimited
	}
	return int(n.float())
}

// strings returns a list of strings without duplicates.
func (b *building) strings(value any) []string {
	var found []string
	items, ok := value.([]any)
	seen := map[string]bool{}
	for _, item := range items {
		s, isString := item.(string)
		if ok = ok && isString; isString && !seen[s] {
			seen[s] = true
			found = append(found, s)
		}
	}
	b.is("an array of strings", ok)
	return found
}

func (b *building) type_() {
	var listed []string
	if s, ok := b.value.(string); ok {
		listed = []string{s}
	} else {
		listed = b.strings(b.value)
	}
	raw := b.raw(b.at.parent)
	if raw["nullable"] == true {
		listed = append(listed, "null")
	}
	b.schema.kinds = 0
	for _, name := range listed {
		kind, ok := kindsOf[name]
		if b.is("one of null, boolean, integer, number, string, array and object", ok); !ok {
			return
		}
		b.schema.kinds |= kind
	}
	b.schema.typed = strings.Join(listed, " or ")
}

func (b *building) enum() {
	values, ok := b.value.([]any)
	if b.is("an array", ok) {
		b.schema.values = append(b.schema.values, newValueSet("enum", values...))
	}
}

func (b *building) bound() {
	text, ok := b.value.(json.Number)
	n := numberOf(string(text))
	if b.is("a number", ok) && b.is("other than 0", b.keyword != "multipleOf" || n.float() != 0) {
		b.schema.numbers = append(b.schema.numbers, numberRule{b.keyword, n, shown(text)})
	}
}

func (b *building) format() {
	name := b.text()
	test, ok := formats[name]
	if !ok {
		b.fail(b.at, "format %q is unknown to the runtime, which builds no schema with it; remove it, or use one of %s", name, formatNames())
		return
	}
	rules := b.texts()
	rules.format, rules.test = name, test
}

func (b *building) pattern() {
	if p := b.compilePattern(b.text(), b.at); p != nil {
		b.texts().patterns = append(b.texts().patterns, p)
	}
}

func (b *building) properties() {
	rules := b.objects()
	for i, name := range b.names {
		m := rules.members[name]
		m.schema = b.subs[i]
		b.setMember(name, m)
	}
}

func (b *building) setMember(name string, m member) {
	rules := b.objects()
	if rules.members == nil {
		rules.members = map[string]member{}
	}
	rules.members[name] = m
}

func (b *building) required() {
	for _, name := range b.strings(b.value) {
		m := b.objects().members[name]
		m.required = true
		b.setMember(name, m)
		b.objects().required = append(b.objects().required, name)
	}
}

func (b *building) patternProperties() {
	rules := b.objects()
	for i, name := range b.names {
		if p := b.compilePattern(name, &place{b.at, name}); p != nil {
			rules.patterns = append(rules.patterns, patternMember{p, b.subs[i]})
		}
	}
}

func (b *building) dependentSchemas() {
	for i, name := range b.names {
		b.schema.applied = append(b.schema.applied, &application{via: viaDependent, schema: b.subs[i], member: name})
	}
}

// dependentRequired asserts what a schema of a member's dependents would that requires others.
func (b *building) dependentRequired() {
	members, ok := b.value.(object)
	b.is("an object of arrays of strings", ok)
	for _, name := range sortedNames(members) {
		sub := *b
		sub.schema = &schema{resource: b.schema.resource, kinds: every}
		sub.value, sub.at = members[name], &place{b.at, name}
		sub.required()
		sub.schema.finish()
		b.schema.applied = append(b.schema.applied, &application{via: viaDependent, schema: sub.schema, member: name})
	}
}

// tuple is of prefixItems, and of items where that is an array.
func (b *building) tuple() {
	if b.is("an array of schemas", isList(b.value)) {
		b.arrays().prefixes = append(b.arrays().prefixes, b.subs)
	}
}

func (b *building) items() {
	if isList(b.value) {
		b.tuple()
		return
	}
	b.arrays().items = b.only()
}

// additionalItems are the items behind a tuple, or all where there is none: beside one schema for items, they mean nothing.
func (b *building) additionalItems() {
	if items, ok := b.raw(b.at.parent)["items"]; !ok || isList(items) {
		b.arrays().items = b.only()
	}
}
