package test

import (
	"debug/elf"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Standard output is the protocol's. Only these mention it: the connector's entrance, and the commands for people.
var mayUseStdout = []string{"../main.go", "../protocol/serve.go", "../preview/preview.go", "../intercom/send.go", "../login/login.go", "../deliver/render.go"}

func TestStandardOutputBelongsToTheProtocol(t *testing.T) {
	err := filepath.WalkDir("..", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || slices.Contains(mayUseStdout, file) {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok && slices.Contains([]string{"os.Stdout", "fmt.Print", "fmt.Printf", "fmt.Println"}, pkg.Name+"."+n.Sel.Name) {
					t.Errorf("%s uses %s.%s", file, pkg.Name, n.Sel.Name)
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
					t.Errorf("%s calls %s", file, f.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImageIsWhatTheRuntimeAsksFor(t *testing.T) {
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"LABEL FLOW_RUNTIME_PROTOCOL=capture",
		"LABEL dev.estuary.port-public.8080=true",
		"ENV FLOW_RUNTIME_CODEC=proto",
		"EXPOSE 8080",
		"USER nonroot",
		`ENTRYPOINT ["/connector/source-intercom-ingest"]`,
		"LABEL FLOW_RUNTIME_PROTOCOL=materialize",
		`ENTRYPOINT ["/connector/source-intercom-ingest", "materialize"]`,
	} {
		if !regexp.MustCompile("(?m)^" + regexp.QuoteMeta(line) + "$").Match(text) {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
	for _, word := range []string{"port-proto", "\nCMD"} {
		if strings.Contains(string(text), word) {
			t.Errorf("the Dockerfile has %s", word)
		}
	}
	if stages := strings.Count(string(text), "\nFROM "); stages != 4 {
		t.Errorf("the Dockerfile has %d stages", stages)
	}
}

// The Dockerfile's own build line makes a binary that needs no libraries, which such an image does not have.
func TestImageBuildsAStaticBinary(t *testing.T) {
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^RUN (.* go build .*) -o \S+ \.$`).FindSubmatch(text)
	if line == nil {
		t.Fatal("the Dockerfile has no build line")
	}
	file := filepath.Join(t.TempDir(), "connector")
	cmd := exec.Command("sh", "-c", string(line[1])+" -o "+file+" .")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	binary, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	libraries, err := binary.ImportedLibraries()
	if binary.Machine != elf.EM_X86_64 || len(libraries) > 0 || binary.Section(".interp") != nil {
		t.Errorf("%v, libraries %v, %v", binary.Machine, libraries, err)
	}
}

func TestVersionIsThatOfTheFile(t *testing.T) {
	want, err := os.ReadFile("../VERSION")
	if err != nil {
		t.Fatal(err)
	}
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(file, "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "source-intercom-ingest "+strings.TrimSpace(string(want))+" (revision ") {
		t.Errorf("printed %q, %v", out, err)
	}
}

// Packages by rank: each imports only what is of a lower one. Those of the lowest import none of ours, and a test has the
// binary alone.
var ranks = [][]string{
	{"curl", "deliver/egress", "deliver/value", "door", "form", "intercom", "intercom/api", "protocol", "scan", "schemas", "test/intercomsim/sim", "test/receiver"},
	{"signature", "test", "capture/commit", "deliver/condition", "deliver/template", "protocol/materialize", "test/intercomsim"},
	{"spec", "deliver"},
	{"discover", "pages"},
	{"capture/poll", "capture/webhook", "preview"},
	{"capture", "login"},
	{""},
}

// onlyImports are the packages of ours that some may import, whatever their ranks are.
var onlyImports = map[string][]string{
	"preview":          {"curl", "door", "form", "intercom", "protocol", "protocol/materialize"}, // it can drive any connector
	"test/intercomsim": {"test/intercomsim/sim"},
}

func TestDependenciesPointDown(t *testing.T) {
	const module = "source-intercom-ingest"
	rank := map[string]int{}
	for n, packages := range ranks {
		for _, name := range packages {
			rank[name] = n
		}
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	ours := func(path string) (string, bool) {
		rest, ok := strings.CutPrefix(path, module)
		return strings.TrimPrefix(rest, "/"), ok && (rest == "" || rest[0] == '/')
	}
	for line := range strings.Lines(string(out)) {
		paths := strings.Fields(line)
		name, _ := ours(paths[0])
		own, known := rank[name]
		if !known {
			t.Errorf("%s has no rank", name)
		}
		for _, path := range paths[1:] {
			imported, isOurs := ours(path)
			if !isOurs {
				continue
			}
			if rank[imported] >= own {
				t.Errorf("%s imports %s, which is not below it", name, imported)
			}
			if only, ok := onlyImports[name]; ok && !slices.Contains(only, imported) {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}
