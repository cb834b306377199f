package sim

import (
	"cmp"
	"slices"
	"sort"
)

// An index holds what searches find, by time of update and then by id.
type index struct {
	byID  map[string]*Version
	order []*Version
}

func newIndex() *index { return &index{byID: map[string]*Version{}} }

func byUpdate(a, b *Version) int {
	return cmp.Or(cmp.Compare(a.Updated, b.Updated), cmp.Compare(a.number, b.number))
}

// load adds an object out of order; sort must follow.
func (x *index) load(v *Version) {
	if !v.Inactive && !v.Unlisted {
		x.byID[v.ID] = v
		x.order = append(x.order, v)
	}
}

func (x *index) sort() { slices.SortFunc(x.order, byUpdate) }

func (x *index) add(v *Version) {
	x.byID[v.ID] = v
	at, _ := slices.BinarySearchFunc(x.order, v, byUpdate)
	x.order = slices.Insert(x.order, at, v)
}

func (x *index) remove(id string) {
	v := x.byID[id]
	if v == nil {
		return
	}
	delete(x.byID, id)
	if at, found := slices.BinarySearchFunc(x.order, v, byUpdate); found {
		x.order = slices.Delete(x.order, at, at+1)
	}
}

// between returns the objects that were updated from one second up to another, both included.
func (x *index) between(from, to int64) []*Version {
	first := sort.Search(len(x.order), func(i int) bool { return x.order[i].Updated >= from })
	last := sort.Search(len(x.order), func(i int) bool { return x.order[i].Updated > to })
	if last < first {
		return nil
	}
	return x.order[first:last]
}
