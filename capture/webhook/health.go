package webhook

import (
	"fmt"
	"net/http"
	"time"

	"source-intercom-ingest/capture/commit"
)

// tooLong is when Intercom gives up on an answer: requests that wait longer are lost or sent twice.
const tooLong = 5 * time.Second

// health answers whether webhooks are taken and committed. It says nothing of their content: the port is public.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	status, reason := http.StatusOK, ""
	switch t := s.transactor; {
	case t.Ending():
		reason = commit.ErrEnding.Error()
	case t.Waiting() >= commit.MaxWaiting:
		reason = commit.ErrQueueFull.Error()
	case t.Oldest(time.Now()) > tooLong:
		reason = fmt.Sprintf("a request waits for more than %v to be committed", tooLong)
	}
	if reason != "" {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, map[string]any{"healthy": reason == "", "reason": reason})
}
