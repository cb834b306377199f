package capture

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// maxBodyBytes bounds a body after decompression: no document can be larger than a message of the runtime.
const maxBodyBytes = 64 << 20

// maxEncodings bounds how many encodings may be stacked on a body; one is what senders use.
const maxEncodings = 3

// maxZstdWindow is the largest window that RFC 8878 (3.1.1.1.2) asks decoders to support.
const maxZstdWindow = 8 << 20

// readBody returns the decompressed body of a request.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBodyBytes {
		return nil, tooLarge("the body is %d bytes", r.ContentLength)
	}
	in, err := decompress(r)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var body bytes.Buffer
	const firstRead = 64 << 10 // what is announced is taken on trust up to here
	body.Grow(int(min(max(r.ContentLength, 0), firstRead)) + bytes.MinRead)
	if _, err := body.ReadFrom(io.LimitReader(in, maxBodyBytes+1)); err != nil {
		return nil, bodyError(r, err)
	}
	if body.Len() > maxBodyBytes {
		return nil, tooLarge("the body is larger")
	}
	return body.Bytes(), nil
}

func tooLarge(format string, args ...any) *refusal {
	r := refuse(http.StatusRequestEntityTooLarge, format, args...)
	r.Message += "; at most 67108864 bytes (64 MiB) are accepted, after decompression"
	return r
}

func bodyError(r *http.Request, err error) error {
	var r413 *refusal
	if errors.As(err, &r413) {
		return err
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" {
		return refuse(http.StatusBadRequest, "reading the body with content encoding %q: %v", encoding, err)
	}
	return refuse(http.StatusBadRequest, "reading the body: %v", err)
}

// decompress undoes the content encodings of a body, the last one first (RFC 9110, 8.4).
func decompress(r *http.Request) (io.ReadCloser, error) {
	var in io.ReadCloser = r.Body
	encodings := strings.Split(strings.Join(r.Header.Values("Content-Encoding"), ","), ",")
	applied := 0
	for i := len(encodings) - 1; i >= 0; i-- {
		name := strings.ToLower(strings.TrimSpace(encodings[i]))
		if name == "" || name == "identity" {
			continue
		}
		decoder, ok := decoders[name]
		if applied++; !ok || applied > maxEncodings {
			return nil, refuse(http.StatusUnsupportedMediaType, "the content encoding %q is not accepted; send gzip, deflate, br, zstd or none", name).
				with("Accept-Encoding", "gzip, deflate, br, zstd")
		}
		decoded, err := decoder(in)
		if err != nil {
			return nil, bodyError(r, err)
		}
		in = decoded
	}
	return in, nil
}

var decoders = map[string]func(io.Reader) (io.ReadCloser, error){
	"gzip":    newGzip,
	"x-gzip":  newGzip,
	"deflate": newDeflate,
	"br":      func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(brotli.NewReader(r)), nil },
	"zstd": func(r io.Reader) (io.ReadCloser, error) {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	},
}

func newGzip(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

// newDeflate reads the zlib format, which "deflate" means, or the bare deflate stream that some senders take it for.
func newDeflate(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(2)
	if err != nil {
		return nil, err
	}
	const method, checksum = 0x0f, 31 // RFC 1950, 2.2: method 8, and a header that is a multiple of 31
	if head[0]&method == 8 && (int(head[0])<<8|int(head[1]))%checksum == 0 {
		return zlib.NewReader(buffered)
	}
	return flate.NewReader(buffered), nil
}
