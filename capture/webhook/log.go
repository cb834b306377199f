package webhook

import (
	"log"

	"github.com/sirupsen/logrus"
)

// newErrorLog takes what net/http says of single connections, which is the senders' doing, at a level below that of
// the requests.
func newErrorLog(to *logrus.Logger) *log.Logger {
	return log.New(logWriter{to}, "", 0)
}

type logWriter struct{ to *logrus.Logger }

func (w logWriter) Write(line []byte) (int, error) {
	w.to.WithField("component", "net/http").Debug(string(line))
	return len(line), nil
}
