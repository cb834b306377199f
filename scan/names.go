package scan

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// names are the members of the objects that are open, the innermost last. Of members of one name the last counts.
type names struct {
	open []member
	cuts []Span // members that a later one replaces
}

// A member of an object that is open.
type member struct {
	name Span   // with quotes
	next int    // where the name of the member behind it starts
	key  uint64 // of its name
}

// An objectNames is the part of names of one object.
type objectNames struct {
	first, last int            // in names.open; last is the member that was read last
	keys        uint64         // a bit for each key; one that is not set tells that the name is new
	wide        map[string]int // index into names.open by name, once there are more than few
}

// few is how many members an object may have for its names to be compared with each other; those of a larger one are
// looked up.
const few = 32

// add notes a member of an object of text, by its name and what that says. If it replaces an earlier one, that one is cut, from its name to where the
// next one starts: there is one, and the separator between them goes too.
func (n *names) add(o *objectNames, text []byte, name Span, says []byte) {
	if len(n.open) > o.first {
		n.open[o.last].next = name.Start
	}
	m := member{name: name, key: keyOf(says)}
	bit := uint64(1) << (m.key * mix >> 58)
	if o.keys&bit != 0 || o.wide != nil {
		if i := n.find(o, text, m.key, says); i >= 0 {
			n.cuts = append(n.cuts, Span{n.open[i].name.Start, n.open[i].next})
			n.open[i], o.last = m, i
			return
		}
	}
	o.keys |= bit
	o.last = len(n.open)
	n.open = append(n.open, m)
	switch {
	case o.wide != nil:
		o.wide[string(says)] = o.last
	case o.last-o.first == few:
		o.wide = make(map[string]int, 2*few)
		for i, m := range n.open[o.first:] {
			o.wide[string(Unquoted(m.name.Of(text)))] = o.first + i
		}
	}
}

// find returns the index of the member of the same name, or -1.
func (n *names) find(o *objectNames, text []byte, key uint64, says []byte) int {
	if o.wide != nil {
		if i, ok := o.wide[string(says)]; ok {
			return i
		}
		return -1
	}
	for i := o.first; i < len(n.open); i++ {
		if m := &n.open[i]; m.key == key && bytes.Equal(Unquoted(m.name.Of(text)), says) {
			return i
		}
	}
	return -1
}

// mix spreads keys over the bits of a word; it is 2^64 divided by the golden ratio.
const mix = 0x9e3779b97f4a7c15

// keyOf tells most names apart by their lengths, first and last bytes.
func keyOf(name []byte) uint64 {
	n, key := len(name), uint64(0)
	switch {
	case n >= 8:
		key = binary.LittleEndian.Uint64(name) + 31*binary.LittleEndian.Uint64(name[n-8:])
	case n >= 4:
		key = uint64(binary.LittleEndian.Uint32(name)) | uint64(binary.LittleEndian.Uint32(name[n-4:]))<<32
	case n > 0:
		key = uint64(name[0]) | uint64(name[n/2])<<8 | uint64(name[n-1])<<16
	}
	return key + uint64(n)
}

// appendRewritten appends text less the parts that are cut, and less the white space that holds a newline. In valid
// JSON a newline stands between tokens only; in a message of the JSON codec it would end the message.
func appendRewritten(b, text []byte, cuts []Span) []byte {
	slices.SortFunc(cuts, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	kept := 0 // up to here, text is either appended or cut
	for _, cut := range cuts {
		if cut.Start >= kept {
			b = appendOnOneLine(b, text[kept:cut.Start])
		}
		kept = max(kept, cut.End)
	}
	return appendOnOneLine(b, text[kept:])
}

func appendOnOneLine(b, text []byte) []byte {
	for newline := bytes.IndexByte(text, '\n'); newline >= 0; newline = bytes.IndexByte(text, '\n') {
		b = append(b, bytes.TrimRight(text[:newline], " \t\r")...)
		text = bytes.TrimLeft(text[newline:], " \t\r\n")
	}
	return append(b, text...)
}
