package door

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// MaxHeaderBytes is for [http.Server.MaxHeaderBytes]: eight times what common servers take.
const MaxHeaderBytes = 64 << 10

// Malformed is the code of what is no request.
const Malformed = "malformed"

// Body returns an answer that says why a request is refused, with a code for programs.
func Body(code, reason string) []byte {
	body, err := json.Marshal(struct {
		Error string `json:"error"`
		Code  string `json:"code"`
	}{reason, code})
	if err != nil {
		panic(err) // a text is JSON
	}
	return body
}

const unreadableRequest = "the request can not be read: "

// Unreadable returns the status of an answer of net/http's own, and what is wrong with the request.
func Unreadable(answer []byte) (status int, reason string) {
	line, _, _ := bytes.Cut(answer, []byte("\r\n"))
	words := strings.SplitN(string(line), " ", 3)
	status = http.StatusBadRequest
	if len(words) == 3 {
		if n, err := strconv.Atoi(words[1]); err == nil {
			status = n
		}
		_, reason, _ = strings.Cut(words[2], ": ")
	}
	switch {
	case reason != "":
		return status, unreadableRequest + reason
	case status == http.StatusRequestHeaderFieldsTooLarge:
		return status, fmt.Sprintf("the headers are larger than the %d bytes that are accepted", MaxHeaderBytes)
	case status == http.StatusExpectationFailed:
		return status, "the header Expect names what can not be met; send 100-continue or none"
	case status == http.StatusNotImplemented:
		return status, "the transfer encoding is not known; send chunked or a Content-Length"
	}
	return status, unreadableRequest + "its first line or a header is malformed"
}
