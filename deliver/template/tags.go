package template

import (
	"fmt"
	"strings"
)

// An Error says where a template is wrong, or what it could not render.
type Error struct {
	Template string // the name of a named one; else empty
	Offset   int    // in its text, in bytes
	Message  string // with the cure
}

func (e *Error) Error() string {
	where := ""
	if e.Template != "" {
		where = fmt.Sprintf("template %q, ", e.Template)
	}
	return fmt.Sprintf("%sat byte %d: %s", where, e.Offset, e.Message)
}

// A token is text between tags, or a tag.
type token struct {
	kind   byte   // 0 is text; 'v' a value, 'r' a raw one; # ^ / > as they are written; '!' what renders nothing
	text   string // of text; else what the tag says
	at     int
	indent string // of the white space before a partial that stands alone on its line
}

// delimiters are what tags begin and end with.
type delimiters struct{ open, close string }

// tokens cuts a template into text and tags, without the lines that hold one tag alone.
func tokens(text string) ([]token, *Error) {
	d := delimiters{"{{", "}}"}
	var all []token
	at := 0
	for {
		open := strings.Index(text[at:], d.open)
		if open < 0 {
			return append(all, token{text: text[at:], at: at}), nil
		}
		open += at
		tag, end, err := readTag(text, open, &d)
		if err != nil {
			return nil, err
		}
		before, from := text[at:open], at
		if tag.standsAlone() {
			if start, next, ok := ownLine(text, at, open, end, at == 0 || text[at-1] == '\n'); ok {
				before, tag.indent, end = text[at:start], text[start:open], next
			}
		}
		if before != "" {
			all = append(all, token{text: before, at: from})
		}
		all = append(all, tag)
		at = end
	}
}

// ownLine tells whether a tag stands alone on its line, and where that line starts and ends. White space before it counts as
// its own only back to the last tag.
func ownLine(text string, from, open, end int, fresh bool) (start, next int, ok bool) {
	start = strings.LastIndexByte(text[from:open], '\n') + 1 + from
	if start == from && !fresh || strings.Trim(text[start:open], " \t") != "" {
		return 0, 0, false
	}
	rest := strings.TrimLeft(text[end:], " \t")
	next = len(text) - len(rest)
	switch {
	case rest == "":
		return start, next, true
	case rest[0] == '\n':
		return start, next + 1, true
	case strings.HasPrefix(rest, "\r\n"):
		return start, next + len("\r\n"), true
	}
	return 0, 0, false
}

func (t token) standsAlone() bool { return t.kind != 'v' && t.kind != 'r' }

// readTag reads the tag that opens at a place, and returns where it ends. It may change the delimiters.
func readTag(text string, open int, d *delimiters) (token, int, *Error) {
	wrong := func(format string, args ...any) (token, int, *Error) {
		return token{}, 0, &Error{Offset: open, Message: fmt.Sprintf(format, args...)}
	}
	at := open + len(d.open)
	rest := text[at:]
	closing, kind := d.close, byte('v')
	switch {
	case rest == "":
		return wrong("the tag %s has no end; close it with %s", d.open, d.close)
	case rest[0] == '{' && d.open == "{{":
		kind, closing = 'r', "}"+d.close
	case rest[0] == '=':
		kind, closing = '=', "="+d.close
	case strings.IndexByte("#^/>!&", rest[0]) >= 0:
		kind = rest[0]
	case rest[0] == '<' || rest[0] == '$':
		return wrong("%s%c is inheritance of templates, which is not known here; write a partial, %s> name%s", d.open, rest[0], d.open, d.close)
	}
	if kind != 'v' {
		at++
	}
	length := closingAt(text[at:], closing, kind)
	if length < 0 {
		return wrong("the tag has no end; close it with %s", closing)
	}
	says := strings.TrimSpace(text[at : at+length])
	end := at + length + len(closing)
	switch {
	case kind == '=':
		pair := strings.Fields(says)
		if len(pair) != 2 || strings.Contains(says, "=") {
			return wrong("delimiters are set as in {{=<%% %%>=}}")
		}
		*d = delimiters{pair[0], pair[1]}
		kind = '!'
	case kind == '&':
		kind = 'r'
	}
	if says == "" && kind != '!' {
		return wrong("the tag names nothing; write a name in it")
	}
	return token{kind: kind, text: says, at: open}, end, nil
}

// closingAt finds the end of a tag. It is not one in quotes, as those of a function's options are.
func closingAt(text, closing string, kind byte) int {
	if kind == '!' || kind == '=' {
		return strings.Index(text, closing)
	}
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"' && (quoted || i > 0 && text[i-1] == '='):
			quoted = !quoted
		case !quoted && strings.HasPrefix(text[i:], closing):
			return i
		}
	}
	return strings.Index(text, closing)
}
