package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Set is the named templates that others may use. It is not safe for concurrent use until all are compiled.
type Set struct {
	texts    map[string]string
	compiled map[variant]*body
}

// A variant is a named template for one kind of place.
type variant struct {
	name, indent string
	place        Place
	inside       bool
}

// maxVariants bounds what templates that name themselves, ever deeper indented, compile to.
const maxVariants = 1000

// NewSet makes a set of texts by name.
func NewSet(texts map[string]string) *Set {
	return &Set{texts: texts, compiled: map[variant]*body{}}
}

// Check compiles each template of the set for itself, so that one that nothing uses is held to the language, too.
func (s *Set) Check() error {
	for _, name := range slices.Sorted(maps.Keys(s.texts)) {
		if strings.TrimSpace(name) == "" || strings.ContainsAny(name, " \t\r\n") {
			return fmt.Errorf("the name %q of a template has spaces, or is empty; choose another", name)
		}
		if _, err := s.named(variant{name: name}, 0); err != nil {
			return err
		}
	}
	return nil
}

// A Template is compiled for its place. It is safe for concurrent use.
type Template struct {
	body
	place Place
}

// A body is a tree of a text and the tags in it.
type body struct {
	nodes []node
	loose bool // what it renders may have another form, of JSON, from document to document
}

// A node is text, or what a tag stands for.
type node struct {
	token
	inside  bool // a string of JSON
	value   lookup
	call    *call
	partial *body
	body         // of a section
	texts   bool // of a section of a function, whose inside is text
}

// Compile makes a template of a text whose values are escaped for a place. Its error is an [*Error].
func (s *Set) Compile(text string, place Place) (*Template, error) {
	c := compiler{set: s, place: place}
	body, err := c.compile(text)
	if err != nil {
		return nil, err
	}
	if c.inside || c.escaped {
		return nil, &Error{Offset: len(text), Message: "a string of JSON is not closed at the end; add the quotation mark"}
	}
	return &Template{*body, place}, nil
}

// named compiles a template of the set for a variant.
func (s *Set) named(v variant, at int) (*body, error) {
	if known, ok := s.compiled[v]; ok {
		return known, nil
	}
	text, ok := s.texts[v.name]
	if !ok {
		return nil, &Error{Offset: at, Message: fmt.Sprintf("there is no template %q; add it under templates", v.name)}
	}
	if len(s.compiled) >= maxVariants {
		return nil, &Error{Offset: at, Message: fmt.Sprintf("the template %q is used in itself with ever more indentation; use it in a line with other text", v.name)}
	}
	known := new(body)
	s.compiled[v] = known // for templates that name themselves
	c := compiler{set: s, place: v.place, inside: v.inside}
	compiled, err := c.compile(indented(text, v.indent))
	if err == nil && c.inside != v.inside {
		err = &Error{Offset: len(text), Message: "the template opens a string of JSON without closing it, or closes one that it did not open"}
	}
	if err != nil {
		if e, ok := err.(*Error); ok && e.Template == "" {
			e.Template = v.name
		}
		return nil, err
	}
	*known = *compiled
	return known, nil
}

// indented puts white space before each line.
func indented(text, indent string) string {
	if indent == "" || text == "" {
		return text
	}
	last := strings.HasSuffix(text, "\n")
	text = indent + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+indent)
	if last {
		text += "\n"
	}
	return text
}

// A compiler makes one body. It remembers where in JSON it is.
type compiler struct {
	set     *Set
	place   Place
	inside  bool // a string of JSON
	escaped bool // the next character of it is behind a backslash
	tokens  []token
}

func (c *compiler) compile(text string) (*body, error) {
	all, err := tokens(text)
	if err != nil {
		return nil, err
	}
	c.tokens = all
	found, end, err2 := c.nodes(token{})
	if err2 != nil {
		return nil, err2
	}
	if end != nil {
		return nil, &Error{Offset: end.at, Message: fmt.Sprintf("{{/%s}} closes a section that is not open; remove it", end.text)}
	}
	return found, nil
}

// nodes makes those up to the end of a section, or of the text.
func (c *compiler) nodes(section token) (*body, *token, error) {
	b := new(body)
	for len(c.tokens) > 0 {
		t := c.tokens[0]
		c.tokens = c.tokens[1:]
		if t.kind == '/' {
			return b, &t, nil
		}
		if t.kind == '!' || t.kind == 0 && t.text == "" {
			continue
		}
		n, err := c.node(t)
		if err != nil {
			return nil, nil, err
		}
		b.loose = b.loose || n.loose || n.kind == 'r' || n.kind == '#' || n.kind == '^'
		b.nodes = append(b.nodes, n)
	}
	return b, nil, nil
}

func (c *compiler) node(t token) (n node, err error) {
	n = node{token: t, inside: c.inside}
	if t.kind != 0 && c.escaped {
		return n, &Error{Offset: t.at, Message: "a backslash stands before the tag, in a string of JSON; write two, or remove it"}
	}
	switch t.kind {
	case 0:
		c.walk(t.text)
	case '>':
		n.partial, err = c.set.named(variant{t.text, t.indent, c.place, c.inside}, t.at)
	case 'v', 'r':
		if _, ok := c.set.texts[t.text]; ok {
			n.kind = '>'
			n.partial, err = c.set.named(variant{name: t.text, place: c.place, inside: c.inside}, t.at)
			break
		}
		n.value, n.call, err = c.expression(t)
	default:
		err = c.section(&n)
	}
	if n.partial != nil {
		n.loose = true
	}
	return n, err
}

// walk passes text of JSON, to know whether what follows it is in a string.
func (c *compiler) walk(text string) {
	if c.place != JSON {
		return
	}
	for i := range len(text) {
		switch {
		case c.escaped:
			c.escaped = false
		case text[i] == '\\' && c.inside:
			c.escaped = true
		case text[i] == '"':
			c.inside = !c.inside
		}
	}
}

// section compiles the inside of one.
func (c *compiler) section(n *node) (err error) {
	if n.value, n.call, err = c.expression(n.token); err != nil {
		return err
	}
	name, _, _ := strings.Cut(n.token.text, " ")
	place, inside := c.place, c.inside
	if n.call != nil && n.call.of == nil { // a function's, which takes what is inside as text
		if n.kind == '^' {
			return &Error{Offset: n.at, Message: fmt.Sprintf("the function %s has no inverse; write {{#%s}}", name, name)}
		}
		n.texts = true
		c.place, c.inside = Text, false
	}
	found, end, err := c.nodes(n.token)
	if err != nil {
		return err
	}
	if end == nil {
		return &Error{Offset: n.at, Message: fmt.Sprintf("the section %s is not closed; add {{/%s}}", n.token.text, name)}
	}
	if end.text != n.token.text && end.text != name {
		return &Error{Offset: end.at, Message: fmt.Sprintf("{{/%s}} stands where {{/%s}} is expected", end.text, name)}
	}
	if c.place == JSON && (c.inside != inside || c.escaped) {
		how := "opens a string of JSON without closing it"
		if inside {
			how = "closes a string of JSON that it did not open"
		}
		return &Error{Offset: n.at, Message: fmt.Sprintf("the section %s %s; put both quotation marks in it, or around it", name, how)}
	}
	c.place, c.inside = place, inside
	n.body = *found
	return nil
}
