package deliver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"source-intercom-ingest/form"
)

// A RenderCommand is the command line of render.
type RenderCommand struct {
	File     string `arg:"" help:"A file of deliveries, as preview takes it." type:"existingfile"`
	Delivery string `help:"The delivery, where the file has several." placeholder:"NAME"`
}

// filteredExit is the exit code for a document that is not sent.
const filteredExit = 3

// removed stands where a secret is.
const removed = "[removed]"

// Run prints the request that is made of the document on standard input, without its secrets. It sends nothing.
func (c *RenderCommand) Run(code *int) error {
	file, err := form.ReadDeliveries(c.File)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	text, no, err := render(file, c.Delivery, bytes.TrimSpace(raw))
	switch {
	case err != nil:
		return err
	case no != "":
		*code = filteredExit
		text = "filtered by " + no + "\n"
	}
	_, err = fmt.Fprint(os.Stdout, text)
	return err
}

// render returns the request for a document, or what said that there is none.
func render(file *form.Deliveries, name string, raw []byte) (text, no string, err error) {
	var names []string
	var bindings []bound
	for _, d := range file.Deliveries {
		names = append(names, d.Name)
		bindings = append(bindings, bound{d.Resource, d.Source, ""})
	}
	to, deliveries, err := bind(file.Endpoint, bindings)
	if err != nil {
		return "", "", err
	}
	at := slices.Index(names, name)
	if name == "" && len(names) == 1 {
		at = 0
	}
	if at < 0 {
		return "", "", fmt.Errorf("there are the deliveries %q, and %q is none of them; choose one with --delivery", names, name)
	}
	d := deliveries[at]
	in, err := d.read(raw)
	if err != nil {
		return "", "", err
	}
	if no = d.filtered(in); no != "" {
		return "", no, nil
	}
	m, err := d.action.prepare(in)
	if err != nil {
		return "", "", fmt.Errorf("send.%w", err)
	}
	if m.plan == nil {
		return to.text(m), "", nil
	}
	var all []string
	m.plan(context.Background(), func(_ context.Context, m *message) answer {
		all = append(all, to.text(m))
		return answer{status: http.StatusOK, body: []byte(`{"data":[{"id":"CONTACT"}],"id":"TAG"}`)}
	})
	return strings.Join(all, "\n"), "", nil
}

// text is a message as HTTP has it, without its secrets.
func (d *Destination) text(m *message) string {
	plain := *d
	plain.authorize.tokens = nil
	r, err := plain.request(context.Background(), m, time.Now())
	if err != nil {
		return err.Error() + "\n" // of an address that was checked
	}
	for _, name := range append([]string{d.authorize.header, "Webhook-Signature", "Webhook-Timestamp", "Elements-Webhook-Signature"}, sorted(d.headers)...) {
		if name = http.CanonicalHeaderKey(name); r.Header[name] != nil || name == d.authorize.header && name != "" {
			r.Header.Set(name, removed)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\nHost: %s\n", r.Method, r.URL.RequestURI(), r.URL.Host)
	for _, name := range sorted(r.Header) {
		for _, value := range r.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, d.redacted(value))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", d.redacted(string(m.body)))
	return b.String()
}

// redacted is a text without the destination's secrets.
func (d *Destination) redacted(text string) string {
	const shortest = 6 // characters, below which a word of others would go too
	for _, secret := range d.secrets {
		if len(secret) >= shortest {
			text = strings.ReplaceAll(text, secret, removed)
		}
	}
	return text
}
