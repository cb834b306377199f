package test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"source-intercom-ingest/test/intercomsim/sim"
)

// Every metric that the dashboard and the alerts ask for is one that the connector serves, and every one that it serves
// is described.
func TestDashboardAndAlertsAskForMetricsThatThereAre(t *testing.T) {
	p := poll(t, newWorkspace(sim.Config{Limit: 600_000}, small), setup{codec: "proto", paths: true})
	p.settled(t)
	p.notify(t, `{"topic":"ping"}`)
	if status, _, err := post(t.Context(), p.url+"/nowhere", "{}"); err != nil || status != 404 {
		t.Fatal(status, err)
	}
	text := p.metrics(t)
	served := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(text, -1) {
		served[line[1]] = true
	}
	guide, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	dashboard, err := os.ReadFile("../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(dashboard) {
		t.Error("the dashboard is not JSON")
	}
	names := regexp.MustCompile(`\b(?:webhook|intercom|source_intercom_ingest|process|go)_[a-z_]+[a-z]\b`)
	for _, name := range names.FindAllString(string(guide)+string(dashboard), -1) {
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, suffix)
		}
		if !served[name] {
			t.Errorf("%s is not served", name)
		}
	}
	for name := range served {
		if (strings.HasPrefix(name, "webhook_") || strings.HasPrefix(name, "intercom_")) && !strings.Contains(string(guide), "`"+name+"`") {
			t.Errorf("%s is not described", name)
		}
	}
}
