package webhook

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"source-intercom-ingest/spec"
)

// received plays a sender whose body comes in pieces of so many bytes, with a pause before each, and returns how much was
// read of it, after how long, and why not more.
func received(t *testing.T, size, piece int, pause time.Duration) (n int64, took time.Duration, err error) {
	synctest.Test(t, func(*testing.T) {
		read := make(chan struct{})
		play(func(w http.ResponseWriter, r *http.Request) {
			defer close(read)
			began := time.Now()
			patient := newPatientReader(w, r, began, unbounded(), spec.Sources{})
			n, err = io.Copy(io.Discard, &patient)
			patient.done()
			took = time.Since(began)
		}, func(far net.Conn) {
			written := make(chan struct{})
			go func() {
				defer close(written)
				_, err := fmt.Fprintf(far, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
				for left := size; left > 0 && err == nil; left -= piece {
					time.Sleep(pause)
					_, err = far.Write(make([]byte, min(piece, left)))
				}
			}()
			<-read
			_, _ = io.ReadAll(far)
			far.Close()
			<-written
		})
	})
	return n, took, err
}

func TestABodyComesInItsTime(t *testing.T) {
	for name, c := range map[string]struct {
		size, piece int
		pause       time.Duration
		within      time.Duration // 0 where all of it is read
	}{
		"never":                         {10, 10, time.Hour, rateGrace},
		"after a pause":                 {10, 10, rateGrace - time.Second, 0},
		"byte by byte":                  {1000, 1, time.Second, rateGrace},
		"a little slower than it must":  {100 << 10, leastRate / 2, time.Second, 3 * rateGrace},
		"a little faster than it must":  {100 << 10, 2 * leastRate, time.Second, 0},
		"fast enough, but without end":  {64 << 20, 2 * leastRate, time.Second, bodyTime},
		"fast enough, but for too long": {2*leastRate*int(bodyTime/time.Second) + 1, 2 * leastRate, time.Second, bodyTime},
	} {
		n, took, err := received(t, c.size, c.piece, c.pause)
		switch {
		case c.within == 0:
			if n != int64(c.size) || err != nil {
				t.Errorf("%s: %d of %d bytes are read, and then %v", name, n, c.size, err)
			}
		case !errors.Is(err, os.ErrDeadlineExceeded) || took > c.within:
			t.Errorf("%s: after %v and %d bytes: %v", name, took, n, err)
		}
	}
}
