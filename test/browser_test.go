package test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "a folder to keep pictures of the pages in")

// A tab is one of a real browser, which notes what went wrong in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu    sync.Mutex
	wrong []string // messages of the page, and requests to other machines
}

// openBrowser starts a browser, with a profile of its own.
func openBrowser(t *testing.T) *tab {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && program == "" {
			program = found
		}
	}
	if program == "" {
		skip(t, "there is no Chromium here; install it to try the pages in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 1000), chromedp.Flag("disable-quic", true))
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	b := &tab{t: t}
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	console, requests := chromedp.Console(b.ctx), chromedp.Events(b.ctx, network.RequestWillBeSent)
	if _, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	go func() {
		for message, err := range console {
			if err == nil && (message.IsException() || message.Type == "error" || message.Type == "warning") {
				b.note(message.String() + " " + message.URL)
			}
		}
	}()
	go func() {
		for event, err := range requests {
			if err == nil && !isLocal(event.Request.URL) {
				b.note("a request to " + event.Request.URL)
			}
		}
	}()
	return b
}

// isLocal tells that nothing beyond this machine is asked for.
func isLocal(url string) bool {
	return slices.ContainsFunc([]string{"http://127.0.0.1:", "http://localhost:", "data:", "blob:"},
		func(prefix string) bool { return strings.HasPrefix(url, prefix) })
}

// note keeps what a page must not do.
func (b *tab) note(wrong string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, wrong)
}

// do does things in the browser, one after the other.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err, b.wrong)
	}
}

// evaluate returns what an expression of the page is, or what it promises.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%.200s: %v", expression, err)
	}
	return value
}

// within waits until an expression of the page is true, and no longer than that.
func (b *tab) within(limit time.Duration, expression string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(limit))); err != nil {
		b.t.Fatalf("%s is not true within %v: %v", expression, limit, err)
	}
}

// see waits until the first element that a selector finds can be seen.
func (b *tab) see(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// click clicks the first element that a selector finds.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// accessible holds the page to axe-core's rules in both themes, and takes pictures of it if they are wanted.
func (b *tab) accessible(name string) {
	b.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		if *screenshots != "" {
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(filepath.Join(*screenshots, name+"-"+theme+".png"), picture, 0o644)
			}
			if err != nil {
				b.t.Fatal(err)
			}
		}
		axe, err := os.ReadFile("browser/node_modules/axe-core/axe.min.js")
		if err != nil {
			lacking(b.t, "axe-core is not installed; npm ci in test/browser does it")
			return
		}
		type violation struct {
			ID, Help string
			Nodes    []struct{ HTML, FailureSummary string }
		}
		evaluate[any](b, string(axe)+"; 0")
		for _, v := range evaluate[[]violation](b, `axe.run().then(found => found.violations)`) {
			b.t.Errorf("%s, %s: %s (%s): %d nodes, such as %s: %s", name, theme, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].FailureSummary)
		}
	}
}

// theme sets what the person prefers.
func (b *tab) theme(name string) {
	b.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
}

// clean fails if anything went wrong in the pages so far.
func (b *tab) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.wrong) > 0 {
		b.t.Errorf("in the browser: %s", strings.Join(b.wrong, "\n"))
	}
}
