package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// signedHeader is what Intercom sends beside a body.
func signedHeader(body string) string {
	return "X-Hub-Signature: " + signIntercom(benchSecret, body) + "\r\n"
}

const signedConfig = `{"signatureConfig":{"provider":"intercom","clientSecret":"` + benchSecret + `"}}`

// BenchmarkConnectorCases measures what one body by itself does not show.
func BenchmarkConnectorCases(b *testing.B) {
	body := notificationOf(1400)
	fmt.Println("| case | measured |\n|---|---|")
	say := func(format string, args ...any) { fmt.Printf("| "+format+" |\n", args...) }
	b.Run("every-50ms", func(b *testing.B) {
		c := startConnector(b, benchCapture(signedConfig, "true"), time.Tick(50*time.Millisecond))
		c.run(b, signedHeader(body), body)
		slices.Sort(c.delays)
		say("commit every 50 ms | p50 %v, p99 %v", c.delays[len(c.delays)/2].Round(time.Millisecond/10), c.delays[len(c.delays)*99/100].Round(time.Millisecond/10))
	})
	b.Run("arrays", func(b *testing.B) {
		const each = 100
		array := "[" + strings.Repeat(body+",", each-1) + body + "]"
		c := startConnector(b, benchCapture(signedConfig, "true"), nil)
		for range benchRounds {
			c.run(b, signedHeader(array), array)
		}
		perSecond := each / (median(c.cpus) / 1e6)
		b.ReportMetric(perSecond, "documents/core-s")
		say("arrays of 100 documents of %d bytes | %.0f documents for each second of CPU, %.0f a second", len(body), perSecond, each*median(c.rates))
	})
	b.Run("schema", func(b *testing.B) {
		schema, err := os.ReadFile("../schemas/testdata/everyday.json") // of twenty properties, nested, with formats
		if err != nil {
			b.Fatal(err)
		}
		bare, c := startFloor(b, "bare"), startConnector(b, benchCapture(signedConfig, string(schema)), nil)
		for range benchRounds {
			bare.run(b, signedHeader(body), body)
			c.run(b, signedHeader(body), body)
		}
		say("a schema that needs validation | %.1f µs of CPU a request, %.2f of bare; %.2f of its throughput", median(c.cpus), ratio(c.cpus, bare.cpus), ratio(c.rates, bare.rates))
	})
	for name, console := range map[string]string{"preview": "", "console": "127.0.0.1:0"} {
		b.Run(name, func(b *testing.B) {
			rate := previewRate(b, console, body)
			b.ReportMetric(rate, "documents/s")
			say("`preview --console=%s` into SQLite, full durability | %.0f documents a second", console, rate)
		})
	}
	b.Run("start", func(b *testing.B) {
		var starts []float64
		for range 20 {
			began := time.Now()
			r, err := start("proto", true)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := r.ask(openRequest(openCapture)); err != nil {
				b.Fatal(err)
			}
			starts = append(starts, float64(time.Since(began).Microseconds())/1000)
			r.wait()
		}
		say("from start to Opened | %.1f ms", median(starts))
	})
}

// previewRate returns how many documents a second a preview takes.
func previewRate(b *testing.B, console, body string) float64 {
	p := preview(b, filepath.Join(b.TempDir(), "bench.db"), "--console="+console)
	go func() { // as a terminal does
		for range p.output {
		}
	}()
	host, path, _ := strings.Cut(strings.TrimPrefix(p.url, "http://"), "/")
	c := &contender{name: "preview", pid: p.cmd.Process.Pid, addr: host, path: "/" + path}
	for range benchRounds {
		c.run(b, "", body)
	}
	p.stop()
	return median(c.rates)
}
