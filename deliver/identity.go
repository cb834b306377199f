package deliver

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"source-intercom-ingest/deliver/value"
)

// A subject is what a document says happened to which object.
type subject struct {
	objectType string // singular, such as contact
	objectID   string
	happened   string // CREATED, UPDATED or DELETED
	date       string // RFC 3339
	known      bool   // the document says which object it is; else it stands for itself
}

var (
	happenings = map[string]string{"created": "CREATED", "updated": "UPDATED", "deleted": "DELETED", "c": "CREATED", "u": "UPDATED", "d": "DELETED"}

	metaPath  = value.Path{"_meta"}
	eventPath = value.Path{"_meta", "event"}
)

// subjectOf finds it: of a notification in what the capture derived from it, of a polled object in the object itself. Of any
// other document it is the document, which was created.
func subjectOf(document *value.Value, collection string) subject {
	meta, event := document.At(metaPath), document.At(eventPath)
	text := func(v *value.Value, name string) string { return v.Member(name).Text() }
	s := subject{objectType: text(event, "objectType"), objectID: text(event, "objectId"), happened: happenings[text(event, "operation")], date: text(event, "occurredAt")}
	if event == nil && meta.Member("op") != nil && document.Member("id") != nil {
		s = subject{objectType: strings.ReplaceAll(text(document, "type"), ".", "_"), objectID: text(document, "id"), happened: happenings[text(meta, "op")]}
		if s.date = text(meta, "updatedAt"); s.date == "" {
			s.date = text(meta, "fetchedAt")
		}
	}
	s.known = s.objectType != "" && s.objectID != ""
	if s.objectType == "" {
		s.objectType = collection[strings.LastIndexByte(collection, '/')+1:]
	}
	if s.objectID == "" {
		s.objectID = text(meta, "webhookId")
	}
	if s.happened == "" {
		s.happened = "CREATED"
	}
	if s.date == "" {
		s.date = text(meta, "receivedAt")
	}
	return s
}

// plural is the name of a kind of objects, such as contacts and companies.
func plural(kind string) string {
	switch {
	case kind == "" || strings.HasSuffix(kind, "s"):
		return kind
	case strings.HasSuffix(kind, "y") && len(kind) > 1 && !strings.ContainsRune("aeiou", rune(kind[len(kind)-2])):
		return kind[:len(kind)-1] + "ies"
	}
	return kind + "s"
}

// identity is what a message is known by, over attempts, restarts and replays: of the delivery, the collection and the webhook,
// or of the document itself where no webhook is its origin.
func (d *delivery) identity(in *input) string {
	h := sha256.New()
	for _, part := range []string{d.name, d.collection} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	if id := in.Document.At(metaPath).Member("webhookId").Text(); id != "" {
		h.Write([]byte(id))
	} else {
		h.Write(in.raw)
	}
	const bytes = 16 // as many as a UUID has
	return "dlv_" + hex.EncodeToString(h.Sum(nil)[:bytes])
}

// lane is what a document is in order with; empty for nothing.
func (d *delivery) lane(in *input) string {
	if d.order != nil {
		if v := in.Document.At(d.order); v != nil && !v.Is(value.Null) {
			return d.name + "\x00" + v.Text()
		}
		return ""
	}
	if in.known {
		return d.name + "\x00" + in.objectType + "\x00" + in.objectID
	}
	return ""
}
