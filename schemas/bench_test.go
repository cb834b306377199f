package schemas

import (
	"os"
	"strings"
	"testing"
)

// everyday returns a schema of twenty properties, nested, with formats, and a notification of 1.4 KB that it accepts.
func everyday(t testing.TB) (schema, doc string) {
	t.Helper()
	text, err := os.ReadFile("testdata/everyday.json")
	if err != nil {
		t.Fatal(err)
	}
	const part = `{"type":"conversation_part","id":"38104","body":"<p>My export fails.</p>","created_at":1788221400,"author":{"type":"user","id":"66d3aa10"}},`
	doc = `{"_meta":{"webhookId":"notif_895a456c","receivedAt":"2026-11-21T08:00:00Z","reqPath":"/in","headers":{"host":"localhost","user-agent":"intercom"}},` +
		`"type":"notification_event","app_id":"qz7w41xk","data":{"type":"notification_event_data","item":{"type":"conversation","id":"215473900112233","created_at":1788221400,"updated_at":1788221400,"parts":[` +
		strings.Repeat(part, 6) + `{}],"open":true}},"links":{},"id":"notif_895a456c-ad7f-4846-b9ed-461e8184ca63","topic":"conversation.user.created","delivery_attempts":1,"created_at":1788221401}`
	return string(text), doc
}

// A document of 1.4 KB with an everyday schema costs some microseconds, and one copy.
func BenchmarkValidate(b *testing.B) {
	schema, text := everyday(b)
	doc := []byte(text)
	v, err := Compile([]byte(schema), nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if found, err := v.Validate(b.Context(), doc, NewLimits(len(doc), nil)); len(found) > 0 || err != nil {
			b.Fatal(found, err)
		}
	}
}
