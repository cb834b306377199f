package poll

import (
	"hash/maphash"
	"time"
)

// overlap is how far back each look reaches before what was read already: the search finds a change some seconds to minutes
// late, and what was found in between must not be passed.
const overlap = 15 * time.Minute

// maxKnown bounds what is remembered of one kind of objects, some 50 bytes each.
const maxKnown = 50_000

// A version of an object. Of its texts, which differ by where they come from, only digests are kept; zero is unknown.
type version struct {
	at    int64 // when it was updated, in seconds since 1970
	row   uint64
	whole uint64
	gone  bool // the object is deleted
	// unseen tells that it is gone because it was not found by its id. What the search has all the same is looked for again.
	unseen bool
}

// A known remembers the versions that were emitted within the last overlap, so that none is emitted twice or after a newer
// one. Who needs to remember less than all drops the older half. It is not safe for concurrent use.
type known struct {
	young, old map[uint64]version
	since      time.Time
}

var seed = maphash.MakeSeed()

// digest is of a text or an id. Two of a workspace's objects share one with a chance of less than one in a billion.
func digest(text []byte) uint64 { return maphash.Bytes(seed, text) | 1 }

func idDigest(id string) uint64 { return maphash.String(seed, id) }

// of returns the version of an object that was emitted last, as far as it is remembered.
func (k *known) of(id string) (version, bool) {
	key := idDigest(id)
	v, ok := k.young[key]
	if !ok {
		v, ok = k.old[key]
	}
	return v, ok
}

// note remembers a version.
func (k *known) note(id string, v version, now time.Time) {
	if k.young == nil || len(k.young) >= maxKnown || now.Sub(k.since) > overlap+time.Minute {
		k.old, k.young, k.since = k.young, map[uint64]version{}, now
	}
	k.young[idDigest(id)] = v
}

// forget drops what is known of an object.
func (k *known) forget(id string) {
	delete(k.young, idDigest(id))
	delete(k.old, idDigest(id))
}

// news tells that a version is worth emitting after what is known of the object, and what is to be remembered of it.
func (v version) news(before version, known bool) (version, bool) {
	switch {
	case !known || v.at > before.at || v.gone && v.at == before.at && !before.gone:
		return v, true
	case v.at < before.at || before.gone:
		return before, false
	}
	news := false
	if v.row != 0 { // of the same second
		news = before.row != 0 && before.row != v.row
	} else {
		news = before.whole != v.whole
	}
	merged := before
	if v.row != 0 {
		merged.row = v.row
	}
	if v.whole != 0 {
		merged.whole = v.whole
	}
	return merged, news
}
