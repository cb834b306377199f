package signature

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxFuture is how far a sender's clock may be ahead: as far as Standard Webhooks and Slack let it be behind.
const maxFuture = 300 * time.Second

// A clock reads timestamps, and refuses those of signatures that are replayed, or from a clock that is wrong.
type clock struct {
	unit      unit
	maxAge    time.Duration
	anyFuture bool // where the sender's own libraries do not look ahead
}

// A unit is how a timestamp is written.
type unit struct {
	name string
	read func(text string) (time.Time, bool)
}

var (
	seconds      = unit{"seconds", readSeconds}
	milliseconds = unit{"milliseconds", readMilliseconds}
	anyUnit      = unit{"seconds or milliseconds, or a time as RFC 3339 writes it", readAny}
)

// check returns why a timestamp is refused; nothing for one that is right.
func (c clock) check(text string, now time.Time) string {
	if c.unit.read == nil {
		return ""
	}
	at, ok := c.unit.read(strings.TrimSpace(text))
	if !ok {
		return "is malformed: its timestamp is not a number of " + c.unit.name
	}
	switch age := now.Sub(at); { // which saturates
	case age > c.maxAge:
		return fmt.Sprintf("is too old: at most %d seconds are allowed", int(c.maxAge.Seconds()))
	case age < -maxFuture && !c.anyFuture:
		return "is in the future: check the clocks of both sides"
	}
	return ""
}

// leastMilliseconds tells the units apart: so many milliseconds were over in 1973, and so many seconds are in 5138.
const leastMilliseconds = 100_000_000_000

func readSeconds(text string) (time.Time, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return time.Unix(int64(n), 0), err == nil && n < leastMilliseconds
}

func readMilliseconds(text string) (time.Time, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return time.UnixMilli(int64(n)), err == nil
}

// readAny reads seconds, which may have a fraction, milliseconds, or RFC 3339.
func readAny(text string) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339, strings.ToUpper(text)); err == nil {
		return at, true
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, false
	}
	if at, ok := readSeconds(whole); ok {
		part, _ := time.ParseDuration("0." + fraction + "0s") // digits alone
		return at.Add(part), true
	}
	return readMilliseconds(whole)
}

// Limits of maxSignatureAge, in seconds: three days cover every retry that a sender makes with its first timestamp.
const (
	defaultAge = 300
	maximumAge = 259_200
)

// freshness is configured of senders who sign a timestamp.
type freshness struct {
	MaxSignatureAge *int `json:"maxSignatureAge,omitempty" jsonschema:"title=Maximum Signature Age,minimum=1,maximum=259200,default=300" jsonschema_description:"How many seconds old the timestamp of a signature may be."`
}

// clock returns one that lets a signature be as old as is configured.
func (f freshness) clock(u unit) (clock, error) {
	age := defaultAge
	if f.MaxSignatureAge != nil {
		age = *f.MaxSignatureAge
	}
	if age < 1 || age > maximumAge {
		return clock{}, fmt.Errorf("maxSignatureAge is %d; write 1 to %d seconds", age, maximumAge)
	}
	return clock{unit: u, maxAge: time.Duration(age) * time.Second}, nil
}
