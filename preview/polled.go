package preview

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// A polled knows how the connector's polling stands, by the connector's own metrics. It is safe for concurrent use.
type polled struct {
	metrics atomic.Pointer[url.URL] // of the connector; nil without

	mu       sync.Mutex
	objects  map[string]*polledObjects
	requests float64
	at       time.Time
	limit    float64 // requests of a window
	chart    []pace
}

// Polled objects are those of one resource.
type polledObjects struct {
	Resource  string  `json:"resource"`
	Rows      float64 `json:"rows"`
	Documents float64 `json:"documents"`
	Done      float64 `json:"done"`  // rows of the history, while that is read
	Total     float64 `json:"total"` // 0 for unknown
	Reading   bool    `json:"reading"`
	Lag       float64 `json:"lag"`  // seconds
	Look      float64 `json:"look"` // seconds since 1970; 0 for never
	Missed    float64 `json:"missed"`
	Error     string  `json:"error,omitempty"`

	rate float64 // rows a second, of late
}

// A pace is how many requests were made in a while.
type pace struct {
	At        int64   `json:"at"` // seconds since 1970
	PerMinute float64 `json:"perMinute"`
}

const (
	scrapeEvery = time.Second
	// paces are shown, one for each ten seconds of fifteen minutes.
	paces     = 90
	paceEvery = 10 * time.Second
	// limitWindows are how many of the rate limit a minute has.
	limitWindows = 6
)

// metricsAt notes where the connector's metrics are.
func (p *polled) metricsAt(address string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return
	}
	p.metrics.Store(&url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", port)})
}

// run reads the metrics until ctx ends.
func (p *polled) run(ctx context.Context) {
	tick := time.NewTicker(scrapeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if target := p.metrics.Load(); target != nil {
				p.scrape(ctx, target, now)
			}
		}
	}
}

func (p *polled) scrape(ctx context.Context, target *url.URL, now time.Time) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.JoinPath("metrics").String(), nil)
	if err != nil {
		return
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return // it is being started again
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.take(families, now)
}

// take notes what the metrics say.
func (p *polled) take(families map[string]*dto.MetricFamily, now time.Time) {
	each := func(name string, take func(o *polledObjects, value float64)) {
		for _, m := range families[name].GetMetric() {
			for _, label := range m.Label {
				if label.GetName() == "resource" {
					take(p.of(label.GetValue()), m.GetCounter().GetValue()+m.GetGauge().GetValue())
				}
			}
		}
	}
	for _, o := range p.objects {
		o.Reading = false
	}
	each("intercom_rows_total", func(o *polledObjects, v float64) {
		const smooth = 0.3
		if v >= o.Rows && !p.at.IsZero() {
			o.rate += smooth * ((v-o.Rows)/max(now.Sub(p.at).Seconds(), 0.1) - o.rate)
		}
		o.Rows = v
	})
	each("intercom_documents_total", func(o *polledObjects, v float64) { o.Documents = v })
	each("intercom_backfill_rows", func(o *polledObjects, v float64) { o.Done = v })
	each("intercom_backfill_done_ratio", func(o *polledObjects, v float64) { o.Reading = v < 1 })
	each("intercom_backfill_total_rows", func(o *polledObjects, v float64) { o.Total = v })
	each("intercom_lag_seconds", func(o *polledObjects, v float64) { o.Lag = v })
	each("intercom_last_look_timestamp_seconds", func(o *polledObjects, v float64) { o.Look = v })
	each("intercom_missed_updates_total", func(o *polledObjects, v float64) { o.Missed = v })
	total := 0.0
	for _, m := range families["intercom_requests_total"].GetMetric() {
		total += m.GetCounter().GetValue()
	}
	for _, m := range families["intercom_rate_limit"].GetMetric() {
		p.limit = m.GetGauge().GetValue()
	}
	p.pace(total, now)
	p.at = now
}

func (p *polled) of(resource string) *polledObjects {
	if p.objects == nil {
		p.objects = map[string]*polledObjects{}
	}
	if p.objects[resource] == nil {
		p.objects[resource] = &polledObjects{Resource: resource}
	}
	return p.objects[resource]
}

// pace notes how many requests were made so far.
func (p *polled) pace(total float64, now time.Time) {
	made := max(0, total-p.requests)
	p.requests = total
	slot := now.Truncate(paceEvery).Unix()
	if len(p.chart) == 0 || p.chart[len(p.chart)-1].At != slot {
		p.chart = append(p.chart, pace{At: slot})
		p.chart = p.chart[max(0, len(p.chart)-paces):]
	}
	p.chart[len(p.chart)-1].PerMinute += made * float64(time.Minute/paceEvery)
}

// broken notes what the connector says of a resource; nothing for one that works again.
func (p *polled) broken(resource, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name, _, _ := strings.Cut(resource, " ")
	if o := p.objects[name]; o != nil || reason != "" {
		p.of(name).Error = reason
	}
}

// shown is how it stands, for a page; nil where nothing is polled.
func (p *polled) shown() any {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.objects) == 0 {
		return nil
	}
	var objects []polledObjects
	for _, name := range slices.Sorted(maps.Keys(p.objects)) {
		objects = append(objects, *p.objects[name])
	}
	return map[string]any{"objects": objects, "paces": slices.Clone(p.chart), "limit": p.limit * limitWindows}
}

// maxShownResources are shown on a terminal, the busiest resources.
const maxShownResources = 22

// lines are how it stands, for a terminal: a line for each resource whose history is read, or that has rows.
func (p *polled) lines(time.Time) (lines []string) {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	names := slices.SortedFunc(maps.Keys(p.objects), func(a, b string) int {
		x, y := p.objects[a], p.objects[b]
		if x.Reading != y.Reading {
			if x.Reading {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.Documents, x.Documents), cmp.Compare(a, b))
	})
	for _, name := range names {
		if len(lines) < maxShownResources && p.objects[name].Rows+p.objects[name].Documents > 0 {
			lines = append(lines, p.objects[name].line())
		}
	}
	return lines
}

// barWidth is that of a bar, in characters.
const barWidth = 20

// line is one resource on a terminal.
func (o *polledObjects) line() string {
	if !o.Reading {
		return fmt.Sprintf("  %-18s %s %9.0f documents · up to date within %.0f s", o.Resource, strings.Repeat("█", barWidth), o.Documents, o.Lag)
	}
	if o.Total == 0 {
		return fmt.Sprintf("  %-18s %s %9.0f rows, %.0f a second", o.Resource, strings.Repeat("░", barWidth), o.Done, o.rate)
	}
	ratio := min(1, o.Done/o.Total)
	full := int(ratio * barWidth)
	line := fmt.Sprintf("  %-18s %s%s %3.0f %% %.0f of %.0f rows, %.0f a second", o.Resource,
		strings.Repeat("█", full), strings.Repeat("░", barWidth-full), 100*ratio, o.Done, o.Total, o.rate)
	if o.rate > 0 && o.Total > o.Done {
		line += ", " + time.Duration((o.Total-o.Done)/o.rate*float64(time.Second)).Round(time.Second).String() + " left"
	}
	return line
}
