package preview

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What a database says of itself: which program's it is, and which version of the schema it has.
const (
	applicationID = 0x73696969 // "siii"
	schemaVersion = 1
)

const (
	// busyTime is how long a locked database is waited for: another preview may just be ending.
	busyTime = 10_000 // milliseconds
	// maxWAL is how large the log of the database stays when nobody reads what is older.
	maxWAL = 64 << 20
	// maxReaders is how many read at a time, beside the one that writes.
	maxReaders = 4
)

// A database is a file of SQLite, its one writer and its readers.
type database struct {
	file  string
	id    os.FileInfo // of the file when it was opened
	db    *sql.DB     // writes
	reads *sql.DB
}

// openDatabase opens or creates one. Its files are its owner's alone.
func openDatabase(file string) (*database, error) {
	d := &database{file: file}
	if err := d.create(); err != nil {
		return nil, fmt.Errorf("the database --db %q can not be opened: %w", file, err)
	}
	busy := fmt.Sprintf("busy_timeout(%d)", busyTime)
	d.db = d.connect(url.Values{"_pragma": {busy, "journal_mode(WAL)", "synchronous(FULL)", fmt.Sprintf("journal_size_limit(%d)", maxWAL)},
		"_txlock": {"immediate"}})
	d.db.SetMaxOpenConns(1)
	d.reads = d.connect(url.Values{"mode": {"ro"}, "_pragma": {busy, "query_only(1)"}})
	d.reads.SetMaxOpenConns(maxReaders)
	if err := d.adopt(); err != nil {
		return nil, errors.Join(d.explain(err), d.close())
	}
	return d, nil
}

// create makes sure that there is a file which this process may write. A new one is its owner's alone.
func (d *database) create() error {
	if name := filepath.Base(d.file); d.file == "" || name == ":memory:" {
		return errors.New("it would keep nothing; name a file, such as webhooks.db")
	}
	if info, err := os.Stat(d.file); err == nil && !info.Mode().IsRegular() {
		return errors.New("it is no file; name one, such as webhooks.db in a folder that there is")
	}
	f, err := os.OpenFile(d.file, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("its folder does not exist; make it, or name another file")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("this user may not write it; change its permissions, or name another file")
	case err != nil:
		return err
	}
	defer f.Close()
	d.id, err = f.Stat()
	return err
}

// connect returns connections with these parameters.
func (d *database) connect(parameters url.Values) *sql.DB {
	source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: d.file}).EscapedPath(), RawQuery: parameters.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		panic(err) // the driver is there, and does not look at the source yet
	}
	return db
}

// adopt refuses a database of another program or a later version, and gives one that is new, or older than this mark, its
// schema.
func (d *database) adopt() error {
	var application, version, tables, ours int64
	err := d.db.QueryRow(`SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_master),
		(SELECT count(*) FROM pragma_table_info('documents') WHERE name IN ('sequence', 'collection', 'key', 'document', 'committed_at'))`).
		Scan(&application, &version, &tables, &ours)
	const columns = 5
	switch {
	case err != nil:
		return err
	case application == applicationID && version > schemaVersion:
		return fmt.Errorf("it was written by a later version of this program, with schema %d; use that version, or name another file with --db", version)
	case application != applicationID && (application != 0 || tables > 0 && ours != columns):
		return fmt.Errorf("it is the database of another program (application_id %d, %d tables and more); name another file with --db", application, tables)
	}
	for _, name := range []string{d.file, d.file + "-wal", d.file + "-shm"} {
		_ = os.Chmod(name, 0o600) // as those of earlier versions were not; where it is this user's
	}
	tx, err := d.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	_, err = tx.Exec(fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d;`, applicationID, schemaVersion) + schema + refusalsSchema + viewsSchema + outboxSchema)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// A gone is a database whose files are.
type gone struct{ error }

// there fails if the files are gone, or are others: what is committed to files without names is lost with the process.
func (d *database) there() error {
	now, err := os.Stat(d.file)
	if err == nil && !os.SameFile(now, d.id) {
		err = errors.New("another file has its name")
	}
	if err == nil {
		_, err = os.Stat(d.file + "-wal")
	}
	if err != nil {
		return &gone{fmt.Errorf("the files of the database were deleted or replaced while it was open: %w; what came last is not answered 200", err)}
	}
	return nil
}

// explain says what is wrong with the database, and the cure.
func (d *database) explain(err error) error {
	if lost := new(gone); err == nil || errors.As(err, &lost) {
		return err
	}
	var failed *sqlite.Error
	if errors.As(err, &failed) {
		const primary = 0xff
		if cure, ok := cures[failed.Code()&primary]; ok {
			return fmt.Errorf("database %s: %s (%w)", d.file, cure, err)
		}
	}
	return fmt.Errorf("database %s: %w", d.file, err)
}

// cures of SQLite's errors, by their primary codes.
var cures = map[int]string{
	sqlite3.SQLITE_BUSY:     "another program holds it locked; end that, or name another file with --db",
	sqlite3.SQLITE_LOCKED:   "it is locked; end who locks it, or name another file with --db",
	sqlite3.SQLITE_READONLY: "it may not be written; change the permissions of the file and its folder, or name another file with --db",
	sqlite3.SQLITE_IOERR:    "its disk fails; look at the system's log, or name a file on another disk with --db",
	sqlite3.SQLITE_CORRUPT:  "it is damaged; keep a copy, save what can be with sqlite3's .recover, or name another file with --db",
	sqlite3.SQLITE_FULL:     "the disk is full; make room on it",
	sqlite3.SQLITE_CANTOPEN: "its file or folder is gone or may not be written; check both, and how many files may be open (ulimit -n)",
	sqlite3.SQLITE_NOTADB:   "it is no SQLite database; name another file with --db",
	sqlite3.SQLITE_PERM:     "this user may not open it; change its permissions, or name another file with --db",
}

func (d *database) close() error { return errors.Join(d.reads.Close(), d.db.Close()) }
