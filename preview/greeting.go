package preview

import (
	"fmt"
	"io"
	"net"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// greet tells a person where to post, how to try it, and where the documents are. The console is empty for none.
func greet(w io.Writer, t *task, address, db, console string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil || len(t.spec.Bindings) == 0 {
		return
	}
	s := newSender(t, "http://localhost:"+port)
	fmt.Fprintln(w, "\nTaking webhooks at")
	for _, p := range s.paths {
		fmt.Fprintf(w, "  %s%s  into %s\n", s.base, p.Path, p.Collection)
	}
	first := s.paths[0]
	try := s.sampleLine(first)
	collection := strings.ReplaceAll(first.Collection, `"`, `""`)
	fmt.Fprintf(w, "Post one:\n  %s\n", try)
	if console != "" {
		fmt.Fprintf(w, "Watch them:\n  %s\n", console)
	}
	fmt.Fprintf(w, "They are kept in %s; the latest of each key:\n  sqlite3 %s %s\n\n",
		db, shellescape.Quote(db), shellescape.Quote(fmt.Sprintf(`SELECT document FROM "%s"`, collection)))
}
