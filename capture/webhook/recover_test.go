package webhook

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/signature"
)

func TestAPanicIsOneRequestsFailure(t *testing.T) {
	var log bytes.Buffer
	s := &Server{log: logrus.New(), sender: new(signature.Scheme), metrics: newMetrics("")}
	s.log.SetOutput(&log)
	s.log.SetFormatter(new(logrus.JSONFormatter))
	h := s.recover(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of luck") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/in", strings.NewReader("{}")))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "luck") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if got := log.String(); !strings.Contains(got, "out of luck") || !strings.Contains(got, "recover_test.go") {
		t.Errorf("logged %s", got)
	}
}
