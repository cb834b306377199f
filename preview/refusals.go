package preview

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"time"
)

// refusalsSchema is that of the requests that were refused, as many of the last as the traffic holds, without secrets.
const refusalsSchema = `
CREATE TABLE IF NOT EXISTS refusals (
	id       INTEGER PRIMARY KEY,
	exchange TEXT NOT NULL, -- as JSON
	body     BLOB NOT NULL, -- at most 64 KiB
	answer   BLOB NOT NULL  -- at most 64 KiB
);`

// A kept exchange is one as it is stored.
type kept struct {
	*exchange
	Took   time.Duration `json:"took"`
	Query  string        `json:"query"`
	Host   string        `json:"host"`
	Header http.Header   `json:"header"`
}

// saveRefusals keeps some more, and forgets the oldest.
func (s *store) saveRefusals(refused []*exchange, hide secrets) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	var last int64
	for _, x := range refused {
		shown := *x
		shown.Path = hide.text(x.Path)
		text, err := json.Marshal(kept{&shown, x.took, hide.query(x.query), x.host, hide.header(x.header)})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT OR REPLACE INTO refusals VALUES (?, ?, ?, ?)`, x.ID, string(text),
			nonNil(hide.bytes(x.body)), nonNil(hide.bytes(x.answer))); err != nil {
			return err
		}
		last = x.ID
	}
	if _, err := tx.Exec(forgetRefusals, last, maxExchanges, maxHistory); err != nil {
		return err
	}
	return tx.Commit()
}

// forgetRefusals deletes those up to an id that are beyond so many, or beyond so many bytes, of the latest. Lengths are
// read without what has them.
const forgetRefusals = `DELETE FROM refusals WHERE id <= ? AND id NOT IN (
	SELECT id FROM (SELECT id, row_number() OVER latest AS rows,
		sum(octet_length(exchange) + octet_length(body) + octet_length(answer)) OVER latest AS bytes
		FROM refusals WINDOW latest AS (ORDER BY id DESC ROWS UNBOUNDED PRECEDING))
	WHERE rows <= ? AND bytes <= ?)`

// nonNil is for columns that are not null.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// refusals returns those that are kept, the oldest first, when it has forgotten those that are too many or too large.
func (s *store) refusals() (all []*exchange, err error) {
	if _, err := s.db.Exec(forgetRefusals, math.MaxInt64, maxExchanges, maxHistory); err != nil {
		return nil, fmt.Errorf("forgetting refusals: %w", err)
	}
	err = s.each(`SELECT exchange, body, answer FROM refusals ORDER BY id`, func(rows *sql.Rows) error {
		var text string
		x := kept{exchange: new(exchange)}
		if err := rows.Scan(&text, &x.body, &x.answer); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			return fmt.Errorf("reading a refusal: %w", err)
		}
		x.took, x.query, x.host, x.header = x.Took, x.Query, x.Host, x.Header
		all = append(all, x.exchange)
		return nil
	})
	return all, err
}
