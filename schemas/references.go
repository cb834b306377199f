package schemas

import (
	"net/url"
	"strings"
)

// baseURI is the URI of a write schema without an id. It has a path, so that relative ids resolve against it.
const baseURI = "flow://write-schema/schema"

// A pending is a reference of which the target may not be compiled yet.
type pending struct {
	from    *schema
	applied *application
	keyword string
	uri     string
	at      *place
}

// resource makes one at a URI that no other has.
func (c *compiler) resource(uri string, at *place) *resource {
	if c.resources[uri] != nil {
		c.fail(at, "the $id %q is that of another schema as well; change one", uri)
	}
	r := &resource{uri: uri, anchors: map[string]*schema{}, dynamic: map[string]*schema{}}
	c.resources[uri] = r
	return r
}

// identify makes the schema a resource of its own. Its parent's resource still holds it as a part.
func (c *compiler) identify(s *schema, id any, at *place) {
	text, ok := id.(string)
	uri, fragment, _ := strings.Cut(absolute(s.resource.uri, text), "#")
	switch {
	case !ok:
		c.fail(at, "$id is %s; it must be a string", shown(id))
	case fragment != "":
		c.fail(at, "the $id %q has a fragment; name a part of a schema by $anchor", text)
	case uri != s.resource.uri:
		s.resource = c.resource(uri, at)
		s.resource.root = s
	}
}

// absolute resolves a reference at a base.
func absolute(base, ref string) string {
	ref, fragment, hasFragment := strings.Cut(ref, "#")
	uri := base
	if ref != "" {
		uri = ref
		b, baseErr := url.Parse(base)
		r, err := url.Parse(ref)
		if baseErr == nil && err == nil {
			u := b.ResolveReference(r)
			u.Host = strings.ToLower(u.Host)
			if u.Path == "" && (u.Scheme == "http" || u.Scheme == "https") {
				u.Path = "/"
			}
			uri = u.String()
		}
	}
	if hasFragment {
		uri += "#" + fragment
	}
	return uri
}

// anchor names the schema within its resource. Any text may be a name.
func (b *building) anchor(dynamic bool) {
	name, r := unescaped(b.text()), b.schema.resource
	if r.anchors[name] != nil {
		b.fail(b.at, "the anchor %q is that of another schema as well; change one", name)
	}
	r.anchors[name] = b.schema
	if dynamic {
		r.dynamic[name] = b.schema
	}
}

func (b *building) recursiveAnchor() {
	if b.flag() && b.schema == b.schema.resource.root {
		b.schema.resource.dynamic[""] = b.schema
	}
}

// reference applies the schema that a URI leads to, once it is known.
func (b *building) reference(keyword string) {
	ref := b.text()
	a := &application{via: viaReference}
	b.schema.applied = append(b.schema.applied, a)
	b.pending = append(b.pending, pending{b.schema, a, keyword, ref, b.at})
}

// resolve sets the target of a reference. All that it could refer to is compiled.
func (c *compiler) resolve(p pending) {
	uri, fragment, _ := strings.Cut(absolute(p.from.resource.uri, p.uri), "#")
	fragment = unescaped(fragment)
	var target *schema
	r := c.resources[uri]
	if r != nil {
		target = r.find(fragment)
	}
	if target == nil {
		c.fail(p.at, "%s refers to %q, which leads to no schema within the write schema; correct it, or bundle what it means under $defs", p.keyword, p.uri)
		return
	}
	p.applied.schema = target
	if p.keyword != "$ref" && r.dynamic[fragment] == target {
		p.applied.anchor = &fragment
	}
}

// find returns the schema of a resource that a fragment names: by a JSON pointer through schemas, or by an anchor.
func (r *resource) find(fragment string) *schema {
	if fragment == "" {
		return r.root
	}
	pointer, ok := strings.CutPrefix(fragment, "/")
	if !ok {
		return r.anchors[fragment]
	}
	s := r.root
	for rest := pointer; s != nil && rest != ""; {
		keyword, behind, _ := strings.Cut(rest, "/")
		if sub := s.subs[keyword]; sub != nil {
			s, rest = sub, behind
			continue
		}
		name, further, _ := strings.Cut(behind, "/")
		s, rest = s.subs[keyword+"/"+Escape(Unescape(name))], further
	}
	return s
}

// unescaped is a fragment as it is meant. One that is badly escaped means itself.
func unescaped(fragment string) string {
	if text, err := url.PathUnescape(fragment); err == nil {
		return text
	}
	return fragment
}
