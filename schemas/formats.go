package schemas

import (
	"errors"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// formats are the format names that the runtime asserts, with its meanings, where these differ from the validator's
// own or are unknown to it. Where the runtime's exact grammar is not known, these are the stricter reading: a
// document that is refused here is told so, one that only the runtime refuses fails the whole task.
var formats = map[string]func(string) bool{
	"date":          isDate,
	"date-time":     isDateTime,
	"datetime":      isDateTime,
	"time":          matches(`^` + clock + `$`),
	"email":         isEmail,
	"idn-email":     never,
	"hostname":      isHostname,
	"idn-hostname":  never,
	"ipv4":          isIPv4,
	"ipv6":          isIPv6,
	"macaddr":       matches(`^(?:[0-9A-Fa-f]{2}[:-]?){6}$`),
	"macaddr8":      matches(`^(?:[0-9A-Fa-f]{2}[:-]?){8}$`),
	"uuid":          matches(`^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$`),
	"duration":      isDuration,
	"uri":           func(s string) bool { return uriCharacters(s) && isReference(s, true) },
	"uri-reference": func(s string) bool { return uriCharacters(s) && isReference(s, false) },
	"iri":           func(s string) bool { return iriCharacters(s) && isReference(s, true) },
	"iri-reference": func(s string) bool { return iriCharacters(s) && isReference(s, false) },
	"integer":       isInteger,
	"uint32":        isInteger,
	"uint64":        isInteger,
	"number":        matches(`^(?:-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|NaN|-?Infinity)$`),
	"sha256":        matches(`^sha256:[0-9A-Fa-f]{64}$`),
	// Known to the validator, unknown to the runtime, which ignores them.
	"period": always,
	"semver": always,
}

const (
	clock    = `(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])`
	hostname = `^(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.)*[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?$`
)

var (
	isInteger     = matches(`^-?[0-9]+(?:\.0+)?$`)
	hasClock      = matches(`^[Tt]` + clock + `$`)
	hostLabels    = matches(hostname)
	period        = matches(`^P(?:[0-9]+W|(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:T(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?)$`)
	uriCharacters = matches(`^(?:[0-9A-Za-z._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$`)
	iriCharacters = matches(`^(?:[0-9A-Za-z._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}|[^\x00-\x{9f}])*$`)
)

func always(string) bool { return true }
func never(string) bool  { return false }

// matches returns a test for a regular expression. Go's match in time linear to the text, whatever the expression.
func matches(expression string) func(string) bool {
	return regexp.MustCompile(expression).MatchString
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && len(s) == len(time.DateOnly)
}

func isDateTime(s string) bool {
	const date = len(time.DateOnly)
	return len(s) > date && isDate(s[:date]) && hasClock(s[date:])
}

// isEmail wants an address alone, without a display name, and with a domain.
func isEmail(s string) bool {
	address, err := mail.ParseAddress(s)
	if err != nil || address.Address != s {
		return false
	}
	return isHostname(s[strings.LastIndexByte(s, '@')+1:])
}

func isHostname(s string) bool { return len(s) <= 253 && hostLabels(s) }

func isIPv4(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is4() && s[0] != '0'
}

func isIPv6(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is6() && addr.Zone() == ""
}

func isDuration(s string) bool {
	return period(s) && s != "P" && !strings.HasSuffix(s, "T")
}

// isReference checks the structure of a URI (RFC 3986) whose characters are known to be allowed.
func isReference(s string, absolute bool) bool {
	u, err := url.Parse(s)
	if err != nil || absolute && u.Scheme == "" {
		return false
	}
	rest := s
	if u.Host != "" { // brackets enclose an IPv6 address, and stand nowhere else
		rest = strings.Replace(s, u.Host, "", 1)
	}
	return strings.Count(s, "#") <= 1 && !strings.ContainsAny(rest, "[]")
}

var errFormat = errors.New("not of this format")

// registerFormats asserts formats of strings; other values have none.
func registerFormats(c *jsonschema.Compiler) {
	c.AssertFormat()
	for name, test := range formats {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(v any) error {
			if s, ok := v.(string); ok && !test(s) {
				return errFormat
			}
			return nil
		}})
	}
}
