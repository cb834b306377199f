package spec

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sosodev/duration"

	"source-intercom-ingest/intercom"
)

// A Polled is what a binding takes of Intercom's API.
type Polled struct {
	intercom.Resource
	Every       time.Duration // zero is that of the parent
	FilterNulls bool
	ID          string // of a custom resource, a JSON pointer
	Updated     string // the same
	Format      string // of what Updated points to
	Zone        *time.Location
	Deletes     bool // what is no longer in the list of a custom resource is deleted
}

// What a custom resource's deleted says of an object that is no longer in the list.
const (
	ignoreDeleted   = "ignore"
	snapshotDeleted = "snapshot"
)

// Formats of a custom resource's times that are no layouts.
const (
	Seconds      = "seconds"
	Milliseconds = "milliseconds"
	RFC3339      = "rfc3339"
)

// leastInterval keeps a resource from being looked at without a pause.
const leastInterval = time.Second

// parsePolled reads the members about Intercom's API, which make sense beside resource alone.
func (c *ResourceConfig) parsePolled() (err error) {
	custom := []struct{ name, value string }{
		{"url", c.URL}, {"idField", c.IDField}, {"updatedField", c.UpdatedField}, {"updatedFormat", c.UpdatedFormat},
		{"timezone", c.Timezone}, {"deleted", c.Deleted},
	}
	for _, member := range custom {
		if member.value != "" && c.Resource != "custom" {
			return fmt.Errorf("%s is %q, and only a custom resource has one; remove it, or set resource to custom", member.name, member.value)
		}
	}
	if c.Resource == "" {
		if c.Interval != "" || c.FilterNulls {
			return fmt.Errorf("interval and filterNulls are about a resource of Intercom's API, and resource is missing; add it, or remove them")
		}
		return nil
	}
	if c.Path != "" || len(c.Topics) > 0 || c.IDFromHeader != "" || c.IDFromBody != "" || c.EmptyBody == CaptureEmpty || c.Refused {
		return fmt.Errorf("resource is %q beside members about webhooks; remove it, or else path, topics, idFromHeader, idFromBody, emptyBody and refused", c.Resource)
	}
	p := Polled{FilterNulls: c.FilterNulls, Zone: time.UTC}
	var known bool
	if p.Resource, known = intercom.ResourceOf(c.Resource); !known {
		return fmt.Errorf("resource is %q; choose one of %s", c.Resource, strings.Join(intercom.ResourceNames(), ", "))
	}
	if p.Every, err = parseInterval(c.Interval, p.Interval); err != nil {
		return err
	}
	if p.Way == intercom.Custom {
		err = c.parseCustom(&p)
	}
	c.Polled = &p
	return err
}

func parseInterval(text, otherwise string) (time.Duration, error) {
	given := text
	if text == "" {
		if text = otherwise; text == "" {
			return 0, nil
		}
	}
	d, err := duration.Parse(text)
	if err != nil || d.Negative {
		return 0, fmt.Errorf("interval %q is not a duration by ISO 8601; write one such as PT5M", given)
	}
	every := d.ToTimeDuration()
	if every < leastInterval {
		return 0, fmt.Errorf("interval %q is shorter than a second; write one such as PT5M", given)
	}
	return every, nil
}

// parseCustom reads what a user says of a list.
func (c *ResourceConfig) parseCustom(p *Polled) (err error) {
	address, err := url.Parse(c.URL)
	switch {
	case c.URL == "":
		return fmt.Errorf("url is missing; a custom resource is a list of Intercom's API such as /macros")
	case err != nil || !strings.HasPrefix(address.Path, "/") || address.Host != "" && address.Scheme != "https" && address.Scheme != "http" || address.User != nil:
		return fmt.Errorf("url %q is no path of Intercom's API; write one such as /macros", c.URL)
	}
	p.Path = c.URL
	if c.IDField == "" {
		return fmt.Errorf("idField is missing; write a JSON pointer to what identifies an object, such as /id")
	}
	for _, field := range []struct{ name, pointer string }{{"idField", c.IDField}, {"updatedField", c.UpdatedField}} {
		if field.pointer != "" && (field.pointer[0] != '/' || field.pointer == "/" || badEscape(field.pointer)) {
			return fmt.Errorf("%s %q is not a JSON pointer; write one such as /id", field.name, field.pointer)
		}
	}
	if c.UpdatedField == "" && (c.UpdatedFormat != "" || c.Timezone != "") {
		return fmt.Errorf("updatedFormat and timezone say how updatedField is written, and that is missing; add it, or remove them")
	}
	p.ID, p.Updated, p.Key = c.IDField, c.UpdatedField, []string{c.IDField}
	if p.Format = c.UpdatedFormat; p.Format == "" {
		p.Format = Seconds
	}
	if !slices.Contains([]string{Seconds, Milliseconds, RFC3339}, p.Format) && !isLayout(p.Format) {
		return fmt.Errorf("updatedFormat %q is none; write seconds, milliseconds, rfc3339, or a layout of Go's such as 2006-01-02 15:04:05", p.Format)
	}
	if c.Timezone != "" {
		if p.Zone, err = time.LoadLocation(c.Timezone); err != nil {
			return fmt.Errorf("timezone %q is not known; write one such as Europe/Dublin", c.Timezone)
		}
	}
	switch c.Deleted {
	case "", ignoreDeleted:
	case snapshotDeleted:
		p.Deletes = true
	default:
		return fmt.Errorf("deleted is %q; choose %s or %s", c.Deleted, ignoreDeleted, snapshotDeleted)
	}
	return nil
}

// isLayout tells that a text shows the day of Go's reference time, so that times which are written so can be ordered.
func isLayout(text string) bool {
	reference := time.Date(2009, time.November, 23, 21, 34, 51, 0, time.UTC)
	read, err := time.Parse(text, reference.Format(text))
	return err == nil && read.Year() == reference.Year() && read.YearDay() == reference.YearDay()
}
