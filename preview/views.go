package preview

import (
	"fmt"
	"strings"

	"source-intercom-ingest/protocol"
)

// viewsSchema is that of the views' names: SQLite ignores the case of names and has some of its own, so that a collection's
// is not always free.
const viewsSchema = `
CREATE TABLE IF NOT EXISTS views (
	collection TEXT PRIMARY KEY,
	view       TEXT NOT NULL UNIQUE COLLATE NOCASE
);`

// addViews makes a view of the latest document of each key, for each collection, named as it where no other has that
// name. It returns the views' names by collection.
func (s *store) addViews(bindings []*protocol.CaptureSpec_Binding) (map[string]string, error) {
	views := map[string]string{}
	for _, b := range bindings {
		name, err := s.addView(b.Collection.Name, pathOf(b).Resource != "")
		if err != nil {
			return nil, s.explain(fmt.Errorf("adding a view of collection %s: %w", b.Collection.Name, err))
		}
		views[b.Collection.Name] = name
	}
	return views, nil
}

// addView returns the name of a collection's view, which there is then. That of an API's objects leaves out those that are
// deleted.
func (s *store) addView(collection string, objects bool) (string, error) {
	var known int
	var view string
	err := s.db.QueryRow(`SELECT count(*), coalesce(max(view), '') FROM views WHERE collection = ?`, collection).Scan(&known, &view)
	for n := 1; err == nil && known == 0; n++ {
		view = viewName(collection, n)
		if known, err = s.isFree(view, collection); err != nil {
			return "", err
		}
	}
	if err != nil {
		return "", err
	}
	left := ""
	if objects {
		left = `AND document ->> '$._meta.op' IS NOT 'd'`
	}
	_, err = s.db.Exec(fmt.Sprintf(`CREATE VIEW IF NOT EXISTS "%s" AS
		SELECT sequence, key, document, committed_at FROM documents WHERE sequence IN
			(SELECT max(sequence) FROM documents WHERE collection = '%s' GROUP BY key) %s
		ORDER BY sequence`, strings.ReplaceAll(view, `"`, `""`), strings.ReplaceAll(collection, `'`, `''`), left))
	if err == nil {
		_, err = s.db.Exec(`INSERT OR IGNORE INTO views VALUES (?, ?)`, collection, view)
	}
	return view, err
}

// viewName is the n-th name that a collection's view may have.
func viewName(collection string, n int) string {
	view := collection
	if strings.HasPrefix(strings.ToLower(view), "sqlite_") { // which SQLite has for itself
		view = "view " + view
	}
	if n > 1 {
		view = fmt.Sprintf("%s (%d)", view, n)
	}
	return view
}

// isFree is 1 if nothing has the name, or a view of the collection itself, from before names were kept.
func (s *store) isFree(view, collection string) (free int, err error) {
	err = s.db.QueryRow(`SELECT count(*) = 0 FROM sqlite_master WHERE name = ? COLLATE NOCASE AND NOT (type = 'view' AND name = ? AND
		instr(sql, 'WHERE collection = ''' || replace(?, '''', '''''') || ''' GROUP BY'))`, view, view, collection).Scan(&free)
	return free, err
}
