package preview

import (
	"fmt"
	"io"
	"net"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// A keeping is where documents are: the file, and the views of it by collection.
type keeping struct {
	file  string
	views map[string]string
}

// greet tells a person where to post, how to try it, and where the documents are. The console is empty for none.
func greet(w io.Writer, t *task, address string, in keeping, console string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil || len(t.spec.Bindings) == 0 {
		return
	}
	s := newSender(t, "http://localhost:"+port)
	shown := t.spec.Bindings[0].Collection.Name
	if len(s.paths) > 0 {
		shown = s.paths[0].Collection
		fmt.Fprintln(w, "\nTaking webhooks at")
		for _, p := range s.paths {
			fmt.Fprintf(w, "  %s%s  into %s\n", s.base, p.Path, p.Collection)
		}
		fmt.Fprintf(w, "Post one:\n  %s\n", s.sampleLine(s.paths[0]))
	}
	if n := t.polled(); n > 0 {
		fmt.Fprintf(w, "Copying %d resources of an Intercom workspace.\n", n)
	}
	view := strings.ReplaceAll(in.views[shown], `"`, `""`)
	if console != "" {
		fmt.Fprintf(w, "Watch them:\n  %s\n", console)
	}
	fmt.Fprintf(w, "They are kept in %s; the latest of each key:\n  sqlite3 %s %s\n\n",
		in.file, shellescape.Quote(in.file), shellescape.Quote(fmt.Sprintf(`SELECT document FROM "%s"`, view)))
	for _, b := range t.spec.Bindings {
		if name := b.Collection.Name; in.views[name] != name {
			fmt.Fprintf(w, "The view of %s is named %q, as its own name is taken.\n\n", name, in.views[name])
		}
	}
}
