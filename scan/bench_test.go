package scan

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// BenchmarkSamples reads all samples of notifications, as a webhook is read, and by a general reader that checks as much:
// names that are not repeated, UTF-8.
func BenchmarkSamples(b *testing.B) {
	files, err := filepath.Glob("../intercom/samples/*.json")
	if err != nil || len(files) == 0 {
		b.Fatal(err)
	}
	var texts [][]byte
	var size int64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		var line bytes.Buffer // as Intercom sends them
		if err := json.Compact(&line, text); err != nil {
			b.Fatal(err)
		}
		texts, size = append(texts, line.Bytes()), size+int64(line.Len())
	}
	w := WantAt("/topic", "/data/item", "/id")
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			for _, text := range texts {
				s, err := Read(text, w, 3, free{})
				if err != nil {
					b.Fatal(err)
				}
				s.Release()
			}
		}
	})
	b.Run("jsontext", func(b *testing.B) {
		b.SetBytes(size)
		dec := jsontext.NewDecoder(new(bytes.Buffer))
		for b.Loop() {
			for _, text := range texts {
				dec.Reset(bytes.NewBuffer(text))
				for {
					if _, err := dec.ReadToken(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	})
}
