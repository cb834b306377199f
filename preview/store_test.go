package preview

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"source-intercom-ingest/protocol"
)

// opened returns a store in a folder of its own.
func opened(t testing.TB) *store {
	t.Helper()
	s, err := openStore(filepath.Join(t.TempDir(), "a b?.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s
}

// keepIn commits documents to a collection, in one transaction.
func (s *store) keepIn(collection string, documents ...string) error {
	var one sequence
	for _, d := range documents {
		one.documents = append(one.documents, captured{&protocol.CollectionSpec{Name: collection, Key: []string{"/id"}}, []byte(d)})
	}
	return s.commit(context.Background(), "c", []sequence{one})
}

func bindingsTo(collections ...string) (all []*protocol.CaptureSpec_Binding) {
	for _, name := range collections {
		all = append(all, &protocol.CaptureSpec_Binding{Collection: &protocol.CollectionSpec{Name: name}})
	}
	return all
}

// Each collection has a view of its own documents, whatever its name is, and the same one in the next run.
func TestEveryCollectionHasItsView(t *testing.T) {
	s := opened(t)
	names := []string{"a/b", "A/B", "a/B", "documents", "Refusals", "views", "connector_state", "documents_by_key", "sqlite_master", "SQLITE_x", "select", `q"uo'te`,
		"ü", "Ü", "a/b (2)", "collection = 'a/b' GROUP"}
	first, err := s.addViews(bindingsTo(names...))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, name := range names {
		if other, ok := seen[strings.ToLower(first[name])]; ok && name != "ü" && name != "Ü" {
			t.Errorf("%q and %q share the view %q", name, other, first[name])
		}
		seen[strings.ToLower(first[name])] = name
		if err := s.keepIn(name, `{"id":1,"of":"`+strings.ReplaceAll(name, `"`, `\"`)+`"}`, `{"id":1,"latest":true}`); err != nil {
			t.Fatal(err)
		}
		var n int
		var document string
		err := s.reads.QueryRow(fmt.Sprintf(`SELECT count(*), max(document) FROM "%s"`, strings.ReplaceAll(first[name], `"`, `""`))).Scan(&n, &document)
		if err != nil || n != 1 || document != `{"id":1,"latest":true}` {
			t.Errorf("the view %q of %q has %d documents, %s, %v", first[name], name, n, document, err)
		}
	}
	if first["a/b"] != "a/b" || first["select"] != "select" || first["ü"] != "ü" || first["Ü"] != "Ü" {
		t.Errorf("%q", first)
	}
	again, err := s.addViews(bindingsTo(names...))
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// A view that an earlier version made, before names were kept, goes on being its collection's.
func TestAnOlderDatabaseIsAdopted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "old.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(schema + `CREATE VIEW "a" AS SELECT sequence, key, document, committed_at FROM documents WHERE sequence IN
				(SELECT max(sequence) FROM documents WHERE collection = 'a' GROUP BY key) ORDER BY sequence;
		INSERT INTO documents (collection, key, document, committed_at) VALUES ('a', '[1]', '{}', '')`)
	if err := errors.Join(err, db.Close(), os.Chmod(file, 0o644)); err != nil {
		t.Fatal(err)
	}
	s, err := openStore(file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if views, err := s.addViews(bindingsTo("A", "a")); err != nil || views["a"] != "a" || views["A"] != "A (2)" {
		t.Errorf("%q, %v", views, err)
	}
	for _, name := range []string{file, file + "-wal", file + "-shm"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	var application, version int64
	if err := s.db.QueryRow(`SELECT a.application_id, v.user_version FROM pragma_application_id a, pragma_user_version v`).Scan(&application, &version); err != nil ||
		application != applicationID || version != schemaVersion {
		t.Errorf("%d, %d, %v", application, version, err)
	}
}

// A database that is not preview's is left as it is, and the error says what to do.
func TestAForeignDatabaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"foreign": "PRAGMA application_id = 7", "tables": "CREATE TABLE users (id)", "alike": "CREATE TABLE documents (id)",
		"later": fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, schemaVersion+1)} {
		db, err := sql.Open("sqlite", filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(text)
		if err := errors.Join(err, db.Close(), os.Chmod(filepath.Join(dir, name), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "text"), []byte(strings.Repeat("no database ", 100)), 0o644), os.Mkdir(filepath.Join(dir, "folder"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"foreign": "another program", "tables": "another program", "alike": "another program", "later": "a later version",
		"text": "no SQLite database", "folder": "it is no file", "gone/x.db": "folder does not exist", ":memory:": "keep nothing"} {
		s, err := openStore(filepath.Join(dir, name))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "name ") {
			t.Errorf("%s: %v, not %s", name, err, want)
		}
		if s != nil {
			s.close()
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() && info.Mode().Perm() != 0o644 {
			t.Errorf("%s is %v now", name, info.Mode())
		}
	}
	if _, err := openStore(""); err == nil || !strings.Contains(err.Error(), "keep nothing") {
		t.Error(err)
	}
}

// What is committed to files that are gone is not acknowledged.
func TestACommitToFilesThatAreGoneFails(t *testing.T) {
	for name, remove := range map[string]func(file string) error{
		"database": os.Remove,
		"log":      func(file string) error { return os.Remove(file + "-wal") },
		"folder":   func(file string) error { return os.RemoveAll(filepath.Dir(file)) },
		"replaced": func(file string) error {
			return errors.Join(os.Rename(file, file+".old"), os.WriteFile(file, nil, 0o600))
		},
	} {
		s := opened(t)
		if err := s.keepIn("a", `{"id":1}`); err != nil {
			t.Fatal(err)
		}
		if err := remove(s.file); err != nil {
			t.Fatal(err)
		}
		if err, lost := s.keepIn("a", `{"id":2}`), new(gone); !errors.As(err, &lost) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A reader sees what was there when it began, and holds no commit up; when it has gone, the log is cut.
func TestReadersDoNotHoldCommitsUp(t *testing.T) {
	s := opened(t)
	large := `{"id":1,"x":"` + strings.Repeat("x", 1<<20) + `"}`
	if err := s.keepIn("a", `{"id":1}`); err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		info, err := os.Stat(s.file + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	err := s.eachRow(func(row) error {
		for range 100 {
			if err := s.keepIn("a", large); err != nil {
				return err
			}
		}
		if size() <= maxWAL {
			t.Errorf("the log has %d bytes", size())
		}
		return nil
	}, `sequence = 1`)
	for range 2 { // one writes the log back, the other begins it anew
		if err := errors.Join(err, s.keepIn("a", large)); err != nil {
			t.Fatal(err)
		}
	}
	if size() > maxWAL {
		t.Errorf("the log still has %d bytes", size())
	}
}

// Of large documents, the size alone is read with others; the latest of a collection are found without a sort.
func TestLargeDocumentsAreReadAlone(t *testing.T) {
	s := opened(t)
	large := `{"id":1,"x":"` + strings.Repeat("x", maxRow) + `"}`
	if err := s.keepIn("a", `{"id":1}`, large); err != nil {
		t.Fatal(err)
	}
	var got []row
	err := s.eachRow(func(r row) error { got = append(got, r); return nil }, `collection = ? ORDER BY sequence DESC LIMIT ?`, "a", 10)
	if err != nil || len(got) != 2 || got[0].Document != "" || got[0].Size != int64(len(large)) || got[1].Document != `{"id":1}` {
		t.Errorf("%v, %v", got, err)
	}
	if in, whole, err := s.document(2); err != nil || in != "a" || string(whole) != large {
		t.Errorf("%d bytes, %v", len(whole), err)
	}
	err = s.each(`EXPLAIN QUERY PLAN SELECT document FROM documents WHERE collection = 'a' ORDER BY sequence DESC LIMIT 10`, func(rows *sql.Rows) error {
		var a, b, c int
		var plan string
		err := rows.Scan(&a, &b, &c, &plan)
		if strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("it sorts: %s", plan)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Errors of the database name the cause and the cure.
func TestErrorsOfTheDatabaseNameTheCure(t *testing.T) {
	s := opened(t)
	other := (&database{file: s.file}).connect(nil)
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec("PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	if err := s.keepIn("a", `{"id":1}`); err == nil || !strings.Contains(err.Error(), "locked; end that") {
		t.Error(err)
	}
	_, _ = conn.ExecContext(t.Context(), "ROLLBACK")
	if _, err := s.db.Exec(`PRAGMA max_page_count = 10`); err != nil {
		t.Fatal(err)
	}
	if err := s.keepIn("a", `{"id":1,"x":"`+strings.Repeat("x", 1<<20)+`"}`); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Error(err)
	}
}

// Attempts that are kept are bounded, by their number and by what was answered.
func TestKeptAttemptsAreBounded(t *testing.T) {
	s, err := openStore(filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	large := strings.Repeat("x", 4*maxAnswerBytes)
	var all []attempt
	for i := range maxAttempts + 500 {
		a := attempt{Delivery: "d", Sequence: int64(i), Class: "passing"}
		if i%3 == 0 {
			a.Answer = large
		}
		all = append(all, a)
	}
	if err := s.keepAttempts(all); err != nil {
		t.Fatal(err)
	}
	var rows, bytes int64
	if err := s.reads.QueryRow(`SELECT count(*), sum(octet_length(answer)) FROM delivery_attempts`).Scan(&rows, &bytes); err != nil {
		t.Fatal(err)
	}
	if rows != maxAttempts || bytes > maxAttemptsBytes || bytes == 0 {
		t.Errorf("%d rows, %d bytes", rows, bytes)
	}
}

// A delivery begins where it is told, and goes on from where it was.
func TestADeliveryBeginsWhereItIsTold(t *testing.T) {
	s, err := openStore(filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for i := range 10 {
		if _, err := s.db.Exec(`INSERT INTO documents (sequence, collection, key, document, committed_at) VALUES (?, 'c', '[]', '{}', ?)`,
			10*i+5, time.Unix(int64(1_800_000_000+60*i), 0).UTC().Format(time.RFC3339Nano)); err != nil {
			t.Fatal(err)
		}
	}
	for from, want := range map[string]int{"": 0, "now": 0, "beginning": 10, time.Unix(1_800_000_000, 0).UTC().Format(time.RFC3339): 10,
		time.Unix(1_800_000_060, 0).UTC().Format(time.RFC3339): 9, time.Unix(1_800_000_061, 0).UTC().Format(time.RFC3339): 8, "2100-01-01T00:00:00Z": 0, "2000-01-01T00:00:00Z": 10} {
		at, err := s.cursor("from "+from, from)
		if err != nil {
			t.Fatal(err)
		}
		room := int64(maxDueBytes)
		if all, err := s.due(nil, 0, "c", at, 100, &room); err != nil || len(all) != want {
			t.Errorf("from %q %d are due, not %d; %v", from, len(all), want, err)
		}
	}
	if _, err := s.cursor("x", "yesterday"); err == nil || !strings.Contains(err.Error(), "write now, beginning, or a time") {
		t.Error(err)
	}
	if err := s.settle("task", map[string]int64{"from beginning": 50}, []byte(`{"parked":{}}`), nil, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := s.cursor("from beginning", "now"); err != nil || got != 50 {
		t.Error(got, err)
	}
}
