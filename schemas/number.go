package schemas

import (
	"math"
	"strconv"
)

// A number is one of JSON as the runtime keeps it: without a fraction and an exponent a uint64, or an int64 that is
// negative, where it fits; else a double. Minus zero is a double.
type number struct {
	kind numberKind
	bits uint64
}

type numberKind uint8

const (
	natural  numberKind = iota // bits are a uint64
	negative                   // an int64 below zero
	double                     // a float64
)

// exactly is where doubles begin that stand for several integers.
const exactly = 1 << 53

// numberOf reads the text of a number in time linear to it, whatever its exponent.
func numberOf[T string | []byte](text T) number {
	if len(text) > 0 && text[0] == '-' {
		if n, ok := digits(text[1:]); ok && n > 0 && n <= 1<<63 {
			return number{negative, -n}
		}
	} else if n, ok := digits(text); ok {
		return number{natural, n}
	}
	f, _ := strconv.ParseFloat(string(text), 64) // out of range: an infinity
	return number{double, math.Float64bits(f)}
}

// digits reads an unsigned integer.
func digits[T string | []byte](text T) (uint64, bool) {
	const most = len("18446744073709551615")
	n := uint64(0)
	for i := range len(text) {
		d := uint64(text[i]) - '0'
		if d > 9 || i == most || i == most-1 && (n > math.MaxUint64/10 || 10*n > math.MaxUint64-d) {
			return 0, false
		}
		n = 10*n + d
	}
	return n, len(text) > 0
}

// float is the nearest double.
func (n number) float() float64 {
	switch n.kind {
	case natural:
		return float64(n.bits)
	case negative:
		return float64(int64(n.bits))
	}
	return math.Float64frombits(n.bits)
}

// whole tells that a number has no fraction, however it is written.
func (n number) whole() bool {
	return n.kind != double || whole(n.float())
}

func whole(f float64) bool { return f == math.Trunc(f) && !math.IsInf(f, 0) }

// compare orders integers as such. Where one is a double, both are taken for doubles, of which minus zero is below zero.
func (n number) compare(m number) int {
	switch {
	case n.kind == double || m.kind == double:
		return ordered(ranked(n.float()), ranked(m.float()))
	case n.kind != m.kind && n.kind == negative:
		return -1
	case n.kind != m.kind:
		return 1
	case n.kind == negative:
		return ordered(int64(n.bits), int64(m.bits))
	}
	return ordered(n.bits, m.bits)
}

// ranked maps doubles to integers of the same order.
func ranked(f float64) int64 {
	bits := int64(math.Float64bits(f))
	return bits ^ int64(uint64(bits>>63)>>1)
}

func ordered[T int64 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// multipleOf tells that n divided by m has no rest, or, where one of them is a double, that their quotient as doubles has no fraction. An
// integer m is not zero.
func (n number) multipleOf(m number) bool {
	if n.kind == double || m.kind == double {
		return whole(n.float() / m.float())
	}
	const smallest = 1 << 63 // the int64 that has no positive one
	if n.kind == negative && (m.kind == natural && m.bits >= smallest || n.bits == smallest && m.size() == 1 && m.kind == negative) {
		return false // such a divisor is no int64, or the division overflows
	}
	return n.size()%m.size() == 0
}

// size is the absolute value of an integer.
func (n number) size() uint64 {
	if n.kind == negative {
		return -n.bits
	}
	return n.bits
}
