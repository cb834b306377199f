package deliver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"source-intercom-ingest/deliver/egress"
	"source-intercom-ingest/deliver/template"
)

// An answer is what came of a request: a status with what was said, or why there is none.
type answer struct {
	status int
	header http.Header
	body   []byte // at most maxKept
	reason string // instead of the status's own words
	err    error
	took   time.Duration
}

// failed tells that an answer is not of this status.
func (a answer) failed(status int) bool { return a.err != nil || a.status != status }

// A class is what a failure is taken for.
type class string

// The classes.
const (
	succeeded class = "delivered"
	ofOne     class = "document"    // its own fault: it is parked at once
	ofAll     class = "destination" // everyone's: the session ends
	passing   class = "passing"     // it is tried again
)

// class tells what an answer is to a delivery.
func (a answer) class(d *delivery) class {
	switch {
	case a.err != nil:
		return classOf(a.err)
	case d.succeeds(a.status):
		return succeeded
	}
	switch a.status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
		http.StatusGone, http.StatusUpgradeRequired, http.StatusNetworkAuthenticationRequired:
		return ofAll
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return passing
	}
	switch {
	case a.status >= 500:
		return passing
	case a.status >= 300 && a.status < 400:
		return ofAll
	}
	return ofOne
}

// classOf tells what an error is: certificates, addresses that are refused and names that nobody knows do not pass.
func classOf(err error) class {
	refused, unknown, token := new(egress.Refused), new(net.DNSError), new(tokenError)
	switch {
	case errors.As(err, &token):
		return token.class()
	case errors.As(err, &refused), isTLS(err):
		return ofAll
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return ofAll
	}
	return passing
}

func isTLS(err error) bool {
	verification, authority, invalid, host, record, alert := new(tls.CertificateVerificationError), new(x509.UnknownAuthorityError), new(x509.CertificateInvalidError), new(x509.HostnameError), new(tls.RecordHeaderError), new(tls.AlertError)
	return errors.As(err, &verification) || errors.As(err, authority) || errors.As(err, invalid) || errors.As(err, host) || errors.As(err, record) || errors.As(err, alert) ||
		strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// class of a token that was not granted: what the token's issuer refuses, it refuses again.
func (e *tokenError) class() class {
	status := e.status()
	if status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests {
		return ofAll
	}
	if status == 0 {
		return classOf(e.err)
	}
	return passing
}

// says is what an answer is in a few words, without any of others.
func (a answer) says() string {
	switch {
	case a.err != nil:
		return plainError(a.err)
	case a.reason != "":
		return fmt.Sprintf("%d, %s", a.status, a.reason)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)))
}

// plainError is an error without the address that was asked, which a template has made of customers' data.
func plainError(err error) string {
	asked, wrong := new(url.Error), new(template.Error)
	switch {
	case errors.As(err, &wrong):
		return err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &asked):
		return asked.Err.Error()
	}
	return err.Error()
}

// cure says what to do about a failure that is everyone's.
func (a answer) cure() string {
	refused, unknown := new(egress.Refused), new(net.DNSError)
	switch {
	case errors.As(a.err, &refused):
		return "" // it says so itself
	case errors.As(a.err, &unknown):
		return "mend the host of the address"
	case a.err != nil && isTLS(a.err):
		return "mend the destination's certificate, or write its issuer into network.caCertificate"
	case a.err != nil:
		return "mend auth"
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden, a.status == http.StatusProxyAuthRequired:
		return "mend the token or the secret in auth, or what it may do"
	case a.status == http.StatusGone:
		return "the receiver wants no more; remove the delivery, or mend the address"
	case a.status >= 300 && a.status < 400:
		return "redirects are not followed; write the address that it leads to"
	}
	return "mend the address, or the method"
}

// Bounds of answers.
const (
	maxRead = 64 << 10 // so that the connection can be used again
	maxKept = 16 << 10
)

// exchange makes one request.
func (d *Destination) exchange(ctx context.Context, m *message, now time.Time) (a answer) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, d.client.Timeout)
	defer cancel()
	defer func() { a.took = time.Since(began) }()
	r, err := d.request(ctx, m, now)
	if err != nil {
		return answer{err: err}
	}
	resp, err := d.client.Transport.RoundTrip(r) // which follows no redirects
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	a = answer{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxRead))
	if err != nil && !d.tells(resp.StatusCode) {
		a.err = err
	}
	if len(a.body) > maxKept {
		a.body = append([]byte(nil), a.body[:maxKept]...)
	}
	return a
}

// tells that a status alone says how it went, even if the rest of the answer is lost.
func (d *Destination) tells(status int) bool { return status >= 200 && status < 500 }

// request makes the request of a message, with who asks and the signature of now.
func (d *Destination) request(ctx context.Context, m *message, now time.Time) (*http.Request, error) {
	r := (&http.Request{Method: m.method, URL: m.address, Host: m.address.Host, Header: make(http.Header, len(m.header)+len(d.headers)+8)}).WithContext(ctx)
	if m.body != nil {
		r.ContentLength = int64(len(m.body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m.body)), nil }
		r.Body, _ = r.GetBody()
	}
	r.Header.Set("User-Agent", "source-intercom-ingest")
	for name, value := range d.headers {
		r.Header.Set(name, value)
	}
	for name, values := range m.header {
		r.Header[name] = values
	}
	if err := d.authorize.apply(ctx, r.Header); err != nil {
		return nil, err
	}
	r.Header.Set(idempotencyKey, m.id)
	d.signer.Sign(r.Header, m.id, now, m.body)
	return r, nil
}

// comesBack is how long an answer asks to wait: by Retry-After, as seconds or as a date of the server's clock, or by
// X-RateLimit-Reset.
func (a answer) comesBack(now time.Time) time.Duration {
	if a.header == nil {
		return 0
	}
	server := now
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		server = date
	}
	var wait time.Duration
	for _, text := range a.header.Values("Retry-After") {
		text = strings.TrimSpace(text)
		if seconds, err := strconv.ParseFloat(text, 64); err == nil {
			wait = max(wait, time.Duration(min(seconds, maxComesBack.Seconds())*float64(time.Second)))
		} else if at, err := http.ParseTime(text); err == nil {
			wait = max(wait, at.Sub(server))
		}
	}
	if wait <= 0 && a.status == http.StatusTooManyRequests {
		if at, err := strconv.ParseInt(strings.TrimSpace(a.header.Get("X-RateLimit-Reset")), 10, 64); err == nil {
			wait = time.Unix(at, 0).Sub(server)
		}
	}
	return min(max(wait, 0), maxComesBack)
}

// maxComesBack bounds how long a destination can ask to be left alone.
const maxComesBack = 24 * time.Hour
