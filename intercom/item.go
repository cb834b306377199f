package intercom

import "bytes"

// An item is what a notification holds of the object that it is about: the object itself, or something that belongs to
// it or to it and another, with those in members of their names or with their ids.
type item struct {
	nested            // the item's own
	kind        Value // its type
	completedAt Value
	mergedFrom  Value // id of the object that is gone
	subject     reference
	related     reference // the other one, where objects are attached or detached
}

// A nested object, as much as is read of it.
type nested struct{ id, createdAt, updatedAt Value }

// A reference is what an item says of one kind of object.
type reference struct {
	object, word string // its kind, and what the topic calls it; empty if there is none
	found        nested // in a member of its name
	rank         int    // of the name, 0 before anything is found
	id           Value  // in a member of its own
}

// readItem reads an item, once.
func readItem(text Value, of, with reference) item {
	i := item{subject: of, related: with}
	c := cursor{text: text}
	if !c.open() {
		return i
	}
	for name, ok := c.member(); ok; name, ok = c.member() {
		value := c.value()
		switch string(name) {
		case "type":
			i.kind = value
		case "completed_at":
			i.completedAt = value
		case "merged_from":
			if i.mergedFrom = value; len(value) > 0 && value[0] == '{' {
				i.mergedFrom = readNested(value).id
			}
		default:
			if !i.nested.member(name, value) {
				i.subject.member(name, value)
				i.related.member(name, value)
			}
		}
	}
	return i
}

// kindOf returns the type of an item.
func kindOf(text Value) (kind Value) {
	c := cursor{text: text}
	if !c.open() {
		return nil
	}
	for name, ok := c.member(); ok; name, ok = c.member() {
		if value := c.value(); string(name) == "type" {
			kind = value
		}
	}
	return kind
}

// member notes a member of an object, if it is one that is read.
func (n *nested) member(name []byte, value Value) bool {
	switch string(name) {
	case "id":
		n.id = value
	case "created_at":
		n.createdAt = value
	case "updated_at":
		n.updatedAt = value
	default:
		return false
	}
	return true
}

// readNested reads an object. Intercom's own dumps have its members one level deeper, as its model.
func readNested(text Value) nested {
	n, model := readMembers(text)
	if !isID(n.id) {
		if deeper, _ := readMembers(model); isID(deeper.id) {
			return deeper
		}
	}
	return n
}

// readMembers reads an object, and its member of that name.
func readMembers(text Value) (n nested, model Value) {
	c := cursor{text: text}
	if !c.open() {
		return n, nil
	}
	for name, ok := c.member(); ok; name, ok = c.member() {
		if value := c.value(); !n.member(name, value) && string(name) == "model" {
			model = value
		}
	}
	return n, model
}

// member notes a member of the item, if it is about the object: the object, or its id.
func (r *reference) member(name []byte, value Value) {
	if r.object == "" {
		return
	}
	if bare, ok := bytes.CutSuffix(name, []byte("_id")); ok && string(bare) == r.object || r.object == "api_request" && string(name) == "request_id" {
		if isID(value) {
			r.id = value
		}
		return
	}
	rank := r.rankOf(name)
	if rank == 0 || rank < r.rank || len(value) == 0 || value[0] != '{' {
		return
	}
	if found := readNested(value); isID(found.id) {
		r.found, r.rank = found, rank
	}
}

// rankOf tells how well a member's name fits the object; 0 is not at all. The word of the topic fits best.
func (r *reference) rankOf(name []byte) int {
	switch {
	case string(name) == r.word:
		return 3
	case string(name) == r.object:
		return 2
	case r.object == "contact" && subjects[string(name)].object == "contact" && !subjects[string(name)].part:
		return 1
	}
	return 0
}

// isID tells that a value is one that identifies: a string that says something, or an integer.
func isID(v Value) bool { return v.isInteger() || len(v.bytes()) > 0 }
