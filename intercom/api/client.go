// Package api asks Intercom's REST API, as all callers of one access token together.
//
//	request ─ turn ─ attempt ─ answer's headers ─ body ─► nil, or a Fault
//	          limiter            limit and clock    reader
//
// A request that fails in passing is tried again. What comes back to the caller is final, or as often tried as it asked for.
// The package decides nothing about what an answer means for a resource.
package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultVersion of the API. Its shapes are those of Intercom's webhooks of 2026.
const DefaultVersion = "2.14"

// Limits of one attempt.
const (
	// attemptTime is how long an answer may take: pages of 150 conversations took 18 s where people measured.
	attemptTime = 90 * time.Second
	// maxFaultBytes of an error's body are read. Intercom's are some hundred bytes, a gateway's page a few KiB.
	maxFaultBytes = 64 << 10
)

// A Config says whose API is asked, and how.
type Config struct {
	BaseURL   string // such as https://api.intercom.io
	Token     string
	Version   string // empty is [DefaultVersion]
	Share     int    // percent of the rate limit that may be used; zero is all
	Transport http.RoundTripper
	// Observe hears of each attempt: the endpoint's name and the status, 0 where no answer came. It may be nil.
	Observe func(endpoint string, status int)
}

// A Client is safe for concurrent use.
type Client struct {
	config  Config
	base    *url.URL
	http    http.Client
	limiter *limiter
}

// New makes a client. Its error is that of a base URL that is none.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("the base URL %q is not an address such as https://api.intercom.io", c.BaseURL)
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	if c.Observe == nil {
		c.Observe = func(string, int) {}
	}
	client := &Client{config: c, base: base, limiter: newLimiter(c.Share)}
	client.http = http.Client{
		Transport: c.Transport,
		// A redirect would carry the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client, nil
}

// A Request is one question to the API.
type Request struct {
	Method   string
	Endpoint string // its name in metrics: the path without ids
	Path     string // with the query, if there is one
	Body     []byte // JSON; nil for none
	Version  string // other than the client's, for this request alone
	Lane     Lane
	Tries    int // after so many that failed in passing, the fault comes back; zero is no end
}

// Do asks until an answer has been read, and returns nil then. Otherwise its error is a [*Fault], or that of ctx. read gets
// the body of an answer of 200; what it returns as an error is a fault in passing, as a body that broke off is, unless it is a
// [FinalError]. It may be called several times, each with a new body.
func (c *Client) Do(ctx context.Context, r Request, read func(io.Reader) error) error {
	for tried := 1; ; tried++ {
		fault := c.attempt(ctx, r, read)
		if fault == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !fault.Passing() || tried == r.Tries {
			return fault
		}
		if fault.Status == http.StatusTooManyRequests {
			continue // the limiter waits
		}
		if err := Sleep(ctx, backoff(tried)); err != nil {
			return err
		}
	}
}

// A FinalError is one of reading an answer that would come again.
type FinalError struct{ error }

// Final makes one of an error.
func Final(err error) FinalError { return FinalError{err} }

// attempt waits for its turn and asks once.
func (c *Client) attempt(ctx context.Context, r Request, read func(io.Reader) error) *Fault {
	turn, err := c.limiter.take(ctx, r.Lane)
	if err != nil {
		return &Fault{Err: err}
	}
	defer turn.end()
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	request, err := c.request(ctx, r)
	if err != nil {
		return &Fault{Err: err, final: true}
	}
	answer, err := c.http.Do(request)
	if err != nil {
		c.config.Observe(r.Endpoint, 0)
		return &Fault{Err: withoutURL(err)}
	}
	defer answer.Body.Close()
	c.config.Observe(r.Endpoint, answer.StatusCode)
	turn.answered(answer.StatusCode, answer.Header)
	if answer.StatusCode != http.StatusOK {
		return faultOf(answer)
	}
	if err := read(answer.Body); err != nil {
		final := errors.As(err, new(FinalError))
		return &Fault{Status: answer.StatusCode, Err: fmt.Errorf("reading the answer: %w", err), final: final}
	}
	return nil
}

func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	address := strings.TrimSuffix(c.base.String(), "/") + r.Path
	request, err := http.NewRequestWithContext(ctx, r.Method, address, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.config.Token)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Intercom-Version", c.config.Version)
	if r.Version != "" {
		request.Header.Set("Intercom-Version", r.Version)
	}
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// withoutURL drops the address from a transport's error: it may hold an id, and says nothing new.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// Now is the API's time, as far as its answers have told: never later than it is.
func (c *Client) Now() time.Time { return c.limiter.now() }

// Rate is how the limit stands: requests left of a window's, and how many a window has; zero where it is not known.
func (c *Client) Rate() (remaining, limit int) { return c.limiter.rate() }

// Held is how many requests wait for the limit, and for how long at most the first of them does.
func (c *Client) Held() (requests int, wait time.Duration) { return c.limiter.held() }

// At returns a client that asks another address as the same token, under the same limit.
func (c *Client) At(baseURL string) (*Client, error) {
	config := c.config
	config.BaseURL = baseURL
	moved, err := New(config)
	if err != nil {
		return nil, err
	}
	moved.limiter = c.limiter
	return moved, nil
}
