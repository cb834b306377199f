package schemas

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxNesting is how deep a schema may be nested: the runtime's parser refuses the 128th open object or array.
const maxNesting = 127

// A compiler makes a schema of JSON. It goes on after an error, of which the first counts.
type compiler struct {
	resources map[string]*resource
	pending   []pending
	raws      map[*place]object
	depth     int
	err       error
}

// A place is a location in the write schema.
type place struct {
	parent *place
	token  string
}

// String is the place as a reference to it.
func (p *place) String() string {
	var tokens []string
	for ; p.parent != nil; p = p.parent {
		tokens = append(tokens, "/"+Escape(p.token))
	}
	slices.Reverse(tokens)
	return "#" + strings.Join(tokens, "")
}

// fail notes what is wrong with the schema at a place.
func (c *compiler) fail(at *place, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("the write schema at %s: %w", at, fmt.Errorf(format, args...))
	}
}

// shown is a value of the schema, for messages.
func shown(value any) string {
	const most = 80
	text := string(mustMarshal(value))
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// parse reads a schema's JSON text. Its numbers keep their digits.
func parse(text []byte) (any, error) {
	var raw any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err := d.Decode(&raw)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return raw, nil
		}
		err = errors.New("more follows behind its end")
	}
	return nil, fmt.Errorf("parsing the write schema: %w", err)
}

// compileSchema makes a schema of JSON, with all that it refers to.
func compileSchema(raw any) (*schema, error) {
	c := &compiler{resources: map[string]*resource{}, raws: map[*place]object{}}
	s := c.schema(raw, &place{}, c.resource(baseURI, &place{}))
	s.under = "false"
	for _, p := range c.pending {
		c.resolve(p)
	}
	return s, c.err
}

// schema compiles one at a place, which is within a resource.
func (c *compiler) schema(raw any, at *place, within *resource) *schema {
	s := &schema{resource: within, kinds: every, subs: map[string]*schema{}}
	if within.root == nil {
		within.root = s
	}
	c.depth++
	defer func() { c.depth-- }()
	switch v := raw.(type) {
	case bool:
		s.never = !v
	case object:
		if c.depth > maxNesting {
			c.fail(at, "it nests deeper than the %d levels that the runtime takes; move inner schemas to $defs", maxNesting)
			break
		}
		c.object(s, v, at)
	default:
		c.fail(at, "%s is no schema; a schema is an object, true or false", shown(raw))
	}
	s.finish()
	return s
}

// object compiles a schema that is an object, keyword by keyword.
func (c *compiler) object(s *schema, raw object, at *place) {
	c.raws[at] = raw
	defer delete(c.raws, at)
	if id, ok := raw["$id"]; ok {
		c.identify(s, id, &place{at, "$id"})
	}
	for _, name := range sortedNames(raw) {
		k, known := keywords[name]
		if !known {
			if !extension(name) {
				c.fail(&place{at, name}, "the runtime knows no keyword %q, and builds no schema with it; %s", name, cure(name))
			}
			continue
		}
		b := &building{compiler: c, schema: s, keyword: name, value: raw[name], at: &place{at, name}}
		b.below(k.position)
		if k.compile != nil && c.err == nil {
			k.compile(b)
		}
	}
	// What an if decides is known before what depends on it is looked at: the last that is applied is judged first.
	slices.SortStableFunc(s.applied, func(a, b *application) int { return cmp.Compare(rank(a.via), rank(b.via)) })
}

// cure says what to do about a keyword that is unknown.
func cure(keyword string) string {
	switch keyword {
	case "dependencies":
		return "use dependentRequired and dependentSchemas instead"
	case "id":
		return "use $id instead"
	case "divisibleBy":
		return "use multipleOf instead"
	}
	return "remove it, or let its name begin with x- if it is yours"
}

func rank(v via) int {
	i := slices.Index([]via{viaElse, viaThen, viaIf}, v)
	if i < 0 {
		return 3
	}
	return i
}

// below compiles the schemas in the value of the keyword.
func (b *building) below(p position) {
	if p == marked {
		return
	}
	if p == named {
		if _, ok := b.value.(object); !b.is("an object of schemas", ok) {
			return
		}
	}
	p.below(b.value, func(sub any, name string) any {
		at, path := b.at, b.keyword
		if name != "" {
			name = name[1:]
			at, path = &place{at, name}, path+"/"+Escape(name)
		}
		s := b.compiler.schema(sub, at, b.schema.resource)
		s.under = b.keyword
		b.subs, b.names = append(b.subs, s), append(b.names, name)
		b.schema.subs[path] = s
		return nil
	})
}

// raw returns the schema at a place that is being compiled.
func (c *compiler) raw(at *place) object { return c.raws[at] }

// finish notes what spares work.
func (s *schema) finish() {
	if o := s.object; o != nil {
		o.looks = len(o.members) > 0 || len(o.patterns) > 0 || o.additional != nil || o.unevaluated != nil || o.names != nil || o.least > 0 || o.most != unlimited
	}
	for _, a := range s.applied {
		s.hasAny, s.hasOne = s.hasAny || a.via == viaAny, s.hasOne || a.via == viaOne
	}
	s.free = !s.never && s.kinds == every && s.values == nil && s.text == nil && s.numbers == nil && s.array == nil && s.object == nil && len(s.applied) == 0
}

func sortedNames(o object) []string { return slices.Sorted(maps.Keys(o)) }
