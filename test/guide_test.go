package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents of people, by path.
func pagesOfDocs(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, file := range append(files, "../README.md", "../SECURITY.md", "../CHANGELOG.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Clean(file)] = string(text)
	}
	return pages
}

var (
	fenced   = regexp.MustCompile("(?ms)^```.*?^```$")
	links    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.+)$`)
	dropped  = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// anchors returns what a link may point to in a page: its headings, as GitHub names them.
func anchors(page string) (all []string) {
	for _, h := range headings.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		all = append(all, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return all
}

func TestEveryLinkOfTheDocsLeadsSomewhere(t *testing.T) {
	pages := pagesOfDocs(t)
	for file, page := range pages {
		for _, link := range links.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(link[1], "#")
			target := file
			if path != "" {
				target = filepath.Join(filepath.Dir(file), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", file, link[1], err)
			} else if anchor != "" && !slices.Contains(anchors(pages[target]), anchor) {
				t.Errorf("%s links to %s, which has no such heading", file, link[1])
			}
		}
	}
}

func TestTheReadmeIsReadInOneSitting(t *testing.T) {
	if lines := strings.Count(pagesOfDocs(t)["../README.md"], "\n"); lines > 200 {
		t.Errorf("it has %d lines", lines)
	}
}

// A block of commands with this mark before it is run as it stands, while preview runs.
var toRun = regexp.MustCompile("(?s)<!-- run -->\n```sh\n(.*?)```")

func TestTheCommandsOfTheDocsRun(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "sqlite3"} {
		if _, err := exec.LookPath(tool); err != nil {
			skip(t, "%v", err)
		}
	}
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--console=", "--path", "/webhook-data", "--path", "/intercom")
	here := strings.NewReplacer("go run . ", file+" ", "localhost:8080", strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/webhook-data"), "webhooks.db", db)
	ran := 0
	for _, name := range []string{"../README.md", "../docs/preview.md"} {
		for _, block := range toRun.FindAllStringSubmatch(pagesOfDocs(t)[name], -1) {
			// send posts where preview is by default.
			script := strings.ReplaceAll(here.Replace(block[1]), file+" send", file+" send --url "+p.url)
			out, err := exec.Command("bash", "-euc", script).CombinedOutput()
			if err != nil || len(out) == 0 {
				t.Errorf("%s\n%s%s%v", name, block[1], out, err)
			}
			ran++
		}
	}
	if ran < 3 {
		t.Errorf("%d blocks were run", ran)
	}
	p.stop()
}
