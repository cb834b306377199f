package signature

import (
	"strings"
	"time"
)

// A Header is one that a signed request carries.
type Header struct {
	Name string
	// Means what it is for, in a few words.
	Means string
	// Shell is its value as a POSIX shell makes it from $BODY, $CLIENT_SECRET and $NOW, with openssl; empty where only the
	// sender can sign.
	Shell string
}

// Requires returns the headers that a signed request carries, of the first way in which the sender signs.
func (s *Scheme) Requires() []Header {
	if !s.Signs() {
		return nil
	}
	v := s.variants[0]
	headers := []Header{{v.header, "the signature of the body", v.recipe.shell(v)}}
	if v.timestamp != "" {
		headers = append(headers, Header{v.timestamp, "when it was signed, in " + unitName(v.unit) + " since 1970", v.now()})
	}
	if v.id != "" {
		headers = append(headers, Header{v.id, "the id of the message", "msg_1"})
	}
	return headers
}

// A recipe is how a shell makes a signature that a variant accepts. The zero one can not: the sender's key is private.
type recipe struct {
	digest string // by openssl's name
	format string // of the header's value, with {SIGNATURE} and {TIMESTAMP} where they stand
	key    string // openssl's options; empty for an HMAC with $CLIENT_SECRET as it is
	base64 bool   // else hexadecimal
}

// now is the timestamp as a shell has it, of the seconds in $NOW.
func (v variant) now() string {
	if v.unit == time.Millisecond {
		return "${NOW}000"
	}
	return "$NOW"
}

// shell returns the value of the variant's header.
func (r recipe) shell(v variant) string {
	if r.digest == "" {
		return ""
	}
	var signs strings.Builder
	for _, p := range v.parts {
		switch p.is {
		case literal:
			signs.WriteString(inQuotes.Replace(p.literal))
		case payload:
			signs.WriteString("$BODY")
		case timestamp:
			signs.WriteString(v.now())
		case messageID:
			signs.WriteString("msg_1")
		}
	}
	key := r.key
	if key == "" {
		key = `-hmac "$CLIENT_SECRET"`
	}
	openssl := `$(printf %s "` + signs.String() + `" | openssl dgst -` + r.digest + ` ` + key
	if r.base64 {
		openssl += " -binary | openssl base64 -A)"
	} else {
		openssl += " -r | cut -d' ' -f1)"
	}
	return strings.NewReplacer("{SIGNATURE}", openssl, "{TIMESTAMP}", v.now()).Replace(r.format)
}

// inQuotes writes a text as it stands between a shell's double quotes.
var inQuotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`")
