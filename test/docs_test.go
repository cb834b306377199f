package test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every metric that the dashboard and the alerts ask for is one that the connector serves, and every one that it serves
// is described.
func TestDashboardAndAlertsAskForMetricsThatThereAre(t *testing.T) {
	r, url, metrics := observed(t, "proto", "1", benchCapture(signedConfig, "true")) // a port that is taken, if not by us
	go r.acknowledgeEach(func([]document) {})
	const body = `{"topic":"ping"}`
	for path, want := range map[string]int{"/in": 200, "/nowhere": 404} {
		if status, _, err := post(t.Context(), url+path, body, "X-Hub-Signature", signIntercom(benchSecret, body)); err != nil || status != want {
			t.Fatal(status, err)
		}
	}
	_, text := fetch(t, metrics+"/metrics")
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
