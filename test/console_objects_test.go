package test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"source-intercom-ingest/test/intercomsim/sim"
)

// A person who copies a workspace sees how far each resource is, what is wrong, and how many requests are made.
func TestTheConsoleShowsObjects(t *testing.T) {
	w := newWorkspace(sim.Config{Limit: 3_000}, sim.Sizes{Conversations: 3_000, Parts: 2, Contacts: 60, Companies: 20, Tickets: 20, History: 90 * 24 * time.Hour})
	w.Inject(sim.Fault{Path: "/help_center/collections", Skip: 1, Status: 403})
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	p := preview(t, filepath.Join(t.TempDir(), "copy.db"), "--console", "127.0.0.1:0", "--path", "/in", "-q",
		"--access-token", "tok", "--api-base-url", server.URL)
	b := openBrowser(t)
	b.do(chromedp.Navigate(p.console()))
	b.see(`#objects tr`)
	row := func(resource string) string {
		return `[...document.querySelectorAll("#objects tr")].find(r => r.cells[0].innerText === "` + resource + `")`
	}
	b.within(patience, row("conversations")+`?.querySelector("progress")?.value > 100`)
	b.within(patience, row("contacts")+`?.cells[3].innerText === "60"`)
	b.within(patience, row("collections")+`?.cells[7].innerText.includes("Read and list articles")`)
	b.within(patience, `document.querySelectorAll("#paces rect").length > 0 && document.querySelector("#pace").innerText.includes("of 3000")`)
	b.accessible("console-objects")
	b.clean()
}
