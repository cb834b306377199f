package preview

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
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
CREATE TABLE IF NOT EXISTS connector_state (
	capture TEXT PRIMARY KEY,
	state   TEXT NOT NULL
);`

// A store keeps documents and connector state in SQLite. What it has committed survives the loss of the process and
// of the machine's power (WAL with synchronous FULL).
type store struct {
	db     *sql.DB
	last   atomic.Int64 // the latest sequence
	mu     sync.Mutex
	totals map[string]int64 // documents by collection
}

// openStore opens or creates a database. One that is locked is waited for, as another preview may just be ending.
func openStore(file string) (*store, error) {
	source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", file, err)
	}
	db.SetMaxOpenConns(1)
	s := &store{db: db, totals: map[string]int64{}}
	_, err = db.Exec(schema + refusalsSchema)
	if err == nil {
		err = s.count()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening database %s: %w", file, err), db.Close())
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

// each calls f with each row of a query.
func (s *store) each(query string, f func(*sql.Rows) error, args ...any) error {
	rows, err := s.db.Query(query, args...)
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

// A row is a document as it is kept.
type row struct {
	Sequence    int64  `json:"sequence"`
	Collection  string `json:"collection"`
	Key         string `json:"key"`
	Document    string `json:"document"`
	CommittedAt string `json:"committedAt"`
}

// rows returns documents that a condition of SQL chooses.
func (s *store) rows(where string, args ...any) (found []row, err error) {
	found = []row{}
	err = s.each(`SELECT sequence, collection, key, document, committed_at FROM documents WHERE `+where, func(rows *sql.Rows) error {
		var r row
		err := rows.Scan(&r.Sequence, &r.Collection, &r.Key, &r.Document, &r.CommittedAt)
		found = append(found, r)
		return err
	}, args...)
	return found, err
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

func (s *store) close() error { return s.db.Close() }

// addViews makes a view of the latest document of each key, for each collection, named as it.
func (s *store) addViews(bindings []*protocol.CaptureSpec_Binding) error {
	for _, b := range bindings {
		name := b.Collection.Name
		view := fmt.Sprintf(`CREATE VIEW IF NOT EXISTS "%s" AS
			SELECT sequence, key, document, committed_at FROM documents WHERE sequence IN
				(SELECT max(sequence) FROM documents WHERE collection = '%s' GROUP BY key)
			ORDER BY sequence`,
			strings.ReplaceAll(name, `"`, `""`), strings.ReplaceAll(name, `'`, `''`))
		if _, err := s.db.Exec(view); err != nil {
			return fmt.Errorf("adding a view of collection %s: %w", name, err)
		}
	}
	return nil
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
}

// commit makes sequences durable, all or none.
func (s *store) commit(ctx context.Context, capture string, sequences []sequence) error {
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
