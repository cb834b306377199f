package preview

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// outboxSchema keeps what is delivered onward: how far each delivery has come, what is parked, and the latest attempts.
const outboxSchema = `
CREATE TABLE IF NOT EXISTS deliveries (
	delivery TEXT PRIMARY KEY,
	cursor   INTEGER NOT NULL -- the last sequence that is settled
);
CREATE TABLE IF NOT EXISTS delivery_parked (
	delivery TEXT NOT NULL,
	sequence INTEGER NOT NULL,
	message  TEXT NOT NULL, -- its id
	reason   TEXT NOT NULL,
	at       TEXT NOT NULL, -- RFC 3339, UTC
	PRIMARY KEY (delivery, sequence)
);
CREATE TABLE IF NOT EXISTS delivery_attempts (
	attempt  INTEGER PRIMARY KEY AUTOINCREMENT,
	delivery TEXT NOT NULL,
	sequence INTEGER NOT NULL,
	message  TEXT NOT NULL,
	class    TEXT NOT NULL,
	status   INTEGER NOT NULL, -- 0 where no answer came
	ms       INTEGER NOT NULL,
	says     TEXT NOT NULL,
	next     TEXT NOT NULL,
	answer   TEXT NOT NULL,
	at       TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS delivery_attempts_by_document ON delivery_attempts (sequence);`

// Bounds of the attempts that are kept.
const (
	maxAttempts      = 10_000
	maxAttemptsBytes = 64 << 20
	maxAnswerBytes   = 16 << 10
)

// An attempt is what a log line of a delivery says.
type attempt struct {
	Delivery string `json:"delivery"`
	Sequence int64  `json:"sequence"`
	Message  string `json:"message"`
	Class    string `json:"class"`
	Status   int64  `json:"status"`
	MS       int64  `json:"ms"`
	Says     string `json:"says"`
	Next     string `json:"next,omitempty"`
	Answer   string `json:"answer,omitempty"`
	At       string `json:"at"`
}

// A parkedRow is a document that was not delivered.
type parkedRow struct {
	Delivery string `json:"delivery"`
	Sequence int64  `json:"sequence"`
	Message  string `json:"message"`
	Reason   string `json:"reason"`
	At       string `json:"at"`
}

// cursor returns how far a delivery has come. A new one begins where from says: now, at the beginning, or at a time.
func (s *store) cursor(delivery, from string) (at int64, err error) {
	err = s.db.QueryRow(`SELECT cursor FROM deliveries WHERE delivery = ?`, delivery).Scan(&at)
	if !errors.Is(err, sql.ErrNoRows) {
		return at, err
	}
	switch from {
	case "", "now":
		err = s.db.QueryRow(`SELECT ifnull(max(sequence), 0) FROM documents`).Scan(&at)
	case "beginning":
		at, err = 0, nil
	default:
		var begin time.Time
		if begin, err = time.Parse(time.RFC3339, from); err != nil {
			return 0, fmt.Errorf("from %q of delivery %s is none; write now, beginning, or a time such as 2026-01-31T00:00:00Z", from, delivery)
		}
		at, err = s.before(begin)
	}
	if err != nil {
		return 0, err
	}
	_, err = s.db.Exec(`INSERT INTO deliveries (delivery, cursor) VALUES (?, ?)`, delivery, at)
	return at, err
}

// before is the last sequence that was committed before a time, which a bisection finds: they were committed in order.
func (s *store) before(begin time.Time) (int64, error) {
	var low, high int64
	if err := s.db.QueryRow(`SELECT ifnull(max(sequence), 0) FROM documents`).Scan(&high); err != nil {
		return 0, err
	}
	for low < high {
		middle := low + (high-low+1)/2
		var sequence int64
		var at string
		err := s.db.QueryRow(`SELECT sequence, committed_at FROM documents WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1`, middle).Scan(&sequence, &at)
		if errors.Is(err, sql.ErrNoRows) {
			low = middle
			continue
		}
		if err != nil {
			return 0, err
		}
		if committed, err := time.Parse(time.RFC3339Nano, at); err == nil && committed.Before(begin) {
			low = middle
		} else {
			high = sequence - 1
		}
	}
	return low, nil
}

// A due is a document for a delivery.
type due struct {
	binding  int
	sequence int64
	document []byte
	again    bool // it was parked, and a person wants it sent once more
}

// due adds documents of a collection behind a sequence, up to so many and so many bytes. One is added however large.
func (s *store) due(to []due, binding int, collection string, behind int64, most int, bytes *int64) ([]due, error) {
	rows, err := s.reads.Query(`SELECT sequence, document FROM documents WHERE collection = ? AND sequence > ? ORDER BY sequence LIMIT ?`, collection, behind, most)
	if err != nil {
		return to, err
	}
	defer rows.Close()
	for rows.Next() {
		d := due{binding: binding}
		if err := rows.Scan(&d.sequence, &d.document); err != nil {
			return to, err
		}
		to = append(to, d)
		if *bytes -= int64(len(d.document)); *bytes <= 0 {
			break
		}
	}
	return to, rows.Err()
}

// settle makes durable what a transaction of a destination has settled.
func (s *store) settle(task string, cursors map[string]int64, patch []byte, parked []parkedRow, again []parkedRow) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for delivery, cursor := range cursors {
		if _, err := tx.Exec(`UPDATE deliveries SET cursor = max(cursor, ?) WHERE delivery = ?`, cursor, delivery); err != nil {
			return err
		}
	}
	for _, p := range again {
		if _, err := tx.Exec(`DELETE FROM delivery_parked WHERE delivery = ? AND sequence = ?`, p.Delivery, p.Sequence); err != nil {
			return err
		}
	}
	for _, p := range parked {
		if _, err := tx.Exec(`INSERT OR REPLACE INTO delivery_parked VALUES (?, ?, ?, ?, ?)`, p.Delivery, p.Sequence, p.Message, p.Reason, p.At); err != nil {
			return err
		}
	}
	if patch != nil {
		if _, err := tx.Exec(`INSERT INTO connector_state (capture, state) VALUES (?, ?)
			ON CONFLICT (capture) DO UPDATE SET state = json_patch(state, excluded.state)`, task, string(patch)); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return s.there()
}

// keepAttempts keeps attempts, and drops the oldest of too many.
func (s *store) keepAttempts(all []attempt) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for _, a := range all {
		if _, err := tx.Exec(`INSERT INTO delivery_attempts (delivery, sequence, message, class, status, ms, says, next, answer, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			a.Delivery, a.Sequence, a.Message, a.Class, a.Status, a.MS, a.Says, a.Next, clip(a.Answer, maxAnswerBytes), a.At); err != nil {
			return err
		}
	}
	const most = maxAttemptsBytes / maxAnswerBytes // of those that have an answer of the largest size
	if _, err := tx.Exec(`DELETE FROM delivery_attempts WHERE attempt <= (SELECT max(attempt) FROM delivery_attempts) - ?`, maxAttempts); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE delivery_attempts SET answer = '' WHERE answer <> '' AND attempt <= (SELECT max(attempt) FROM delivery_attempts) - ?`, most); err != nil {
		return err
	}
	return tx.Commit()
}

// attempts returns the latest, of a document or of all.
func (s *store) attempts(where string, args ...any) ([]attempt, error) {
	all := []attempt{}
	err := s.each(`SELECT delivery, sequence, message, class, status, ms, says, next, answer, at FROM delivery_attempts WHERE `+where, func(rows *sql.Rows) error {
		var a attempt
		err := rows.Scan(&a.Delivery, &a.Sequence, &a.Message, &a.Class, &a.Status, &a.MS, &a.Says, &a.Next, &a.Answer, &a.At)
		all = append(all, a)
		return err
	}, args...)
	return all, err
}

// parked returns the latest documents that were not delivered.
func (s *store) parked(most int) ([]parkedRow, error) {
	return s.parkedRows(`1 ORDER BY at DESC LIMIT ?`, most)
}

// parkedOf returns a document that was not delivered, if it was not.
func (s *store) parkedOf(delivery string, sequence int64) ([]parkedRow, error) {
	return s.parkedRows(`delivery = ? AND sequence = ?`, delivery, sequence)
}

func (s *store) parkedRows(where string, args ...any) ([]parkedRow, error) {
	all := []parkedRow{}
	err := s.each(`SELECT delivery, sequence, message, reason, at FROM delivery_parked WHERE `+where, func(rows *sql.Rows) error {
		var p parkedRow
		err := rows.Scan(&p.Delivery, &p.Sequence, &p.Message, &p.Reason, &p.At)
		all = append(all, p)
		return err
	}, args...)
	return all, err
}
