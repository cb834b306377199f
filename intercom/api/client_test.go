package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-intercom-ingest/test/intercomsim/sim"
)

// A transport answers by a handler, after a while of the bubble's time. The connection is not what is tried here.
type transport struct {
	handler http.Handler
	takes   time.Duration
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := Sleep(r.Context(), t.takes/2); err != nil {
		return nil, err
	}
	answer := httptest.NewRecorder()
	t.handler.ServeHTTP(answer, r)
	if err := Sleep(r.Context(), t.takes/2); err != nil {
		return nil, err
	}
	return answer.Result(), nil
}

func clientOf(t *testing.T, handler http.Handler, c Config) *Client {
	t.Helper()
	c.BaseURL, c.Token = "https://api.intercom.io", "tok"
	c.Transport = transport{handler, 100 * time.Millisecond}
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func drain(body io.Reader) error {
	_, err := io.Copy(io.Discard, body)
	return err
}

// answers is a handler that gives statuses in turn, the last for ever.
func answers(statuses ...int) (http.HandlerFunc, *atomic.Int64) {
	var n atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		at := min(int(n.Add(1)), len(statuses)) - 1
		w.WriteHeader(statuses[at])
		_, _ = io.WriteString(w, `{"type":"error.list","request_id":"r-1","errors":[{"code":"c","message":"m"}]}`)
	}, &n
}

func TestTheRateLimitIsUsedAlmostWhollyAndNeverPassed(t *testing.T) {
	for _, share := range []int{100, 80, 1} {
		synctest.Test(t, func(t *testing.T) {
			const perMinute, windows = 2000, 12
			w := sim.New(sim.Config{Limit: perMinute})
			client := clientOf(t, w, Config{Share: share})
			ctx, cancel := context.WithTimeout(t.Context(), windows*10*time.Second)
			defer cancel()
			var workers sync.WaitGroup
			for range 64 {
				workers.Go(func() {
					for client.Do(ctx, Request{Method: "GET", Path: "/me"}, drain) == nil {
					}
				})
			}
			workers.Wait()
			if n := w.Count("429"); n > 0 {
				t.Errorf("%d%%: %d answers were 429", share, n)
			}
			window := perMinute * share / 100 / 6
			if got, least := w.Count("GET /me"), window*(windows-1)*95/100; got < least || got > window*(windows+1) {
				t.Errorf("%d%%: %d requests in %d windows of %d", share, got, windows, window)
			}
		})
	}
}

func TestWithoutALimitThatIsToldRequestsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sim.New(sim.Config{Limit: 10_000, NoHeaders: true})
		client := clientOf(t, w, Config{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var workers sync.WaitGroup
		for range 20 {
			workers.Go(func() {
				for client.Do(ctx, Request{Method: "GET", Path: "/me"}, drain) == nil {
				}
			})
		}
		workers.Wait()
		if n := w.Count("GET /me"); n < 9*unlimitedRate || n > 11*unlimitedRate {
			t.Errorf("%d requests in ten seconds", n)
		}
	})
}

func TestAnswersThatSayToWaitAreWaitedOutForAllCallers(t *testing.T) {
	for _, c := range []struct {
		name   string
		header func(now time.Time) http.Header
		least  time.Duration
	}{
		{"seconds", func(time.Time) http.Header { return http.Header{"Retry-After": {"30"}} }, 30 * time.Second},
		{"a date", func(now time.Time) http.Header {
			return http.Header{"Retry-After": {now.Add(20 * time.Second).UTC().Format(http.TimeFormat)}}
		}, 19 * time.Second},
		{"the window's end", func(now time.Time) http.Header {
			return http.Header{"X-Ratelimit-Reset": {fmt.Sprint(now.Add(10 * time.Second).Unix())}}
		}, 9 * time.Second},
		{"the later of two", func(now time.Time) http.Header {
			return http.Header{"Retry-After": {"2"}, "X-Ratelimit-Reset": {fmt.Sprint(now.Add(15 * time.Second).Unix())}}
		}, 14 * time.Second},
		{"an absurd time", func(time.Time) http.Header { return http.Header{"Retry-After": {"86400"}} }, maxPause},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int64
				client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
					if asked.Add(1) == 1 {
						for name, values := range c.header(time.Now()) {
							w.Header()[name] = values
						}
						w.WriteHeader(http.StatusTooManyRequests)
					}
				}), Config{})
				begin := time.Now()
				if err := client.Do(t.Context(), Request{Method: "POST", Path: "/x"}, drain); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(begin); waited < c.least || waited > c.least+3*time.Second {
					t.Errorf("waited %v, want %v", waited, c.least)
				}
			})
		})
	}
}

func TestWhoIsFirstInLineGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(100)
		l.synced, l.limit, l.reset = true, 100, time.Now().Add(10*time.Second) // of which none remains
		var mu sync.Mutex
		var order []Lane
		for _, lane := range []Lane{Children, Backfill, Live, Scroll} {
			go func() {
				turn, err := l.take(t.Context(), lane)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, lane)
				mu.Unlock()
				time.Sleep(time.Second)
				turn.end()
			}()
			synctest.Wait()
		}
		l.limit = 1
		time.Sleep(time.Minute)
		synctest.Wait()
		if fmt.Sprint(order) != fmt.Sprint([]Lane{Scroll, Live, Backfill, Children}) {
			t.Errorf("went in the order %v", order)
		}
	})
}

func TestACallerThatGivesUpTakesNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(100)
		l.synced, l.limit, l.reset = true, 1, time.Now().Add(10*time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := l.take(ctx, Live)
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		time.Sleep(11 * time.Second)
		turn, err := l.take(t.Context(), Live)
		if err != nil || l.sending != 1 {
			t.Errorf("%v, %d under way", err, l.sending)
		}
		turn.end()
	})
}

func TestWhatFailsInPassingIsTriedAgain(t *testing.T) {
	for _, statuses := range [][]int{{500, 200}, {502, 503, 504, 200}, {408, 200}, {429, 200}, {425, 500, 200}} {
		synctest.Test(t, func(t *testing.T) {
			handler, asked := answers(statuses...)
			if err := clientOf(t, handler, Config{}).Do(t.Context(), Request{Method: "POST", Path: "/x"}, drain); err != nil {
				t.Error(err)
			}
			if int(asked.Load()) != len(statuses) {
				t.Errorf("%v: asked %d times", statuses, asked.Load())
			}
		})
	}
}

func TestABodyThatCanNotBeReadIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, asked := answers(200)
		err := clientOf(t, handler, Config{}).Do(t.Context(), Request{Method: "GET", Path: "/x"}, func(io.Reader) error {
			if asked.Load() < 3 {
				return io.ErrUnexpectedEOF
			}
			return nil
		})
		if err != nil || asked.Load() != 3 {
			t.Errorf("%v after %d", err, asked.Load())
		}
	})
}

func TestAFinalAnswerComesBackAtOnce(t *testing.T) {
	for _, status := range []int{400, 401, 402, 403, 404, 409, 410, 422, 501, 301, 302, 204} {
		synctest.Test(t, func(t *testing.T) {
			handler, asked := answers(status)
			err := clientOf(t, handler, Config{}).Do(t.Context(), Request{Method: "GET", Path: "/x"}, drain)
			var fault *Fault
			if !errors.As(err, &fault) || fault.Status != status || asked.Load() != 1 {
				t.Errorf("%d: %v after %d", status, err, asked.Load())
			}
		})
	}
}

func TestTriesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, asked := answers(504)
		err := clientOf(t, handler, Config{}).Do(t.Context(), Request{Method: "POST", Path: "/x", Tries: 4}, drain)
		var fault *Fault
		if !errors.As(err, &fault) || !fault.TooMuch() || asked.Load() != 4 {
			t.Errorf("%v after %d", err, asked.Load())
		}
	})
}

func TestAnAnswerThatDoesNotComeIsAFaultInPassing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sim.New(sim.Config{})
		w.Inject(sim.Fault{Path: "/me", Stall: true, Times: 1})
		client := clientOf(t, w, Config{})
		begin := time.Now()
		if me, err := client.Me(t.Context(), 0); err != nil || me.App.IDCode != "qz7w41xk" || me.App.Timezone != "Europe/Dublin" {
			t.Errorf("%+v, %v", me, err)
		}
		if took := time.Since(begin); took < attemptTime || took > attemptTime+2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestEveryRequestCarriesTokenAndVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []http.Header
		client := clientOf(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.Header) }), Config{})
		for _, version := range []string{"", "2.16"} {
			if err := client.Do(t.Context(), Request{Method: "GET", Path: "/x", Version: version}, drain); err != nil {
				t.Fatal(err)
			}
		}
		if got[0].Get("Authorization") != "Bearer tok" || got[0].Get("Intercom-Version") != "2.14" || got[1].Get("Intercom-Version") != "2.16" {
			t.Errorf("%v", got)
		}
	})
}

func TestTheClocksDifferenceIsLearnedToAFractionOfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ahead = 90*time.Minute + 700*time.Millisecond
		client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		}), Config{})
		for range 40 {
			if err := client.Do(t.Context(), Request{Method: "GET", Path: "/x"}, drain); err != nil {
				t.Fatal(err)
			}
		}
		off := time.Now().Add(ahead).Sub(client.Now())
		if off < 0 || off > 250*time.Millisecond {
			t.Errorf("off by %v", off)
		}
	})
}

func TestAFaultSaysWhatIntercomSaidInOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sim.New(sim.Config{})
		w.Deny("tickets", true)
		err := clientOf(t, w, Config{}).Do(t.Context(), Request{Method: "POST", Path: "/tickets/search"}, drain)
		const want = "Intercom answered 403 forbidden: You do not have the required scope (read_tickets) to access this resource (request f93ecfa8-d08a-4325-8694-89aeb89c8f85)"
		if err == nil || err.Error() != want {
			t.Errorf("%v", err)
		}
	})
}

func TestABaseURLMustBeOne(t *testing.T) {
	for _, address := range []string{"", "api.intercom.io", "ftp://x", "https://", "%"} {
		if _, err := New(Config{BaseURL: address}); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}
