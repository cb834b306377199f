package deliver

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/protocol"
	"source-intercom-ingest/protocol/materialize"
)

// BenchmarkSession delivers documents, with a receiver in the same process.
func BenchmarkSession(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	b.Setenv("SOURCE_HTTP_INGEST_METRICS_PORT", "0")
	log := logrus.New()
	log.SetFormatter(new(logrus.JSONFormatter))
	log.SetOutput(io.Discard)
	t, err := Connector{Log: log}.Open(context.Background(), &materialize.Request_Open{Materialization: &materialize.MaterializationSpec{
		ConfigJson: fmt.Appendf(nil, `{"address":%q,"allowHttp":true,"network":{"allowedAddresses":["127.0.0.1"]}}`, server.URL),
		Bindings:   []*materialize.MaterializationSpec_Binding{{ResourceConfigJson: []byte(`{"name":"x","send":"document"}`), Collection: &protocol.CollectionSpec{Name: "a/c"}}}}})
	if err != nil {
		b.Fatal(err)
	}
	defer t.Close()
	text := strings.Repeat("Grüße, <b>Wörter</b> \\\"x\\\" 你好\\n", 30)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		doc := fmt.Appendf(nil, `{"_meta":{"webhookId":"w%d"},"id":%d,"s":"%s"}`, i, i, text)
		if err := t.Store(context.Background(), &materialize.Request_Store{DocJson: doc}); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := t.Commit(context.Background()); err != nil {
		b.Fatal(err)
	}
}
