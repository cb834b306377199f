package door

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// However a header comes in pieces, and whatever came before it, it is ambiguous exactly where both of its lines are in it.
func TestAFramingSeesBothLinesOfAHeader(t *testing.T) {
	lines := []string{"Content-Length: 3", "content-LENGTH:3", "Transfer-Encoding: chunked", "TRANSFER-ENCODING:\tx", "Host: x", " Content-Length: 3", "X: Transfer-Encoding: y",
		"Content-Lengths: 3", "Transfer-Encoding", "{}", strings.Repeat("a", 100)}
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		coded, ambiguous := false, false
		for _, header := range rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, len(lines)-1), 0, 6), 1, 4).Draw(t, "headers") {
			length, chunks := false, false
			for _, i := range header {
				length, chunks = length || i < 2, chunks || i == 2 || i == 3
				text.WriteString(lines[i] + rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(t, "end"))
			}
			coded, ambiguous = coded || chunks, ambiguous || length && chunks
			text.WriteString(rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(t, "end of the header"))
		}
		var f framing
		for left := []byte(text.String()); len(left) > 0; {
			n := rapid.IntRange(1, len(left)).Draw(t, "piece")
			f.read(left[:n])
			clear(left[:n]) // the buffer is not the framing's
			left = left[n:]
		}
		if f.coded.Load() != coded || f.ambiguous.Load() != ambiguous {
			t.Fatalf("coded %v, ambiguous %v after %q", f.coded.Load(), f.ambiguous.Load(), text.String())
		}
	})
}

func BenchmarkFraming(b *testing.B) {
	text := []byte("POST /in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1400\r\nX-Hub-Signature: sha1=0000000000000000000000000000000000000000\r\nUser-Agent: a\r\n\r\n" +
		strings.Repeat("x", 1400))
	var f framing
	for b.Loop() {
		f.read(text)
	}
}
