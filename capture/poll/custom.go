package poll

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/scan"
	"source-intercom-ingest/spec"
)

// updatedAt is when an object was updated, in seconds since 1970; zero where it does not say.
func (b *Binding) updatedAt(o object) int64 {
	pointer := order(b.Polled)
	if pointer == "" {
		return 0
	}
	if b.Way != intercom.Custom {
		at, ok := o.seconds(pointer)
		if !ok { // some are written as text
			return parseTime(o.value(pointer), time.RFC3339, time.UTC)
		}
		return at
	}
	value := o.value(pointer)
	switch b.Format {
	case spec.Seconds, spec.Milliseconds:
		n, err := strconv.ParseFloat(o.scalar(pointer), 64)
		if err != nil {
			if n, err = strconv.ParseFloat(string(value), 64); err != nil {
				return 0
			}
		}
		if b.Format == spec.Milliseconds {
			n /= 1000
		}
		return int64(n)
	case spec.RFC3339:
		return parseTime(value, time.RFC3339, b.Zone)
	}
	return parseTime(value, b.Format, b.Zone)
}

func parseTime(value []byte, layout string, zone *time.Location) int64 {
	if len(value) == 0 || value[0] != '"' {
		return 0
	}
	at, err := time.ParseInLocation(layout, string(scan.Unquoted(value)), zone)
	if err != nil {
		return 0
	}
	return at.Unix()
}

// metaOf is the meta of an object of a list.
func (p *Poller) metaOf(o object, b *Binding, l look) meta {
	m := p.metaNow(updated, l.source)
	m.updatedAt = b.updatedAt(o)
	return m
}

// shortDigest is the same in every process.
func shortDigest(text []byte) string {
	const bytes = 6
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:bytes])
}
