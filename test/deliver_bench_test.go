package test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// delivered is a document like a user's: escapes, other scripts and HTML.
func delivered(i int) string {
	return fmt.Sprintf(`{"_meta":{"webhookId":"w%d","receivedAt":"2026-09-01T00:10:00Z"},"id":215473900112%06d,"topic":"conversation.user.created","data":{"item":{"type":"conversation","source":{"body":"<p>Grüße, \"%d\" &amp; 你好\n%s</p>"},"custom_attributes":{"plan":"pro","seats":12.50}}}}`, i, i%1_000_000, i, strings.Repeat("Überall gibt es <b>Wörter</b>. ", 30))
}

// BenchmarkDelivery compares deliveries of documents with a bare client of net/http that posts as many at a time.
func BenchmarkDelivery(b *testing.B) {
	const documents, concurrency = 20_000, 8
	var connections, came atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		came.Add(1)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	for b.Loop() {
		bare := bareRate(b, server.URL, documents, concurrency)
		came.Store(0)
		connections.Store(0)
		r := delivering(b, "proto", `{"address":"`+server.URL+`","allowHttp":true,"network":{"allowedAddresses":["127.0.0.1"]}}`, `{"name":"x","send":"document"}`)
		var transaction bytes.Buffer
		put := func(request string) {
			text, err := toProto("MRequest", []byte(request))
			if err != nil {
				b.Fatal(err)
			}
			transaction.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...))
		}
		put(`{"flush":{}}`)
		for i := range documents {
			put(`{"store":{"doc":` + delivered(i) + `}}`)
		}
		put(`{"startCommit":{}}`)
		began := time.Now()
		if _, err := transaction.WriteTo(r.in); err != nil {
			b.Fatal(err)
		}
		for _, want := range []string{`{"flushed":{}}`, `{"startedCommit":{}}`} {
			if got, err := r.receive(); err != nil || string(got) != want {
				b.Fatal(string(got), err)
			}
		}
		ours := documents / time.Since(began).Seconds()
		b.ReportMetric(ours, "documents/s")
		b.ReportMetric(ours/bare, "of-bare")
		b.ReportMetric(float64(connections.Load()), "connections")
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
		if found := peakMemory.FindSubmatch(status); err == nil && found != nil {
			kib, _ := strconv.ParseFloat(string(found[1]), 64)
			b.ReportMetric(kib/1024, "MiB-peak")
		}
		if came.Load() != documents {
			b.Errorf("%d came", came.Load())
		}
	}
}

func bareRate(b *testing.B, url string, documents, concurrency int) float64 {
	client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrency}}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for range concurrency {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(documents); i = next.Add(1) {
				resp, err := client.Post(url, "application/json", strings.NewReader(delivered(int(i))))
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
	workers.Wait()
	return float64(documents) / time.Since(began).Seconds()
}

// peakMemory is the most that a process has held.
var peakMemory = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
