package schemas

import (
	"fmt"
	"strings"
)

// MaxViolations bounds the reply to a document that is wrong in many places; the first ones tell what is wrong.
const MaxViolations = 20

// A Violation is one reason why a document is refused. It quotes the schema, and of the document names alone.
type Violation struct {
	// Document is the index of the document in the request.
	Document int `json:"document"`
	// InstanceLocation is a JSON pointer into the document.
	InstanceLocation string `json:"instanceLocation"`
	// Keyword of the schema that the value there fails, or "key" where the collection's key is missing.
	Keyword string `json:"keyword"`
	Error   string `json:"error"`
}

func (v Violation) String() string {
	return fmt.Sprintf("%s at %q of document %d", v.Error, v.InstanceLocation, v.Document)
}

// A record is what becomes a violation if it is told: few of those are that a document with alternatives gives rise to.
type record struct {
	keyword string
	schema  *schema
	at      int // in the text, where the value is
	n       int // what the keyword counts, or which of its rules it is
	via     via // of the alternative
}

// several of oneOf are met.
const several = 2

// violation says what is wrong.
func (e *evaluation) violation(r record) Violation {
	at := e.pointerTo(r.at)
	if strings.HasPrefix(r.keyword, "unevaluated") {
		at += "/" + Escape(e.nameOf(r.at, r.n))
	}
	return Violation{InstanceLocation: shorten(at), Keyword: r.keyword, Error: shorten(e.message(r))}
}

func (e *evaluation) message(r record) string {
	s := r.schema
	switch r.keyword {
	case "type":
		return fmt.Sprintf("got %s, want %s", kinds(r.n), s.typed)
	case "enum", "const":
		for _, set := range s.values {
			if set.keyword == r.keyword {
				return fmt.Sprintf("%s: want %s", r.keyword, set)
			}
		}
	case "required":
		return e.missing(r)
	case "minLength":
		return fmt.Sprintf("minLength: got %d, want %d", r.n, s.text.least)
	case "maxLength":
		return fmt.Sprintf("maxLength: got %d, want %d", r.n, s.text.most)
	case "pattern":
		return fmt.Sprintf("does not match pattern %q", s.text.patterns[r.n].source)
	case "format":
		return fmt.Sprintf("is not of the format %s", s.text.format)
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		return fmt.Sprintf("%s: want %s", r.keyword, s.numbers[r.n].text)
	case "minItems":
		return fmt.Sprintf("minItems: got %d, want %d", r.n, s.array.least)
	case "maxItems":
		return fmt.Sprintf("maxItems: got %d, want %d", r.n, s.array.most)
	case "minContains":
		return fmt.Sprintf("contains: got %d such items, want at least %d", r.n, s.array.leastContained)
	case "maxContains":
		return fmt.Sprintf("contains: got %d such items, want at most %d", r.n, s.array.mostContained)
	case "uniqueItems":
		return "two items are equal"
	case "minProperties":
		return fmt.Sprintf("minProperties: got %d, want %d", r.n, s.object.least)
	case "maxProperties":
		return fmt.Sprintf("maxProperties: got %d, want %d", r.n, s.object.most)
	case "anyOf":
		return "none of anyOf is met"
	case "oneOf":
		if r.n == several {
			return "more than one of oneOf is met"
		}
		return "none of oneOf is met"
	case "not":
		return "is what the schema's not excludes"
	case "$ref":
		return fmt.Sprintf("more than %d schemas would hold on the way here; the runtime takes no more", maxFrames)
	case "unevaluatedProperties", "unevaluatedItems":
		return fmt.Sprintf("is not what %s allows", r.keyword)
	}
	return "the schema allows nothing here"
}

// missing names members that are required and not there.
func (e *evaluation) missing(r record) string {
	const most = 5
	there := map[string]bool{}
	walker := e.reader
	walker.at = r.at
	for o := walker.open(); walker.member(&o); walker.skip(walker.text[walker.at]) {
		if r.schema.object.members[o.name].required {
			there[o.name] = true
		}
	}
	var names []string
	for _, name := range r.schema.object.required {
		if !there[name] && len(names) < most {
			names = append(names, fmt.Sprintf("%q", name))
		}
	}
	return "missing " + strings.Join(names, ", ")
}

// pointerTo is the JSON pointer of the innermost value that begins at a place of the text, or is around it.
func (e *evaluation) pointerTo(place int) string {
	var b strings.Builder
	r := e.reader
	for r.at = 0; r.next() == '{' || r.text[r.at] == '['; {
		name := ""
		if !r.within(place, &name) {
			break
		}
		b.WriteString("/" + Escape(name))
	}
	return b.String()
}

// within goes to the member or item of the next value that a place is in, if it is in one, and names it.
func (r *reader) within(place int, name *string) bool {
	if place <= r.at {
		return false
	}
	if r.text[r.at] == '{' {
		for o := r.open(); r.member(&o); {
			start := r.at
			if r.skip(r.text[start]); place >= start && place < r.at {
				r.at, *name = start, o.name
				return true
			}
		}
		return false
	}
	n := 0
	for r.at++; r.element(); n++ {
		start := r.at
		if r.skip(r.text[start]); place >= start && place < r.at {
			r.at, *name = start, fmt.Sprint(n)
			return true
		}
	}
	return false
}

// nameOf is the name of the nth member of the value at a place, or its index as an item.
func (e *evaluation) nameOf(place, n int) string {
	r := e.reader
	r.at = place
	if r.text[place] != '{' {
		return fmt.Sprint(n)
	}
	o := r.open()
	for r.member(&o) && o.n <= n {
		r.skip(r.text[r.at])
	}
	return o.name
}

// shorten cuts a message that quotes the schema to a length that can be read.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
