package deliver

import (
	"bytes"
	"io"
	"strconv"
	"time"
)

// bodyOf is a body that can be read again, or none.
func bodyOf(b []byte) io.Reader {
	if b == nil {
		return nil
	}
	return bytes.NewReader(b)
}

// secondsOf is a time by RFC 3339 in seconds since 1970; empty for what is none.
func secondsOf(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return ""
	}
	return strconv.FormatInt(at.Unix(), 10)
}
