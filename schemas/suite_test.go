package schemas

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// suites are copies of the official JSON Schema test suite that Go modules hold beside their own tests.
var suites = map[string]struct{ module, dir string }{
	"2020-12": {"github.com/google/jsonschema-go", "jsonschema/testdata/draft2020-12"},
}

// differences are where the runtime differs from the suite, by file, group and test or a beginning of that, with the reason.
var differences = map[string]string{
	"refRemote.json:": outside,
	"2020-12 defs.json: validate definition against metaschema":                           outside,
	"ref.json: remote ref, containing refs itself":                                        outside,
	"2020-12 dynamicRef.json: strict-tree schema, guards against misspelled properties":   outside,
	"2020-12 dynamicRef.json: tests for implementation dynamic anchor and reference link": outside,
	"2020-12 dynamicRef.json: $ref and $dynamicAnchor are independent of order":           outside,
	"2020-12 dynamicRef.json: $ref to $dynamicRef finds detached $dynamicAnchor":          outside,
}

const outside = "it refers to a schema outside of the one that is validated with, where there are none"

// A suiteGroup is a schema of the suite with its tests.
type suiteGroup struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

func TestTheOfficialSuiteHoldsWhereTheRuntimeDoes(t *testing.T) {
	used := map[string]bool{}
	for draft, suite := range suites {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", suite.module).Output()
		files := filesOf(filepath.Join(strings.TrimSpace(string(dir)), suite.dir))
		if err != nil || len(files) < 40 {
			t.Fatalf("the suite of %s is not there: %d files, %v", draft, len(files), err)
		}
		ran := 0
		for _, file := range files {
			ran += runSuite(t, draft, filepath.Base(file), file, used)
		}
		t.Logf("%s: %d tests", draft, ran)
		if ran < 800 {
			t.Errorf("only %d tests of %s were run", ran, draft)
		}
	}
	for key := range differences {
		if !used[key] {
			t.Errorf("%s makes no difference any more", key)
		}
	}
}

func filesOf(dir string) []string {
	required, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	formats, _ := filepath.Glob(filepath.Join(dir, "optional", "format", "*.json"))
	return append(required, formats...)
}

// runSuite runs one file, and returns how many of its tests hold.
func runSuite(t *testing.T, draft, name, file string, used map[string]bool) (held int) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var groups []suiteGroup
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		v, compiling := Compile(g.Schema, nil, nil)
		for _, test := range g.Tests {
			key := draft + " " + name + ": " + g.Description + ": " + test.Description
			var found []Violation
			if compiling == nil {
				found = validate(t, v, test.Data)
			}
			if compiling == nil && (len(found) == 0) == test.Valid {
				held++
				continue
			}
			if known := difference(key); known != "" {
				used[known] = true
				continue
			}
			t.Errorf("%s: %s of %.300s: %v, %v", key, test.Data, g.Schema, found, compiling)
		}
	}
	return held
}

// difference returns the key of the difference that a test falls under, if there is one.
func difference(key string) string {
	for known := range differences {
		if strings.HasPrefix(key, known) || strings.HasPrefix(strings.SplitN(key, " ", 2)[1], known) {
			return known
		}
	}
	return ""
}
