package capture

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
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

// A body is what a request carries: its text, and its bytes as they were sent where these were asked for and differ.
type body struct {
	text   []byte
	asSent []byte
}

// readBody reads and decompresses the body of a request. Where the sender signs, it may have signed either.
func readBody(r *http.Request, keepSent bool) (body, error) {
	if r.ContentLength > maxBodyBytes {
		return body{}, tooLarge("the body is %d bytes", r.ContentLength)
	}
	encodings, err := encodingsOf(r.Header)
	if err != nil {
		return body{}, err
	}
	var read body
	var sent io.Reader = r.Body
	if keepSent && len(encodings) > 0 {
		if read.asSent, err = readAll(r.Body, r.ContentLength); err != nil {
			return body{}, bodyError(r, err)
		}
		sent = bytes.NewReader(read.asSent)
	}
	in, err := decompress(sent, encodings)
	if err != nil {
		return body{}, bodyError(r, err)
	}
	defer in.Close()
	if read.text, err = readAll(in, r.ContentLength); err != nil {
		return body{}, bodyError(r, err)
	}
	return read, nil
}

// readAll reads up to the limit of a body. What is announced of its size is taken on trust for a first read only.
func readAll(in io.Reader, announced int64) ([]byte, error) {
	const firstRead = 64 << 10
	var b bytes.Buffer
	b.Grow(int(min(max(announced, 0), firstRead)) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(in, maxBodyBytes+1)); err != nil {
		return nil, err
	}
	if b.Len() > maxBodyBytes {
		return nil, tooLarge("the body is larger")
	}
	return b.Bytes(), nil
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

// encodingsOf returns the content encodings of a body that change it, in the order in which they were applied.
func encodingsOf(header http.Header) ([]string, error) {
	var encodings []string
	for name := range strings.SplitSeq(strings.Join(header.Values("Content-Encoding"), ","), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" || name == "identity" {
			continue
		}
		if decoders[name] == nil || len(encodings) == maxEncodings {
			return nil, refuse(http.StatusUnsupportedMediaType, "the content encoding %q is not accepted; send gzip, deflate, br, zstd or none", name).
				with("Accept-Encoding", "gzip, deflate, br, zstd")
		}
		encodings = append(encodings, name)
	}
	return encodings, nil
}

// decompress undoes content encodings, the last one first (RFC 9110, 8.4).
func decompress(sent io.Reader, encodings []string) (io.ReadCloser, error) {
	in := io.NopCloser(sent)
	for _, name := range slices.Backward(encodings) {
		var err error
		if in, err = decoders[name](in); err != nil {
			return nil, err
		}
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
