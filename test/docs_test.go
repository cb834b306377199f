package test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
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

// The same holds of deliveries.
func TestTheMetricsOfDeliveriesAreThere(t *testing.T) {
	taken, err := net.Listen("tcp", ":0") // so that any free port is chosen
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	v, endpoint := receiving(t, nil, "")
	r := deliveringWith(t, "json", endpoint, []string{"SOURCE_HTTP_INGEST_METRICS_PORT=" + port}, `{"name":"x","send":"document"}`)
	if got, err := r.stored(t, `0 {"id":1}`); err != nil || len(v.Requests()) != 1 {
		t.Fatal(got, err)
	}
	line, err := r.waitLog(func(f map[string]any) bool { return f["metricsAddress"] != nil })
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(line["metricsAddress"].(string))
	resp, err := http.Get("http://127.0.0.1:" + port + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(text), `delivery_documents_total{delivery="x",outcome="delivered"} 1`) {
		t.Errorf("%s, %v", text, err)
	}
	var docs []byte
	for _, file := range []string{"../docs/operations.md", "../docs/grafana.json"} {
		more, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, more...)
	}
	for _, name := range regexp.MustCompile(`\bdelivery_[a-z_]+[a-z]\b`).FindAllString(string(docs), -1) {
		if !strings.Contains(string(text), "# TYPE "+strings.TrimSuffix(name, "_bucket")+" ") {
			t.Errorf("%s is not served", name)
		}
	}
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (delivery_\S+)`).FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(string(docs), "`"+found[1]+"`") {
			t.Errorf("%s is not described", found[1])
		}
	}
}
