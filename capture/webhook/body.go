package webhook

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/spec"
)

// maxBodyBytes bounds a body after decompression: no document can be larger than a message of the runtime.
const maxBodyBytes = spec.MaxBodyBytes

// A body that grows more than maxRatio-fold by decompression is a bomb. JSON of one repeated member reaches 200, and what
// is smaller than ratioGrace harms nobody.
const (
	maxRatio   = 200
	ratioGrace = 1 << 20
)

// maxEncodings bounds how many encodings may be stacked on a body; one is what senders use.
const maxEncodings = 3

// maxZstdWindow is the largest window that RFC 8878 (3.1.1.1.2) asks decoders to support.
const maxZstdWindow = 8 << 20

// A body is what a request carries: its text, and its bytes as they were sent where these were asked for and differ.
type body struct {
	text   []byte
	asSent []byte
	broken error // why the text is what was sent, which is of an encoding that can not be undone
}

// A bodyReader reads the body of one request, and holds the memory for it.
type bodyReader struct {
	*commit.Reservation
	limit   int64 // after decompression
	sources spec.Sources
}

// read reads and decompresses the body of a request. A body that is JSON as it was sent is taken as that. It is read whole before it is decompressed, so that a sender who
// stalls holds no decoder. Where the sender signs, it may have signed either, and both are kept.
func (b bodyReader) read(w http.ResponseWriter, r *http.Request, now time.Time, keepSent bool) (body, error) {
	if r.ContentLength > b.limit {
		return body{}, b.tooLarge()
	}
	encodings, unknown := encodingsOf(r.Header)
	patient := newPatientReader(w, r, now, b.Reservation, b.sources)
	sent, err := b.readAll(&patient, r.ContentLength)
	if err != nil {
		if b.GivenUp() {
			return body{}, commit.ErrNoRoom
		}
		return body{}, bodyError(r, err)
	}
	patient.done()
	if len(encodings) == 0 && unknown == nil || len(sent) == 0 || isDocument(sent) {
		return body{text: sent}, nil // whatever the header says
	}
	if unknown != nil {
		return body{text: sent, broken: unknown}, nil
	}
	text, err := b.decompressed(sent, encodings)
	if err != nil {
		err = bodyError(r, err)
		if refusalOf(err).status == http.StatusBadRequest {
			return body{text: sent, broken: err}, nil
		}
		return body{}, err
	}
	if !keepSent {
		b.Drop(sent)
		sent = nil
	}
	return body{text: text, asSent: sent}, nil
}

// decompressed holds the memory of the decoders while they run, and that of the text from then on.
func (b bodyReader) decompressed(sent []byte, encodings []string) ([]byte, error) {
	decoders := int64(len(encodings)) * decoderBytes
	if err := b.Take(decoders); err != nil {
		return nil, err
	}
	defer b.Give(decoders)
	in, err := decompress(bytes.NewReader(sent), encodings)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return b.readAll(&ratioReader{in: in, most: max(ratioGrace, maxRatio*int64(len(sent)))}, 0)
}

// decoderBytes is what a decoder may hold: zstd and brotli keep a window of 8 to 16 MiB.
const decoderBytes = 16 << 20

// readAll reads up to the limit. What is announced of the size is taken on trust up to the least buffer, and then for four
// times what has come: memory is held for what arrives.
func (b bodyReader) readAll(in io.Reader, announced int64) ([]byte, error) {
	text, err := b.Grow(nil, int(min(max(announced, 0)+spare, commit.LeastBuffer)))
	for err == nil {
		if full := len(text) == cap(text); full || len(text) >= firstBytes && cap(text) <= commit.LeastBuffer && announced+spare > int64(cap(text)) {
			if text, err = b.GrowTo(text, max(b.next(len(text), announced), cap(text)+1)); err != nil {
				break
			}
		}
		var n int
		n, err = in.Read(text[len(text):cap(text)])
		if text = text[:len(text)+n]; int64(len(text)) > b.limit {
			return nil, b.tooLarge()
		}
	}
	if err != io.EOF {
		return nil, err
	}
	return text, nil
}

// next returns how large a buffer follows one that is full: twice as large, or as is announced up to four times, and no
// larger than shows that a body is over the limit.
func (b bodyReader) next(full int, announced int64) int {
	size := 2 * int64(full)
	if announced > int64(full) {
		size = min(announced, 4*int64(full))
	}
	return int(min(size, b.limit)) + spare
}

// firstBytes are enough of a body to believe that the rest comes: what was read together with its header. The rest is then
// read in one piece.
const firstBytes = 1 << 10

// spare is room for the end of a body, which is only seen behind its last byte.
const spare = 512

func (b bodyReader) tooLarge() *refusal {
	return tooLarge("the body is larger than the %d bytes that are accepted, after decompression", b.limit)
}

// A ratioReader ends what grows too much by decompression.
type ratioReader struct {
	in         io.Reader
	read, most int64
}

// Read returns a refusal once too much was read.
func (r *ratioReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if r.read += int64(n); r.read > r.most {
		return n, tooLarge("the body grows more than %d-fold by decompression", maxRatio)
	}
	return n, err
}

// tooLarge refuses what is over a limit, for good: there is nothing to come back for.
func tooLarge(format string, args ...any) *refusal {
	return refuse(http.StatusRequestEntityTooLarge, format, args...)
}

// bodyError tells the sender's faults apart: a body over a limit, one that comes too slowly, one that is no such encoding.
func bodyError(r *http.Request, err error) error {
	var other *refusal
	var never *commit.TooLargeError
	switch {
	case errors.As(err, &other), errors.As(err, &never), errors.Is(err, commit.ErrNoRoom):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(http.StatusRequestTimeout, "the body comes too slowly: at least %d bytes a second are expected", leastRate)
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" {
		return refuse(http.StatusBadRequest, "reading the body with content encoding %q: %v", told(encoding), err)
	}
	return refuse(http.StatusBadRequest, "reading the body: %v", err)
}

// encodingsOf returns the content encodings of a body that change it, in the order in which they were applied.
func encodingsOf(header http.Header) ([]string, error) {
	if header["Content-Encoding"] == nil {
		return nil, nil
	}
	var encodings []string
	for name := range strings.SplitSeq(strings.Join(header.Values("Content-Encoding"), ","), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" || name == "identity" {
			continue
		}
		if decoders[name] == nil || len(encodings) == maxEncodings {
			return nil, refuse(http.StatusUnsupportedMediaType, "the content encoding %q is not accepted; send gzip, deflate, br, zstd or none", told(name)).
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

// newGzip reads all members of a gzip stream, one after the other (RFC 1952, 2.2).
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
