package webhook

import (
	"maps"
	"slices"
	"testing"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/spec"
)

// The paths that no binding may have are those of the pages.
func TestOwnPagesAreThePages(t *testing.T) {
	config, err := spec.ParseEndpoint(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(logrus.New(), "test", config, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(s.routes.pages)), slices.Sorted(slices.Values(spec.OwnPages)); !slices.Equal(got, want) {
		t.Errorf("the pages are %q, not %q", got, want)
	}
}
