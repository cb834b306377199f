package scan

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A lexer reads the tokens of JSON text, as strictly as RFC 8259 has them: UTF-8, no control characters in strings. Half of
// a surrogate pair, which the runtime does not take, is noted, or replaced by U+FFFD, whose escape is as long. Every webhook passes here once, byte by byte, which is why this is not
// a general reader of JSON: it decodes nothing and allocates nothing. A fuzz test holds it to jsontext.
type lexer struct {
	text    []byte
	at      int  // the byte that is read next
	newline bool // stood between tokens
	escaped bool // the last string has escapes
	lone    bool // an escape was half of a surrogate pair
	mends   bool // such an escape is replaced
}

// next skips white space and returns the byte behind it, which is not read yet; 0 at the end.
func (l *lexer) next() byte {
	if l.at < len(l.text) && l.text[l.at] > ' ' {
		return l.text[l.at]
	}
	return l.behindSpace()
}

func (l *lexer) behindSpace() byte {
	for ; l.at < len(l.text); l.at++ {
		switch c := l.text[l.at]; c {
		case '\n':
			l.newline = true
		case ' ', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// unexpected refuses the byte that is next.
func (l *lexer) unexpected(expected string) error {
	if l.at >= len(l.text) {
		return notJSON(len(l.text), "it ends early")
	}
	return notJSON(l.at, "%q where %s is expected", rune(l.text[l.at]), expected)
}

// literal reads true, false or null.
func (l *lexer) literal(word string) error {
	for i := range len(word) {
		if l.at+i >= len(l.text) || l.text[l.at+i] != word[i] {
			l.at += i
			return l.unexpected(word)
		}
	}
	l.at += len(word)
	return nil
}

// Eight bytes are looked at at a time: a byte of special is 0x80 where a string ends or needs a closer look. Only the
// first of them is exact. With the second bit turned, a quote is the byte behind the control characters.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func special(word uint64) uint64 {
	quotesAndControls := (word ^ 0x02*ones) - ('"'-1)*ones
	backslashes := (word ^ '\\'*ones) - ones
	return (quotesAndControls | backslashes) &^ word & highs
}

// str reads a string, quotes included.
func (l *lexer) str() error {
	text, i := l.text, l.at+1
	l.escaped = false
	var all uint64
	for {
		for i+8 <= len(text) {
			word := binary.LittleEndian.Uint64(text[i:])
			all |= word
			if found := special(word); found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		if i >= len(text) {
			l.at = i
			return l.unexpected("")
		}
		switch c := text[i]; {
		case c == '"':
			start := l.at
			if l.at = i + 1; all&highs != 0 {
				return l.checkUTF8(start, l.at)
			}
			return nil
		case c == '\\':
			l.escaped = true
			var err error
			if i, err = l.escape(i); err != nil {
				return err
			}
		case c < ' ':
			return notJSON(i, "a control character in a string; write it as an escape")
		default:
			all |= uint64(c)
			i++
		}
	}
}

// checkUTF8 finds what is not UTF-8 in a string.
func (l *lexer) checkUTF8(start, end int) error {
	if utf8.Valid(l.text[start:end]) {
		return nil
	}
	for at := start; ; {
		r, size := utf8.DecodeRune(l.text[at:end])
		if r == utf8.RuneError && size <= 1 {
			return notJSON(at, "a string that is not UTF-8")
		}
		at += size
	}
}

// escape reads the escape of a string that is at a byte, both halves of it where it is one of a surrogate pair, and
// returns where it ends.
func (l *lexer) escape(at int) (end int, err error) {
	escaped := byte(0)
	if at+1 < len(l.text) {
		escaped = l.text[at+1]
	}
	switch escaped {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 2, nil
	case 'u':
	default:
		return at, notJSON(at, "an escape that there is not: %q", l.text[at:min(at+2, len(l.text))])
	}
	const size, high, low, top = len(`\u0000`), 0xd800, 0xdc00, 0xe000
	first, err := l.hex4(at + 2)
	if err != nil || first < high || first >= top {
		return at + size, err
	}
	if first < low && bytes.HasPrefix(l.text[at+size:], []byte(`\u`)) {
		if second, err := l.hex4(at + size + 2); err != nil || second >= low && second < top {
			return at + 2*size, err
		}
	}
	l.lone = true
	if l.mends {
		copy(l.text[at:], replacement)
	}
	return at + size, nil
}

// replacement is the escape of U+FFFD.
const replacement = `\ufffd`

// hex4 reads four hexadecimal digits.
func (l *lexer) hex4(at int) (n uint16, err error) {
	for i := at; i < at+4; i++ {
		c := byte(0)
		if i < len(l.text) {
			c = l.text[i]
		}
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uint16(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n = n<<4 | uint16(c|0x20-'a'+10)
		default:
			l.at = i
			return 0, l.unexpected("a hexadecimal digit")
		}
	}
	return n, nil
}

// digits reads decimal digits, of which there must be one.
func (l *lexer) digits() error {
	start := l.at
	for l.at < len(l.text) && l.text[l.at] >= '0' && l.text[l.at] <= '9' {
		l.at++
	}
	if l.at == start {
		return l.unexpected("a digit")
	}
	return nil
}

// number reads a number, which must be one that a double can approximate.
func (l *lexer) number() error {
	start := l.at
	if l.text[l.at] == '-' {
		l.at++
	}
	if l.is('0') {
		l.at++
	} else if err := l.digits(); err != nil {
		return err
	}
	if l.is('.') {
		l.at++
		if err := l.digits(); err != nil {
			return err
		}
	}
	exponent := l.is('e') || l.is('E')
	if exponent {
		if l.at++; l.is('+') || l.is('-') {
			l.at++
		}
		if err := l.digits(); err != nil {
			return err
		}
	}
	const safeDigits = 300 // shorter than this, only an exponent can exceed 1.8e308
	if exponent || l.at-start >= safeDigits {
		if f, _ := strconv.ParseFloat(string(l.text[start:l.at]), 64); math.IsInf(f, 0) {
			return wrong(start, "a number beyond the range of a double")
		}
	}
	return nil
}

// is tells whether a byte is next.
func (l *lexer) is(c byte) bool { return l.at < len(l.text) && l.text[l.at] == c }

// Unquoted returns what a JSON string says.
func Unquoted(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, raw) // was read as a valid string
	return text
}
