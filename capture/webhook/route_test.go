package webhook

import (
	"maps"
	"slices"
	"testing"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/spec"
)

// The paths that no binding may have are those of the pages.
func TestOwnPagesAreThePages(t *testing.T) {
	config, err := spec.ParseEndpoint(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := New(logrus.New(), "test", config, nil, commit.New(t.Context(), new(protocol.Session), commit.NewBudgetOf(1)))
	if got, want := slices.Sorted(maps.Keys(s.routes.pages)), slices.Sorted(slices.Values(spec.OwnPages)); !slices.Equal(got, want) {
		t.Errorf("the pages are %q, not %q", got, want)
	}
}
