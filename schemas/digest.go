package schemas

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
	"strings"
)

// A digest stands for a value: values are equal that have the same one, but for a chance that nobody can raise, since
// nobody knows the seed. Numbers have one however they are written, and objects in whatever order.
type digest struct {
	exact uint64
	// loose is equal for values that differ in integers alone which have the same double.
	loose uint64
	// large tells that the value holds a double that stands for several integers, and is equal to each.
	large bool
}

var seed = maphash.MakeSeed()

// mix joins numbers to one.
func mix(kind byte, parts ...uint64) uint64 {
	var b [17]byte
	b[0] = kind
	for i, part := range parts {
		binary.LittleEndian.PutUint64(b[1+8*i:], part)
	}
	return maphash.Bytes(seed, b[:])
}

// digest passes a value.
func (r *reader) digest() digest {
	switch c := r.next(); c {
	case '{':
		d := digest{}
		for o := r.open(); r.member(&o); {
			name := maphash.String(seed, o.name)
			d.add('m', digest{exact: name, loose: name}, r.digest())
		}
		return d.closed('{')
	case '[':
		d := digest{}
		for r.at++; r.element(); {
			d = d.closed('e').with(r.digest())
		}
		return d.closed('[')
	case '"':
		h := mix('"', maphash.String(seed, r.string()))
		return digest{exact: h, loose: h}
	case 't', 'f', 'n':
		r.skip(c)
		return digest{exact: mix(c), loose: mix(c)}
	}
	return numberOf(r.number()).digest()
}

// add joins a name and its value in a way that does not depend on the order of members.
func (d *digest) add(kind byte, name, value digest) {
	d.exact += mix(kind, name.exact, value.exact)
	d.loose += mix(kind, name.loose, value.loose)
	d.large = d.large || value.large
}

// with joins another to what came before, in order.
func (d digest) with(other digest) digest {
	return digest{mix(',', d.exact, other.exact), mix(',', d.loose, other.loose), d.large || other.large}
}

func (d digest) closed(kind byte) digest {
	return digest{mix(kind, d.exact), mix(kind, d.loose), d.large}
}

func (n number) digest() digest {
	f := n.float()
	d := digest{exact: mix('0'+byte(n.kind), n.bits), loose: mix('f', math.Float64bits(f))}
	if n.kind == double {
		if d.large = math.Abs(f) >= exactly; !d.large && whole(f) && (f != 0 || !math.Signbit(f)) { // as the integer it is
			d.exact = integerOf(f).digest().exact
		}
	}
	return d
}

// integerOf is the number that a small double without a fraction is.
func integerOf(f float64) number {
	if f < 0 {
		return number{negative, uint64(int64(f))}
	}
	return number{natural, uint64(f)}
}

// unique tells that no two of the digests are those of equal values. It changes their order.
func unique(digests []digest) bool {
	equal := func(by func(digest) uint64, are func(some []digest) bool) bool {
		slices.SortFunc(digests, func(a, b digest) int { return cmp.Compare(by(a), by(b)) })
		for start, i := 0, 1; i <= len(digests); i++ {
			if i == len(digests) || by(digests[i]) != by(digests[start]) {
				if i-start > 1 && are(digests[start:i]) {
					return true
				}
				start = i
			}
		}
		return false
	}
	large := func(some []digest) bool { return slices.ContainsFunc(some, func(d digest) bool { return d.large }) }
	return !equal(func(d digest) uint64 { return d.exact }, func([]digest) bool { return true }) &&
		!(large(digests) && equal(func(d digest) uint64 { return d.loose }, large))
}

// A valueSet is the values of an enum or a const. How many there are makes no difference to how soon one is found.
type valueSet struct {
	keyword string
	exact   map[uint64]bool
	numbers map[uint64][]number // by their doubles: one is equal to several integers
	texts   []string            // of the first, for messages
}

func newValueSet(keyword string, values ...any) *valueSet {
	s := &valueSet{keyword: keyword, exact: map[uint64]bool{}, numbers: map[uint64][]number{}}
	for _, value := range values {
		r := reader{text: string(mustMarshal(value)) + "\n"}
		if c := r.next(); c == '-' || c >= '0' && c <= '9' {
			n := numberOf(r.number())
			s.numbers[math.Float64bits(n.float())] = append(s.numbers[math.Float64bits(n.float())], n)
			continue
		}
		s.exact[r.digest().exact] = true
	}
	for _, value := range values[:min(len(values), 5)] {
		s.texts = append(s.texts, shown(value))
	}
	if len(values) > len(s.texts) {
		s.texts = append(s.texts, "…")
	}
	return s
}

func (s *valueSet) String() string { return strings.Join(s.texts, ", ") }

// hasNumber tells that a number is equal to one of the set.
func (s *valueSet) hasNumber(n number) bool {
	return slices.ContainsFunc(s.numbers[math.Float64bits(n.float())], func(m number) bool { return n.compare(m) == 0 })
}
