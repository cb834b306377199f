package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
)

// A Fault is why a request has no answer that can be used.
type Fault struct {
	Status    int    // of the answer; zero where none came
	Code      string // Intercom's, such as "unauthorized"; empty where the body is no error of its form
	Message   string // Intercom's, shortened
	RequestID string
	Err       error // of the network or the body
	final     bool
}

// maxMessage bounds what is kept of a text that the API wrote.
const maxMessage = 300

func (f *Fault) Error() string {
	if f.Err != nil {
		return fmt.Sprintf("asking Intercom: %v", f.Err)
	}
	text := fmt.Sprintf("Intercom answered %d", f.Status)
	if f.Code != "" {
		text += fmt.Sprintf(" %s: %s", f.Code, f.Message)
	}
	if f.RequestID != "" {
		text += " (request " + f.RequestID + ")"
	}
	return text
}

// Unwrap is the error of the network or the body.
func (f *Fault) Unwrap() error { return f.Err }

// Passing tells that the same request may succeed later.
func (f *Fault) Passing() bool {
	if f.final {
		return false
	}
	switch f.Status {
	case 0, http.StatusOK, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return f.Status >= 500 && f.Status != http.StatusNotImplemented
}

// TooMuch tells that less might have been answered: a gateway gave up waiting, or the answer did not come.
func (f *Fault) TooMuch() bool {
	return f.Status == http.StatusBadGateway || f.Status == http.StatusGatewayTimeout || f.Status == 0 || f.Status == http.StatusOK
}

// Gone tells that the object is not there any longer.
func (f *Fault) Gone() bool { return f.Status == http.StatusNotFound || f.Status == http.StatusGone }

// Denied tells that the token, its scopes or the workspace's plan do not allow the request.
func (f *Fault) Denied() bool {
	switch f.Status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden:
		return true
	}
	return false
}

// faultOf reads an error's answer. Gateways answer pages, of which the status says all.
func faultOf(answer *http.Response) *Fault {
	f := &Fault{Status: answer.StatusCode}
	var body struct {
		RequestID string `json:"request_id"`
		Errors    []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxFaultBytes)) // what is cut is no JSON
	if json.Unmarshal(text, &body) != nil {
		return f
	}
	f.RequestID = printable(body.RequestID)
	if len(body.Errors) > 0 {
		f.Code, f.Message = printable(body.Errors[0].Code), printable(body.Errors[0].Message)
	}
	return f
}

// printable keeps the beginning of a text, in one line.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return s
}
