package sim

import "slices"

// A write is one that searches do not find yet.
type write struct {
	visible int64 // when they do, in Unix milliseconds
	version *Version
	gone    bool
}

// A tombstone is a row of the list of deleted conversations.
type tombstone struct {
	id string
	at int64
}

// Put adds an object, or replaces it, as it is given: its times are the caller's.
func (w *Workspace) Put(v Version) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.put(&v, false)
}

// Load adds objects that searches find at once, such as those of years before. It is quick for very many.
func (w *Workspace) Load(versions []Version) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range versions {
		v := &versions[i]
		v.number = numberOf(v.ID)
		w.truth[v.Kind][v.ID] = v
		w.index[v.Kind].load(v)
	}
	for _, x := range w.index {
		x.sort()
	}
}

func (w *Workspace) put(v *Version, gone bool) {
	v.number = numberOf(v.ID)
	if gone {
		delete(w.truth[v.Kind], v.ID)
	} else {
		w.truth[v.Kind][v.ID] = v
	}
	at := w.Clock.Now()
	if w.Lag != nil {
		at = at.Add(w.Lag(w.writes))
	}
	w.writes++
	w.late = append(w.late, write{at.UnixMilli(), v, gone})
}

// settle makes those writes visible to searches that are due. A late write never replaces a newer one.
func (w *Workspace) settle() {
	now := w.Clock.Now().UnixMilli()
	w.late = slices.DeleteFunc(w.late, func(x write) bool {
		if x.visible > now {
			return false
		}
		in := w.index[x.version.Kind]
		if known := in.byID[x.version.ID]; known != nil && known.Changes > x.version.Changes {
			return true
		}
		in.remove(x.version.ID)
		if !x.gone && w.truth[x.version.Kind][x.version.ID] != nil && !x.version.Inactive && !x.version.Unlisted {
			in.add(x.version)
		}
		return true
	})
}

// Change makes a new version of an object, updated now, and returns it. It panics on an id that is not there.
func (w *Workspace) Change(kind Kind, id string, change func(*Version)) Version {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := w.truth[kind][id].change()
	next.Updated = w.now()
	if change != nil {
		change(next)
	}
	w.put(next, false)
	return *next
}

// Delete removes an object. A conversation comes to the list of deleted ones.
func (w *Workspace) Delete(kind Kind, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.truth[kind][id]
	if v == nil {
		return
	}
	w.put(v.change(), true)
	if kind == Conversations {
		w.deleted = append(w.deleted, tombstone{id, w.now()})
	}
}

// Merge makes one contact part of another, which is updated now.
func (w *Workspace) Merge(source, target string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := w.truth[Contacts][source].change()
	from.MergedTo, from.Unlisted = target, true
	w.put(from, false)
	to := w.truth[Contacts][target].change()
	to.Updated = w.now()
	w.put(to, false)
}

// Get returns the truth about an object; nil where there is none.
func (w *Workspace) Get(kind Kind, id string) *Version {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.truth[kind][id]
}

// All returns the truth about all objects of a kind that an API still has, in no order.
func (w *Workspace) All(kind Kind) []*Version {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*Version
	for _, v := range w.truth[kind] {
		if v.MergedTo == "" {
			all = append(all, v)
		}
	}
	return all
}

// SetList sets the rows of a list that is read whole, JSON text of an array, by its path: "/tags".
func (w *Workspace) SetList(path, rows string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lists[path] = rows
}
