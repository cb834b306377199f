package test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var soak = flag.Duration("soak", 0, "how long TestSoak goes on; it is skipped without")

// The connector holds a steady load with flat memory. By hand:
//
//	test/soak 10m
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("by hand, with -soak 10m")
	}
	const perSecond, connections = 2000, 64
	m := readManifest(t)
	name := "conversation.deleted.json"
	for file := range m.Files {
		if body := readSample(t, file); len(body) > 1200 && len(body) < 1600 {
			name = file
		}
	}
	body, sign := readSample(t, name), m.Files[name].Signature
	r, url := openSession(t, "proto", strings.Replace(openCapture, `"config":{}`,
		`"config":{"signatureConfig":{"provider":"intercom","clientSecret":"`+m.ClientSecret+`"}}`, 1))
	go r.acknowledgeEach(func([]document) {})
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = connections
	ctx, stop := context.WithTimeout(t.Context(), *soak)
	defer stop()
	var mu sync.Mutex
	statuses := map[int]int{}
	var took []time.Duration
	work := make(chan struct{}, connections)
	var senders sync.WaitGroup
	for range connections {
		senders.Go(func() {
			for range work {
				started := time.Now()
				status, _, _ := post(t.Context(), url+"/in", body, "X-Hub-Signature", sign)
				mu.Lock()
				statuses[status]++
				took = append(took, time.Since(started))
				mu.Unlock()
			}
		})
	}
	report := time.NewTicker(*soak / 10)
	defer report.Stop()
	const tick = 10 * time.Millisecond
	var resident []int64
	for ticks := time.NewTicker(tick); ctx.Err() == nil; {
		select {
		case <-ticks.C:
			for range perSecond / int(time.Second/tick) {
				work <- struct{}{}
			}
		case <-report.C:
			resident = append(resident, residentBytes(t, r.cmd.Process.Pid)>>20)
			fmt.Printf("%v: %d MiB resident\n", time.Now().Format(time.TimeOnly), resident[len(resident)-1])
		case <-ctx.Done():
		}
	}
	close(work)
	senders.Wait()
	slices.Sort(took)
	n := len(took)
	fmt.Printf("%s of %d bytes: %d requests, %.0f a second, by status %v; p50 %v, p99 %v, longest %v; resident %v MiB\n",
		name, len(body), n, float64(n)/soak.Seconds(), statuses, took[n/2], took[n*99/100], took[n-1], resident)
	if statuses[http.StatusOK] != n {
		t.Errorf("answers were %v", statuses)
	}
	if half := len(resident) / 2; half > 0 && slices.Max(resident[half:]) > slices.Max(resident[:half])+20 {
		t.Errorf("memory grows: %v MiB", resident)
	}
}
