package webhook

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"source-intercom-ingest/scan"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// readingUpTo returns a reader of bodies for which there is always room.
func readingUpTo(limit int64) bodyReader { return bodyReader{Reservation: unbounded(), limit: limit} }

// gzipped returns text as gzip writes it.
func gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestABodyThatGrowsTooMuchIsRefused(t *testing.T) {
	for size, fits := range map[int]bool{ratioGrace: true, 4 * ratioGrace: false} { // zeros grow a thousandfold
		_, err := readingUpTo(maxBodyBytes).decompressed(gzipped(t, make([]byte, size)), []string{"gzip"})
		if fits && err != nil || !fits && (err == nil || refusalOf(err).status != http.StatusRequestEntityTooLarge) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestABodyIsMeasuredAfterDecompression(t *testing.T) {
	const limit = 100
	for size, fits := range map[int]bool{limit: true, limit + 1: false} {
		_, err := readingUpTo(limit).decompressed(gzipped(t, make([]byte, size)), []string{"gzip"})
		if fits && err != nil || !fits && (err == nil || refusalOf(err).status != http.StatusRequestEntityTooLarge) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestFewEncodingsMayBeStacked(t *testing.T) {
	for n, fits := range map[int]bool{maxEncodings: true, maxEncodings + 1: false} {
		header := http.Header{"Content-Encoding": {strings.Repeat("gzip,", n)}}
		encodings, err := encodingsOf(header)
		if fits && len(encodings) != n || fits != (err == nil) {
			t.Errorf("%d encodings: %q, %v", n, encodings, err)
		}
	}
}

func TestTheWindowOfZstdIsBounded(t *testing.T) {
	for window, fits := range map[int]bool{maxZstdWindow: true, 2 * maxZstdWindow: false} {
		var b bytes.Buffer
		w, err := zstd.NewWriter(&b, zstd.WithWindowSize(window))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(`{"a":1}`))
		_ = w.Flush() // so that the frame names its window, and not the size of its content
		_ = w.Close()
		if _, err := readingUpTo(maxBodyBytes).decompressed(b.Bytes(), []string{"zstd"}); fits != (err == nil) {
			t.Errorf("a window of %d bytes: %v", window, err)
		}
	}
}

func TestADocumentIsNoDeeperThanTheRuntimeReads(t *testing.T) {
	for depth, fits := range map[int]bool{scan.MaxDepth: true, scan.MaxDepth + 1: false} {
		text := `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
		s, err := scan.Read([]byte(text), nil, 0, unbounded())
		if fits != (err == nil) {
			t.Errorf("%d levels: %v", depth, err)
		}
		if err == nil {
			s.Release()
		}
	}
}
