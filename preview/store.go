package preview

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"source-intercom-ingest/protocol"
)

// schema of the database. Documents are only ever appended.
const schema = `
CREATE TABLE IF NOT EXISTS documents (
	sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
	collection   TEXT NOT NULL,
	key          TEXT NOT NULL, -- a JSON array of the values of the collection's key
	document     TEXT NOT NULL, -- as the connector wrote it
	committed_at TEXT NOT NULL  -- RFC 3339, UTC
);
CREATE INDEX IF NOT EXISTS documents_by_key ON documents (collection, key, sequence);
CREATE INDEX IF NOT EXISTS documents_by_collection ON documents (collection, sequence);
CREATE TABLE IF NOT EXISTS connector_state (
	capture TEXT PRIMARY KEY,
	state   TEXT NOT NULL
);`

// A store keeps documents and connector state in SQLite. What it has committed survives the loss of the process and
// of the machine's power (WAL with synchronous FULL).
type store struct {
	*database
	last   atomic.Int64 // the latest sequence
	mu     sync.Mutex
	totals map[string]int64 // documents by collection
	newer  chan struct{}    // closed at the next commit
}

// openStore opens or creates a database.
func openStore(file string) (*store, error) {
	d, err := openDatabase(file)
	if err != nil {
		return nil, err
	}
	s := &store{database: d, totals: map[string]int64{}, newer: make(chan struct{})}
	if err = s.count(); err != nil {
		return nil, errors.Join(d.explain(err), d.close())
	}
	return s, nil
}

// count learns what is there already.
func (s *store) count() error {
	return s.each(`SELECT collection, count(*), max(sequence) FROM documents GROUP BY collection`, func(rows *sql.Rows) error {
		var collection string
		var n, last int64
		err := rows.Scan(&collection, &n, &last)
		s.totals[collection] = n
		s.last.Store(max(last, s.last.Load()))
		return err
	})
}

// each calls f with each row of a query, which reads beside commits.
func (s *store) each(query string, f func(*sql.Rows) error, args ...any) error {
	rows, err := s.reads.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// A row is a document as it is kept. One that is larger than maxRow has its size alone.
type row struct {
	Sequence    int64  `json:"sequence"`
	Collection  string `json:"collection"`
	Key         string `json:"key"`
	Document    string `json:"document"`
	Size        int64  `json:"size"` // bytes of the whole document
	CommittedAt string `json:"committedAt"`
}

// maxRow is how large a document is that is read with others: a webhook that is kept whole, with its _meta.
const maxRow = 2 * maxKept

// eachRow calls f with the documents that a condition of SQL chooses.
func (s *store) eachRow(f func(row) error, where string, args ...any) error {
	query := fmt.Sprintf(`SELECT sequence, collection, substr(key, 1, 1000), CASE WHEN octet_length(document) <= %d THEN document ELSE '' END,
		octet_length(document), committed_at FROM documents WHERE `, maxRow) + where
	return s.each(query, func(rows *sql.Rows) error {
		var r row
		if err := rows.Scan(&r.Sequence, &r.Collection, &r.Key, &r.Document, &r.Size, &r.CommittedAt); err != nil {
			return err
		}
		return f(r)
	}, args...)
}

// document returns one whole, with its collection; nil if there is none.
func (s *store) document(sequence int64) (collection string, document []byte, err error) {
	err = s.reads.QueryRow(`SELECT collection, document FROM documents WHERE sequence = ?`, sequence).Scan(&collection, &document)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return collection, document, err
}

// counts returns the documents by collection, and all of them.
func (s *store) counts() (byCollection map[string]int64, all int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.totals {
		all += n
	}
	return maps.Clone(s.totals), all
}

// A captured document, and the collection that it goes to.
type captured struct {
	collection *protocol.CollectionSpec
	document   []byte
}

// A sequence is what one checkpoint commits.
type sequence struct {
	documents []captured
	state     *protocol.ConnectorState // nil leaves it as it is
	held      int64                    // bytes of room
}

// commit makes sequences durable, all or none.
func (s *store) commit(ctx context.Context, capture string, sequences []sequence) error {
	return s.explain(s.tryCommit(ctx, capture, sequences))
}

func (s *store) tryCommit(ctx context.Context, capture string, sequences []sequence) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	insert, err := tx.PrepareContext(ctx, `INSERT INTO documents (collection, key, document, committed_at) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Format(time.RFC3339Nano)
	var last int64
	added := map[string]int64{}
	for _, sequence := range sequences {
		for _, c := range sequence.documents {
			key, err := keyOf(c.collection.Key, c.document)
			if err != nil {
				return fmt.Errorf("collection %s: %w", c.collection.Name, err)
			}
			inserted, err := insert.ExecContext(ctx, c.collection.Name, key, string(c.document), now)
			if err != nil {
				return err
			}
			last, _ = inserted.LastInsertId() // which this driver always knows
			added[c.collection.Name]++
		}
		if err := updateState(ctx, tx, capture, sequence.state); err != nil {
			return fmt.Errorf("updating the connector's state: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if err := s.there(); err != nil {
		return err
	}
	s.committed(last, added)
	return nil
}

// committed notes documents that are durable.
func (s *store) committed(last int64, added map[string]int64) {
	s.last.Store(max(last, s.last.Load()))
	s.mu.Lock()
	defer s.mu.Unlock()
	for collection, n := range added {
		s.totals[collection] += n
	}
	close(s.newer)
	s.newer = make(chan struct{})
}

// news is closed at the next commit of documents.
func (s *store) news() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newer
}

// updateState replaces or patches (RFC 7396) a capture's state.
func updateState(ctx context.Context, tx *sql.Tx, capture string, state *protocol.ConnectorState) error {
	update := string(state.GetUpdatedJson())
	if state == nil || state.MergePatch && update == "{}" {
		return nil
	}
	merged := `excluded.state`
	if state.MergePatch {
		merged = `json_patch(state, excluded.state)`
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO connector_state (capture, state) VALUES (?, ?)
		ON CONFLICT (capture) DO UPDATE SET state = `+merged, capture, update)
	return err
}

// state returns what was kept of a capture's state; an empty object at first.
func (s *store) state(capture string) ([]byte, error) {
	var state string
	err := s.db.QueryRow(`SELECT state FROM connector_state WHERE capture = ?`, capture).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return []byte("{}"), nil
	}
	return []byte(state), err
}
