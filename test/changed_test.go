package test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// buildChanged builds the program with some text of one source file replaced, pairs of before and after. The change is in a copy of the file that
// the compiler is given in its place, so that what is built is otherwise what is shipped.
func buildChanged(t testing.TB, source string, changes ...string) (file string) {
	t.Helper()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(text), changes[i]) {
			t.Fatalf("%s has no %q", source, changes[i])
		}
	}
	changed := strings.NewReplacer(changes...).Replace(string(text))
	dir := t.TempDir()
	original, err := filepath.Abs(source)
	replacement, overlay := filepath.Join(dir, filepath.Base(source)), filepath.Join(dir, "overlay.json")
	replace, jsonErr := json.Marshal(map[string]map[string]string{"Replace": {original: replacement}})
	err = errors.Join(err, jsonErr, os.WriteFile(replacement, []byte(changed), 0o600), os.WriteFile(overlay, replace, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "changed")
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", file, "..").CombinedOutput(); err != nil {
		t.Fatalf("building: %v: %s", err, out)
	}
	return file
}
