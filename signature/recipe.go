package signature

import "strings"

// A Header is one that a signed request carries.
type Header struct {
	Name string
	// Means what it is for, in a few words.
	Means string
	// Shell is its value as a POSIX shell makes it from $BODY, $URL, $CLIENT_SECRET and $NOW, with openssl; empty where
	// only the sender can sign.
	Shell string
}

// Requires returns the headers that a signed request carries, of the first way in which the sender signs.
func (s *Scheme) Requires() []Header {
	if !s.Signs() {
		return nil
	}
	v := s.variants[0]
	headers := []Header{{v.header, "the signature", v.recipe.shell(v)}}
	if v.timestamp != "" {
		headers = append(headers, Header{v.timestamp, "when it was signed, in " + v.clock.unit.name, v.now()})
	}
	for _, p := range v.parts {
		if p.is == header && p.name != "Host" {
			headers = append(headers, Header{p.name, "part of what is signed", sampleValue})
		}
	}
	return headers
}

// sampleValue is that of a header which is part of what is signed.
const sampleValue = "msg_1"

// A recipe is how a shell makes a signature that a variant accepts. The zero one can not: the sender's key is private.
type recipe struct {
	digest string // by openssl's name
	format string // of the header's value, with {SIGNATURE} and {TIMESTAMP} where they stand
	key    string // openssl's options; empty for an HMAC with $CLIENT_SECRET as it is
	base64 bool   // else hexadecimal
}

// now is the timestamp as a shell has it, of the seconds in $NOW.
func (v variant) now() string {
	if v.clock.unit.name == milliseconds.name {
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
			signs.WriteString(inQuotes.Replace(string(p.text)))
		case payload:
			signs.WriteString("$BODY")
		case timestamp:
			signs.WriteString(v.now())
		case method:
			signs.WriteString("POST")
		case url:
			signs.WriteString("$URL")
		case path:
			signs.WriteString("/${URL#*://*/}")
		case header:
			signs.WriteString(sampleValue)
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
