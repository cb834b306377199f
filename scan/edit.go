package scan

import "bytes"

// An Edit replaces a part of a text.
type Edit struct {
	Span
	With []byte
}

// AppendEdited appends the part of a text with edits of it, which are in order and do not overlap. Those outside of the part
// are left out.
func AppendEdited(b, text []byte, part Span, edits []Edit) []byte {
	for _, e := range edits {
		if e.Start < part.Start || e.End > part.End {
			continue
		}
		b = append(append(b, text[part.Start:e.Start]...), e.With...)
		part.Start = e.End
	}
	return append(b, part.Of(text)...)
}

// Member returns what must be cut out of an object's valid text for a member to be gone, by the span of its value and its
// name, which has no escapes: also the comma before it, or the one behind it where it is the first.
func Member(text []byte, value Span, name string) (cut Span, ok bool) {
	before := bytes.TrimRight(text[:value.Start], " \t\r\n")
	before = bytes.TrimRight(bytes.TrimSuffix(before, []byte(":")), " \t\r\n")
	before, ok = bytes.CutSuffix(before, []byte(`"`+name+`"`))
	if !ok {
		return Span{}, false
	}
	cut = Span{len(before), value.End}
	if before = bytes.TrimRight(before, " \t\r\n"); bytes.HasSuffix(before, []byte(",")) {
		cut.Start = len(before) - 1
		return cut, true
	}
	behind := bytes.TrimLeft(text[value.End:], " \t\r\n")
	if rest, comma := bytes.CutPrefix(behind, []byte(",")); comma {
		cut.End = len(text) - len(rest)
	}
	return cut, true
}
