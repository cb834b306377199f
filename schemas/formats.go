package schemas

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// formats are all that the runtime knows, each with a test of strings. Other values have no format. Where the exact grammar
// of the runtime is not known, these are the stricter reading: a document that is refused here is told so, one that only
// the runtime refuses fails the whole task.
var formats = map[string]func(string) bool{
	"date":                  isDate,
	"date-time":             isDateTime,
	"datetime":              isDateTime,
	"time":                  matches(`^` + clock + zone + `$`),
	"email":                 isEmail,
	"idn-email":             never,
	"hostname":              isHostname,
	"idn-hostname":          never,
	"ipv4":                  isIPv4,
	"ipv6":                  isIPv6,
	"macaddr":               matches(`^(?:[0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}$`),
	"macaddr8":              matches(`^(?:[0-9A-Fa-f]{2}[:-]?){7}[0-9A-Fa-f]{2}$`),
	"uuid":                  matches(`^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$`),
	"duration":              isDuration,
	"uri":                   func(s string) bool { return isURI(s, false, false) },
	"uri-reference":         func(s string) bool { return isURI(s, true, false) },
	"iri":                   func(s string) bool { return isURI(s, false, true) },
	"iri-reference":         func(s string) bool { return isURI(s, true, true) },
	"uri-template":          matches(`^(?:[^\x00-\x20"'<>%\\^` + "`" + `{|}]|%[0-9a-f]{2}|\{[+#./;?&=,!@|]?` + variable + `(?:,` + variable + `)*\})*$`),
	"json-pointer":          matches(`^(?:/(?:[^~/]|~[01])*)*$`),
	"relative-json-pointer": matches(`^(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*)$`),
	"regex":                 isRegex,
	"integer":               isInteger,
	"uint32":                isInteger,
	"uint64":                isInteger,
	"number":                func(s string) bool { _, ok := newDecimal(s); return ok || isNoNumber(s) },
	"sha256":                matches(`^sha256:[0-9A-Fa-f]{64}$`),
}

func formatNames() string { return strings.Join(slices.Sorted(maps.Keys(formats)), ", ") }

const (
	clock    = `(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?`
	zone     = `(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])`
	variable = `(?:[a-z0-9_]|%[0-9a-f]{2})+(?::[1-9][0-9]{0,3}|\*)?`
	label    = `[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?`
)

var (
	hasClock   = matches(`^[Tt]` + clock + zone + `$`)
	leapSecond = regexp.MustCompile(`^([Tt][0-9]{2}:[0-9]{2}):60(?:\.[0-9]+)?(` + zone + `)$`)
	hostLabels = matches(`^(?:` + label + `\.)*` + label + `$`)
	likeNumber = matches(`^(?i:[0-9]+(?:e-?[0-9]+)?|nan|inf|infinity)$`)
	period     = matches(`^P(?:[0-9]+W|(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:T(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?)$`)
	localPart  = matches(`^(?:` + atom + `(?:\.` + atom + `)*|"[ !#-\[\]-~]*")$`)
	isNoNumber = matches(`^(?:NaN|-?Infinity)$`)
)

const atom = "[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+"

func never(string) bool { return false }

// matches returns a test for a regular expression. Go's match in time linear to the text, whatever the expression.
func matches(expression string) func(string) bool {
	return regexp.MustCompile(expression).MatchString
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && len(s) == len(time.DateOnly)
}

// isDateTime takes a leap second where there may be one: at the end of a month of UTC.
func isDateTime(s string) bool {
	const date = len(time.DateOnly)
	if len(s) <= date || !isDate(s[:date]) {
		return false
	}
	if hasClock(s[date:]) {
		return true
	}
	leap := leapSecond.FindStringSubmatch(s[date:])
	if leap == nil {
		return false
	}
	at, err := time.Parse(time.RFC3339, strings.ToUpper(s[:date]+leap[1]+":59"+leap[2]))
	next := at.UTC().Add(time.Second)
	return err == nil && next.Day() == 1 && next.Format(time.TimeOnly) == "00:00:00"
}

// isEmail wants an address alone, without a display name.
func isEmail(s string) bool {
	const most, mostLocal = 254, 65 // bytes
	at := strings.LastIndexByte(s, '@')
	return at >= 0 && len(s) <= most && at <= mostLocal && localPart(s[:at]) && isHostname(s[at+1:])
}

// isHostname refuses a name that could be taken for an address, by its last label.
func isHostname(s string) bool {
	const most = 253
	return len(s) <= most && hostLabels(s) && !likeNumber(s[strings.LastIndexByte(s, '.')+1:])
}

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

// mostRegex bytes of an expression are more than the runtime takes: each character needs as many states.
const mostRegex = 64 << 10

func isRegex(s string) bool {
	if len(s) > mostRegex {
		return false
	}
	r, _, err := parseRegex(s)
	return err == nil && r.size() <= regexSize/2 // to spare, for what is not known of how the runtime counts
}
