package schemas

import "strings"

// A shape describes every value that the connector may write at a location, as far as a schema can ask. The zero shape
// is that of any value.
type shape struct {
	kind   kinds            // strings_, integers or objects; none for any
	format string           // that a string always has, or empty
	always map[string]shape // members that an object always has
	may    map[string]shape // members that it may have
	others *shape           // what its further members are; nil where there are none
}

var (
	anything = shape{}
	text     = shape{kind: strings_}
	dateTime = shape{kind: strings_, format: "date-time"}
	integer  = shape{kind: integers}
	texts    = shape{kind: objects, others: &text}
)

// written is the shape of the documents of a path with these parameters when the sender's own members hold no _meta.
// The runtime sets /_meta/uuid to a placeholder before it validates.
func written(pathParams []string) shape {
	meta := shape{
		kind:   objects,
		always: map[string]shape{WebhookID: text, ReceivedAt: dateTime, ReqPath: text, Headers: texts, uuid: text},
		may: map[string]shape{Query: texts, Event: {kind: objects, may: map[string]shape{
			"topic": text, "workspaceId": text, "objectType": text, "objectId": text, "operation": text,
			"relatedType": text, "relatedId": text, "mergedFrom": text,
			"occurredAt": dateTime, "attempt": integer,
		}}},
	}
	if len(pathParams) > 0 {
		params := shape{kind: objects, always: map[string]shape{}}
		for _, name := range pathParams {
			params.always[name] = text
		}
		meta.always[PathParams] = params
	}
	return shape{kind: objects, always: map[string]shape{"_meta": meta}, others: &anything}
}

// polled is the shape of the documents of objects of an API. Identifiers right below the root are strings, and times are
// integers there.
func polled(identifiers []string) shape {
	s := shape{
		kind: objects,
		always: map[string]shape{"_meta": {
			kind:   objects,
			always: map[string]shape{Op: text, Source: text, FetchedAt: dateTime, WorkspaceID: text, uuid: text},
			may:    map[string]shape{UpdatedAt: dateTime},
		}},
		may:    map[string]shape{},
		others: &anything,
	}
	for _, name := range Times {
		s.may[name] = integer
	}
	for _, pointer := range identifiers {
		if name, ok := strings.CutPrefix(pointer, "/"); ok && !strings.Contains(name, "/") {
			s.always[Unescape(name)] = text
		}
	}
	return s
}

// A coverage decides whether a schema accepts every value of a shape. It may say no where the answer is yes.
type coverage struct {
	depth int
	steps int // so far; those of a schema that refers to itself in alternatives are more than anyone can take
}

const (
	maxCoverageDepth = 64
	maxCoverageSteps = 10_000
)

// covers tells whether the schema accepts every document of the shape, so that none needs to be looked at for it.
func covers(s *schema, sh shape) bool { return new(coverage).covers(s, sh) }

// covers is the recursion over a schema.
func (c *coverage) covers(s *schema, sh shape) bool {
	c.depth++
	c.steps++
	defer func() { c.depth-- }()
	return c.depth < maxCoverageDepth && c.steps < maxCoverageSteps && understood(s) && ofKind(s, sh) && ofFormat(s, sh) &&
		c.applied(s, sh) && c.members(s, sh)
}

// understood tells that a schema asserts nothing else than what the others reason about.
func understood(s *schema) bool {
	if o := s.object; o != nil && (o.least > 0 || o.most != unlimited || len(o.patterns) > 0 || o.names != nil || o.unevaluated != nil) {
		return false
	}
	if t := s.text; t != nil && (t.least > 0 || t.most != unlimited || len(t.patterns) > 0) {
		return false
	}
	return !s.never && len(s.values) == 0 && len(s.numbers) == 0 && s.array == nil
}

// ofKind asks whether the kind is among those that a schema lists. Any value is of no kind that could be listed.
func ofKind(s *schema, sh shape) bool {
	return s.kinds == every || sh.kind != 0 && s.kinds&sh.kind != 0
}

// ofFormat holds for strings alone: one that always has the format, or anything that is no string.
func ofFormat(s *schema, sh shape) bool {
	return s.text == nil || s.text.format == sh.format || sh.kind == objects || sh.kind == integers
}

// applied asks about the schemas in place: all of allOf and of references, and one of anyOf.
func (c *coverage) applied(s *schema, sh shape) bool {
	any := !s.hasAny
	for _, a := range s.applied {
		switch {
		case a.via == viaAny:
			any = any || c.covers(a.schema, sh)
		case a.via == viaIf: // it asserts nothing itself
		case a.via == viaThen || a.via == viaElse:
			if !c.covers(a.schema, sh) {
				return false
			}
		case a.via != viaAll && a.via != viaReference, a.anchor != nil, !c.covers(a.schema, sh):
			return false
		}
	}
	return any
}

// members decides about required, properties and additionalProperties, which mean objects only.
func (c *coverage) members(s *schema, sh shape) bool {
	if s.object == nil || sh.kind != objects && sh.kind != 0 {
		return true
	}
	for _, name := range s.object.required {
		if !has(sh.always, name) {
			return false
		}
	}
	for name, m := range s.object.members {
		if of, ok := sh.member(name); ok && m.schema != nil && !c.covers(m.schema, of) {
			return false
		}
	}
	additional := s.object.additional
	if additional == nil {
		return true
	}
	for _, members := range []map[string]shape{sh.always, sh.may} {
		for name, of := range members {
			if s.object.members[name].schema == nil && !c.covers(additional, of) {
				return false
			}
		}
	}
	others, ok := sh.member("")
	return !ok || c.covers(additional, others)
}

// member returns the shape of the values of one member, and whether there can be such a member.
func (s shape) member(name string) (shape, bool) {
	for _, members := range []map[string]shape{s.always, s.may} {
		if member, ok := members[name]; ok {
			return member, true
		}
	}
	switch {
	case s.kind == 0:
		return anything, true
	case s.others == nil:
		return shape{}, false
	}
	return *s.others, true
}

func has(m map[string]shape, name string) bool {
	_, ok := m[name]
	return ok
}
