package discover

import (
	"encoding/json"
	"slices"
	"testing"

	"source-intercom-ingest/protocol"
	"source-intercom-ingest/spec"
)

// named returns the recommended names of paths, by their streams.
func named(t *testing.T, collections string, paths ...string) map[string]string {
	t.Helper()
	config, err := json.Marshal(map[string]any{"paths": paths, "collections": collections})
	if err != nil {
		t.Fatal(err)
	}
	found, err := Discover(&protocol.Request_Discover{ConfigJson: config})
	if err != nil {
		t.Fatal(err)
	}
	byStream, seen := map[string]string{}, map[string]string{}
	for _, b := range found.Bindings {
		stream, name := b.ResourcePath[0], b.RecommendedName
		if _, ok := byStream[stream]; ok {
			t.Errorf("%s is discovered twice", stream)
		}
		if made := collection(name); made == "" || seen[made] != "" {
			t.Errorf("%s and %s are both named %q", stream, seen[made], made)
		} else {
			seen[made] = stream
		}
		byStream[stream] = name
	}
	return byStream
}

var alike = []string{"/a", "/a/", "/A", "/{a}", "/{a}/", "/{*a}", "/a b", "/a:b", "/a;;b", "/a_b", "/{a}/{b}", "/a/b", "/:", "/;", "/ü", "/Ü",
	"/a/conversations", "/webhook-data", "/ﬁ", "/fi"}

func TestPathsNeverShareAName(t *testing.T) {
	for _, collections := range []string{"path", "object"} {
		names := named(t, collections, alike...)
		if names["/a"] != "a" || names["/a b"] != "a b" || names["/a/"] == "a/" {
			t.Errorf("%v", names)
		}
		backwards := slices.Clone(alike)
		slices.Reverse(backwards)
		named(t, collections, backwards...)
	}
}

// What is named before keeps its name when a path is added, and a lone path is named as it is written.
func TestNamesStay(t *testing.T) {
	for i := range alike {
		before, after := named(t, "object", alike[:i]...), named(t, "object", alike[:i+1]...)
		if i == 0 {
			continue // what is offered without paths is gone with the first
		}
		for stream, name := range before {
			if after[stream] != name {
				t.Errorf("%s is renamed from %q to %q by %s", stream, name, after[stream], alike[i])
			}
		}
	}
	for path, want := range map[string]string{"/a/": "a", "vendors/{vendorId}": "vendors/{vendorId}", "/{*rest}": "{*rest}", "/:": "webhook-data"} {
		for stream, got := range named(t, "path", path) {
			if got != want && stream != spec.RefusedStream {
				t.Errorf("%s is named %q", path, got)
			}
		}
	}
}

// A suffix that another path has for a name is avoided, and so is a longer one.
func TestASuffixIsNobodysName(t *testing.T) {
	suffixed := named(t, "path", "/a", "/a/")["/a/"]
	longer := named(t, "path", "/a", "/"+suffixed, "/a/")["/a/"]
	if longer == suffixed || len(longer) != len(suffixed)+1 {
		t.Errorf("%q and %q", suffixed, longer)
	}
}
