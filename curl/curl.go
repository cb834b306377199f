// Package curl writes command lines that send a request as it came, for people to copy into a POSIX shell. Whatever the
// request holds, a line is printable text in one line: a terminal that it is pasted into has nothing to obey.
package curl

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"al.essio.dev/pkg/shellescape"
)

// A Request is what a line sends. The headers that curl adds by itself are sent only if they are named here.
type Request struct {
	Method  string
	URL     string
	Headers []Header
	Body    []byte
}

// A Header is one line of a request's headers.
type Header struct {
	Name, Value string
	// Shell is appended to the value as a shell makes it, unquoted: a variable or a command in $( ), of printable text.
	Shell string
}

// own are the headers that curl sends unless it is told not to.
var own = []string{"Accept", "User-Agent", "Content-Type"}

// Line returns the command line.
func (r Request) Line() string {
	var line strings.Builder
	data := " --data-raw " + Quote(string(r.Body))
	if !IsText(string(r.Body)) {
		line.WriteString(r.PrintBody() + " | ")
		data = " --data-binary @-"
	}
	line.WriteString("curl -g")
	if strings.Contains(r.URL, "/.") {
		line.WriteString(" --path-as-is")
	}
	sendsBody := len(r.Body) > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut
	switch {
	case r.Method == http.MethodHead && !sendsBody:
		line.WriteString(" -I")
	case r.Method == http.MethodGet && !sendsBody, r.Method == http.MethodPost:
	default:
		line.WriteString(" -X " + Quote(r.Method))
	}
	for _, h := range r.Headers {
		line.WriteString(" -H " + h.argument())
	}
	for _, name := range own {
		if !r.names(name) && (sendsBody || name != "Content-Type") {
			line.WriteString(" -H " + name + ":")
		}
	}
	if sendsBody {
		line.WriteString(data)
	}
	return line.String() + " " + Quote(URL(r.URL))
}

// names tells whether the request has a header.
func (r Request) names(name string) bool {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}

// PrintBody returns a command that prints the body, byte for byte.
func (r Request) PrintBody() string {
	if text := string(r.Body); IsText(text) {
		return "printf %s " + Quote(text)
	}
	return "printf %s " + base64.StdEncoding.EncodeToString(r.Body) + " | base64 -d"
}

// argument is what follows -H. Curl takes a header without a value for one to leave out, unless it ends in a semicolon.
func (h Header) argument() string {
	switch {
	case h.Shell != "":
		return Quote(h.Name+": "+h.Value) + h.Shell
	case h.Value == "":
		return Quote(h.Name + ";")
	}
	return Quote(h.Name + ": " + h.Value)
}

// IsText tells that a text is UTF-8 of characters that are seen, and spaces. Controls of terminals and of the direction
// of text, line ends and tabs are none.
func IsText(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, isUnseen) < 0
}

// JSON returns JSON text, in UTF-8 and in one line, of the same meaning that is text.
func JSON(text string) string {
	var escaped strings.Builder
	for _, r := range text {
		if !isUnseen(r) {
			escaped.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
	}
	return escaped.String()
}

func isUnseen(r rune) bool { return !unicode.IsPrint(r) }

// Quote returns a word of a shell that stands for a text, which must not end in a line end unless it is text.
func Quote(text string) string {
	if IsText(text) {
		return shellescape.Quote(text)
	}
	var format strings.Builder
	for _, b := range []byte(text) {
		if isPlain(b) {
			format.WriteByte(b)
		} else {
			fmt.Fprintf(&format, `\%03o`, b)
		}
	}
	return `"$(printf '` + format.String() + `')"`
}

// isPlain tells which bytes mean themselves to a shell and to printf, wherever they stand.
func isPlain(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte(" ._:/=,;+-", b) >= 0
}

// URL escapes what a URL's text must not hold, which changes nothing of what it names, nor of its escapes.
func URL(url string) string {
	var escaped strings.Builder
	for _, b := range []byte(url) {
		if b <= ' ' || b >= 0x7f || b == '#' {
			fmt.Fprintf(&escaped, "%%%02X", b)
		} else {
			escaped.WriteByte(b)
		}
	}
	return escaped.String()
}
