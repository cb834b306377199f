package capture

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
	s := &server{log: logrus.New(), sender: new(signature.Scheme), metrics: newMetrics("", nil)}
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

func TestABudgetIsNeverExceeded(t *testing.T) {
	b := &budget{total: 100}
	one, two := &reservation{budget: b, proven: true}, &reservation{budget: b, proven: true}
	if err := one.take(70); err != nil {
		t.Error(err)
	}
	if err := two.take(40); err != errNoRoom {
		t.Errorf("got %v", err)
	}
	if err := two.take(101); refusalOf(err).status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %v", err)
	}
	one.give(20)
	if err := two.take(40); err != nil {
		t.Error(err)
	}
	one.release()
	two.release()
	if held := b.held.Load(); held != 0 {
		t.Errorf("%d bytes are still held", held)
	}
}
