package deliver

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// mostKept bounds the ids of parked messages in the state of a delivery.
const mostKept = 1000

// A parked is a message that was not delivered, as the state has it.
type parked struct {
	At     string `json:"at"`
	Reason string `json:"reason"`
}

// A record is what is told of messages: log lines, metrics, and the state.
type record struct {
	log     *logrus.Logger
	metrics *metrics
	trace   bool // answers and what is filtered are told, too, to who asked for that

	stateMu sync.Mutex
	known   map[string]map[string]parked // by state key and id, as the state has them
	news    map[string]map[string]*parked
}

func newRecord(log *logrus.Logger, state []byte, trace bool, m *metrics) (*record, error) {
	r := &record{log: log, metrics: m, trace: trace, known: map[string]map[string]parked{}, news: map[string]map[string]*parked{}}
	if len(state) == 0 {
		return r, nil
	}
	var given struct {
		Parked map[string]map[string]parked `json:"parked"`
	}
	if err := json.Unmarshal(state, &given); err != nil {
		return nil, fmt.Errorf("the state of the session is not what this connector writes: %w", err)
	}
	for key, ids := range given.Parked {
		r.known[key] = ids
	}
	return r, nil
}

// line is one of a message.
func (r *record) line(d *delivery, n int64, id string) *logrus.Entry {
	return r.log.WithFields(logrus.Fields{"eventType": "delivery", "delivery": d.name, "id": id, "document": n})
}

// attempted tells how an attempt went, the n-th from 1, and when the next one is at the latest.
func (r *record) attempted(j *job, a answer, of class, n int, next time.Duration) {
	r.metrics.attempts.WithLabelValues(j.of.name, string(of)).Inc()
	r.metrics.seconds.WithLabelValues(j.of.name).Observe(a.took.Seconds())
	entry := r.line(j.of, j.n, j.message.id).WithFields(logrus.Fields{"attempt": n, "class": string(of), "ms": a.took.Milliseconds()})
	if a.status != 0 {
		entry = entry.WithField("status", a.status)
	}
	if r.trace && len(a.body) > 0 {
		entry = entry.WithField("answer", string(a.body))
	}
	switch of {
	case succeeded:
		entry.Info("delivered")
	case passing:
		if next > 0 {
			entry = entry.WithField("next", time.Now().Add(next).UTC().Format(time.RFC3339Nano))
		}
		entry.Warnf("not delivered yet: %s", a.says())
	default:
		entry.Warnf("not delivered: %s", a.says())
	}
}

// settled notes how a message's way ended. One that is parked is in the state from the next commit on, and one that is
// delivered is no longer.
func (r *record) settled(j *job, reason string) {
	if reason == "" {
		r.outcome(j.of, "delivered", time.Since(j.begun))
		r.unpark(j.of, j.message.id)
		return
	}
	r.parks(j.of, j.n, j.message.id, reason, time.Since(j.begun))
}

func (r *record) outcome(d *delivery, outcome string, took time.Duration) {
	r.metrics.outcomes.WithLabelValues(d.name, outcome).Inc()
	r.metrics.lag.WithLabelValues(d.name).Observe(took.Seconds())
}

// filters notes that a document is not sent, and what said so.
func (r *record) filters(d *delivery, n int64, id, no string) {
	r.metrics.outcomes.WithLabelValues(d.name, "filtered").Inc()
	if r.trace {
		r.line(d, n, id).WithField("class", "filtered").Info("filtered by " + no)
	}
}

// parks notes that a message is given up, and why.
func (r *record) parks(d *delivery, n int64, id, reason string, took time.Duration) {
	r.outcome(d, "parked", took)
	r.line(d, n, id).WithFields(logrus.Fields{"class": "parked", "reason": reason}).Error("parked: " + reason)
	r.stateMu.Lock()
	defer r.stateMu.Unlock()
	ids := r.known[d.stateKey]
	if ids == nil {
		ids = map[string]parked{}
		r.known[d.stateKey] = ids
	}
	p := parked{time.Now().UTC().Format(time.RFC3339), clipped(reason)}
	ids[id] = p
	r.new(d.stateKey)[id] = &p
	if len(ids) <= mostKept {
		return
	}
	oldest := ""
	for id, p := range ids {
		if oldest == "" || p.At < ids[oldest].At {
			oldest = id
		}
	}
	delete(ids, oldest)
	r.new(d.stateKey)[oldest] = nil
}

func (r *record) unpark(d *delivery, id string) {
	r.stateMu.Lock()
	defer r.stateMu.Unlock()
	if _, was := r.known[d.stateKey][id]; was {
		delete(r.known[d.stateKey], id)
		r.new(d.stateKey)[id] = nil
	}
}

func (r *record) new(key string) map[string]*parked {
	if r.news[key] == nil {
		r.news[key] = map[string]*parked{}
	}
	return r.news[key]
}

// patch is what changed of the state since the last; nil for nothing.
func (r *record) patch() ([]byte, error) {
	r.stateMu.Lock()
	defer r.stateMu.Unlock()
	if len(r.news) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(map[string]any{"parked": r.news})
	r.news = map[string]map[string]*parked{}
	return text, err
}

// clipped is the beginning of a reason.
func clipped(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most]
	}
	return text
}
