package deliver

import (
	"strconv"
	"time"
)

// secondsOf is a time by RFC 3339 in seconds since 1970; empty for what is none.
func secondsOf(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return ""
	}
	return strconv.FormatInt(at.Unix(), 10)
}
