package webhook

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"source-intercom-ingest/capture/commit"
)

// What is reserved for a body is what has arrived of it, within a factor, whatever is announced.
func TestMemoryIsHeldForWhatArrives(t *testing.T) {
	for _, arrived := range []int{0, 55, 5000, 100_000} {
		held := unbounded()
		in := &counting{size: arrived}
		_, err := bodyReader{Reservation: held, limit: maxBodyBytes}.readAll(in, 64<<20)
		if err != errStalled {
			t.Fatal(err)
		}
		if most := int64(max(commit.LeastBuffer, 8*arrived)); held.Held() > most {
			t.Errorf("%d bytes are held for %d", held.Held(), arrived)
		}
	}
}

var errStalled = errors.New("no more comes")

// A counting reader has so many bytes, a thousand at a time, and then no more.
type counting struct{ size int }

func (c *counting) Read(p []byte) (int, error) {
	n := min(c.size, len(p), 1000)
	if c.size -= n; n == 0 {
		return 0, errStalled
	}
	return n, nil
}

// A request that can never fit hears so wherever it asks for memory, and is not told to come back.
func TestARequestThatCanNeverFitHearsSo(t *testing.T) {
	held := commit.NewBudgetOf(1 << 20).Reserve()
	held.Prove()
	err := held.Take(1<<20 + 1)
	for _, err := range []error{err, bodyError(httptest.NewRequest(http.MethodPost, "/", nil), err)} {
		if r := refusalOf(err); r.status != http.StatusRequestEntityTooLarge || r.Code != "too_large" {
			t.Errorf("%d %s: %v", r.status, r.Code, err)
		}
	}
	gzipped := httptest.NewRequest(http.MethodPost, "/", nil)
	gzipped.Header.Set("Content-Encoding", "gzip")
	if r := refusalOf(bodyError(gzipped, err)); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d: %v", r.status, r)
	}
}
