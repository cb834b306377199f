package schemas

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// runes is a set of characters: ranges in order, which do not touch.
type runes []span

type span struct{ low, high rune }

// surrogates are no characters.
const firstSurrogate, lastSurrogate = 0xD800, 0xDFFF

var anyRune = runes{{0, firstSurrogate - 1}, {lastSurrogate + 1, utf8.MaxRune}}

// newRunes puts ranges in order.
func newRunes(spans ...span) runes {
	slices.SortFunc(spans, func(a, b span) int { return int(a.low) - int(b.low) })
	joined := runes{}
	for _, s := range spans {
		if n := len(joined); n > 0 && s.low <= joined[n-1].high+1 {
			joined[n-1].high = max(joined[n-1].high, s.high)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

func (r runes) union(others ...runes) runes {
	return newRunes(slices.Concat(append([]runes{r}, others...)...)...)
}

// not is the set of all others.
func (r runes) not() runes {
	var rest runes
	next := rune(0)
	for _, s := range r {
		if s.low > next {
			rest = append(rest, span{next, s.low - 1})
		}
		next = s.high + 1
	}
	if next <= utf8.MaxRune {
		rest = append(rest, span{next, utf8.MaxRune})
	}
	return rest
}

func (r runes) and(other runes) runes   { return r.not().union(other.not()).not() }
func (r runes) minus(other runes) runes { return r.and(other.not()) }

// folded adds the characters that differ in case alone. Within ASCII, it adds no others.
func (r runes) folded(ascii bool) runes {
	more := slices.Clone(r)
	for _, c := range cased() {
		if !r.has(c) {
			continue
		}
		for other := unicode.SimpleFold(c); other != c; other = unicode.SimpleFold(other) {
			if !ascii || c < utf8.RuneSelf && other < utf8.RuneSelf {
				more = append(more, span{other, other})
			}
		}
	}
	return newRunes(more...)
}

func (r runes) has(c rune) bool {
	_, ok := slices.BinarySearchFunc(r, c, func(s span, c rune) int {
		switch {
		case s.high < c:
			return -1
		case s.low > c:
			return 1
		}
		return 0
	})
	return ok
}

// cased are the characters that have others which differ in case alone.
var cased = sync.OnceValue(func() []rune {
	var found []rune
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if unicode.SimpleFold(c) != c {
			found = append(found, c)
		}
	}
	return found
})

// tabled returns the characters of tables of the standard library.
func tabled(tables ...*unicode.RangeTable) runes {
	var spans []span
	add := func(low, high, stride rune) {
		if stride == 1 {
			spans = append(spans, span{low, high})
			return
		}
		for c := low; c <= high; c += stride {
			spans = append(spans, span{c, c})
		}
	}
	for _, t := range tables {
		for _, s := range t.R16 {
			add(rune(s.Lo), rune(s.Hi), rune(s.Stride))
		}
		for _, s := range t.R32 {
			add(rune(s.Lo), rune(s.Hi), rune(s.Stride))
		}
	}
	return newRunes(spans...)
}

// The classes of Unicode that have letters of their own.
var (
	decimals = sync.OnceValue(func() runes { return tabled(unicode.Nd) })
	blanks   = sync.OnceValue(func() runes { return tabled(unicode.White_Space) })
	words    = sync.OnceValue(func() runes {
		return tabled(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control)
	})
	wordsOfASCII = newRunes(span{'0', '9'}, span{'A', 'Z'}, span{'a', 'z'}, span{'_', '_'})
)

// posix are the classes that brackets name, [:alpha:].
var posix = map[string]runes{
	"alnum": newRunes(span{'0', '9'}, span{'A', 'Z'}, span{'a', 'z'}), "alpha": newRunes(span{'A', 'Z'}, span{'a', 'z'}),
	"ascii": {{0, 0x7F}}, "blank": newRunes(span{'\t', '\t'}, span{' ', ' '}), "cntrl": newRunes(span{0, 0x1F}, span{0x7F, 0x7F}),
	"digit": {{'0', '9'}}, "graph": {{'!', '~'}}, "lower": {{'a', 'z'}}, "print": {{' ', '~'}},
	"punct": newRunes(span{'!', '/'}, span{':', '@'}, span{'[', '`'}, span{'{', '~'}), "space": newRunes(span{'\t', '\r'}, span{' ', ' '}),
	"upper": {{'A', 'Z'}}, "word": wordsOfASCII, "xdigit": newRunes(span{'0', '9'}, span{'A', 'F'}, span{'a', 'f'}),
}

// loose is a name of a property of Unicode as it is compared: without case, blanks, hyphens and underscores.
func loose(name string) string {
	return strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToLower(name))
}

// properties of Unicode by their loose names: general categories, scripts and others.
var categories, scripts, binaries = sync.OnceValue(func() map[string]runes {
	found := map[string]runes{"any": anyRune, "ascii": {{0, 0x7F}}, "assigned": tabled(unicode.Cn).not()}
	for name, table := range unicode.Categories {
		found[loose(name)] = tabled(table)
	}
	for alias, name := range unicode.CategoryAliases {
		found[loose(alias)] = tabled(unicode.Categories[name])
	}
	return found
}), sync.OnceValue(func() map[string]runes {
	found := map[string]runes{}
	for name, table := range unicode.Scripts {
		found[loose(name)] = tabled(table)
	}
	return found
}), sync.OnceValue(func() map[string]runes {
	found := map[string]runes{}
	for name, table := range unicode.Properties {
		if !strings.HasPrefix(name, "Other_") {
			found[loose(name)] = tabled(table)
		}
	}
	letters := tabled(unicode.L, unicode.Nl, unicode.Other_ID_Start).minus(tabled(unicode.Pattern_Syntax, unicode.Pattern_White_Space))
	maps.Copy(found, map[string]runes{
		"alphabetic": tabled(unicode.L, unicode.Nl, unicode.Other_Alphabetic), "alpha": tabled(unicode.L, unicode.Nl, unicode.Other_Alphabetic),
		"lowercase": tabled(unicode.Ll, unicode.Other_Lowercase), "lower": tabled(unicode.Ll, unicode.Other_Lowercase),
		"uppercase": tabled(unicode.Lu, unicode.Other_Uppercase), "upper": tabled(unicode.Lu, unicode.Other_Uppercase),
		"math": tabled(unicode.Sm, unicode.Other_Math), "space": blanks(), "hex": tabled(unicode.Hex_Digit), "ahex": tabled(unicode.ASCII_Hex_Digit),
		"idstart": letters, "ids": letters,
		"idcontinue": letters.union(tabled(unicode.M, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue).minus(tabled(unicode.Me, unicode.Pattern_Syntax, unicode.Pattern_White_Space))),
	})
	return found
})

// property returns the characters that have a property of Unicode, as \p{…} names it.
func property(text string) (runes, bool) {
	name, value, paired := strings.Cut(text, "=")
	if !paired {
		name, value, paired = strings.Cut(text, ":")
	}
	name = loose(name)
	if !paired {
		for _, known := range []func() map[string]runes{categories, scripts, binaries} {
			if r, ok := known()[name]; ok {
				return r, true
			}
		}
		return nil, false
	}
	var known map[string]runes
	switch name {
	case "gc", "generalcategory":
		known = categories()
	case "sc", "script":
		known = scripts()
	}
	r, ok := known[loose(value)]
	return r, ok
}
