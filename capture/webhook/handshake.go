package webhook

import (
	"net/http"
	"strconv"

	"github.com/sirupsen/logrus"
)

// shakeHands answers what a sender asks before it sends, and tells whether the request was that. What is asked after the
// request was found authentic is answered then alone.
func (h *hook) shakeHands(w http.ResponseWriter, r *http.Request, body []byte, authentic bool) bool {
	answer := h.sender.Answer(r, body, authentic)
	if answer == nil {
		return false
	}
	if answer.Status != http.StatusOK {
		h.writeRefusal(w, r, refuse(answer.Status, "a handshake of %s: %s", answer.Sender, answer.Reason))
		return true
	}
	h.counts.ok.Inc()
	h.metrics.handshakes.WithLabelValues(answer.Sender).Inc()
	h.log.WithFields(logrus.Fields{"method": r.Method, "path": h.path.String(), "sender": answer.Sender}).Info("answered a handshake")
	header := w.Header()
	for _, line := range answer.Header {
		header.Set(line[0], line[1])
	}
	if answer.Kind != "" {
		header.Set("Content-Type", answer.Kind)
	}
	header["X-Content-Type-Options"] = noSniff
	header.Set("Content-Length", strconv.Itoa(len(answer.Text)))
	w.WriteHeader(answer.Status)
	_, _ = w.Write([]byte(answer.Text)) // a sender that does not read its answer learns nothing
	return true
}
