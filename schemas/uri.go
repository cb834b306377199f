package schemas

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// isURI tells that a text is a URI (RFC 3986) or an IRI (RFC 3987), without characters of private use. A reference may be relative.
func isURI(s string, relative, beyond bool) bool {
	g := uriGrammar{beyond}
	s, fragment, _ := strings.Cut(s, "#")
	s, query, _ := strings.Cut(s, "?")
	if !g.all(fragment, "/?:@") || !g.all(query, "/?:@") {
		return false
	}
	scheme, rest, ok := strings.Cut(s, ":")
	switch isScheme := ok && validScheme(scheme); {
	case isScheme:
		s = rest
	case !relative, ok && !strings.Contains(scheme, "/"): // a colon in the first segment would end a scheme
		return false
	}
	if authority, ok := strings.CutPrefix(s, "//"); ok {
		end := strings.IndexByte(authority, '/')
		if end < 0 {
			end = len(authority)
		}
		return g.authority(authority[:end]) && g.all(authority[end:], "/:@")
	}
	return g.all(s, "/:@")
}

var validScheme = matches(`^[A-Za-z][0-9A-Za-z+.-]*$`)

// A uriGrammar knows the parts of URIs, or those of IRIs, which go beyond ASCII.
type uriGrammar struct{ beyond bool }

// all tells that a text has only characters of names, those given, and escapes.
func (g uriGrammar) all(s, others string) bool {
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == '%':
			if len(s) < i+3 || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			n = 3
		case c < utf8.RuneSelf:
			if !posix["alnum"].has(c) && !strings.ContainsRune("-._~!$&'()*+,;=", c) && !strings.ContainsRune(others, c) {
				return false
			}
		case !g.beyond || !isUcschar(c):
			return false
		}
		i += n
	}
	return true
}

func isHex(c byte) bool { return posix["xdigit"].has(rune(c)) }

// isUcschar tells that a character is one that IRIs may have, of the first 14 planes.
func isUcschar(c rune) bool {
	const reserved = 0xFFFE // the last two of each plane
	switch {
	case c <= 0xFFFF:
		return c >= 0xA0 && c <= 0xD7FF || c >= 0xF900 && c <= 0xFDCF || c >= 0xFDF0 && c <= 0xFFEF
	case c >= 0xE0000 && c < 0xE1000, c >= 0xF0000:
		return false
	}
	return c&0xFFFF < reserved
}

// authority is a host, with a user before and a port behind it.
func (g uriGrammar) authority(s string) bool {
	if user, host, ok := strings.Cut(s, "@"); ok {
		if !g.all(user, ":") {
			return false
		}
		s = host
	}
	host, port := s, ""
	if end := strings.LastIndexByte(s, ':'); end > strings.LastIndexByte(s, ']') {
		host, port = s[:end], s[end+1:]
	}
	if strings.Trim(port, "0123456789") != "" {
		return false
	}
	if literal, ok := strings.CutPrefix(host, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		return ok && isLiteral(literal)
	}
	return g.all(host, "")
}

// isLiteral tells that a text is an address as it stands in brackets.
func isLiteral(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is6() && addr.Zone() == "" || isFuture(s)
}

var isFuture = matches(`^[Vv][0-9A-Fa-f]+\.[0-9A-Za-z._~!$&'()*+,;=:-]+$`)
