package poll

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"source-intercom-ingest/intercom/api"
	"source-intercom-ingest/scan"
)

// scratches are for documents that are made.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// segment is an id in a path.
func segment(id string) string { return url.PathEscape(id) }

// partsOf emits the parts in an object. The writer's lock is held.
func (s *searched) partsOf(ctx context.Context, o object, id string, at int64, m meta) error {
	list := o.at(s.partsAt() + s.partsAt())
	if list.End == 0 || o.text[list.Start] != '[' {
		return nil
	}
	parts, ok := scan.Split(o.text, list, s.parts.members)
	if !ok {
		s.unreadable(errNoObject)
		return nil
	}
	parent := s.of.Object
	front := []member{text(parent+"_id", id)}
	if parent == "conversation" {
		front = append(front, member{"conversation_updated_at", strconv.AppendInt(nil, at, 10)})
	}
	for i := range parts {
		part := object{text: o.text, element: &parts[i], lens: &s.parts.lens}
		if err := s.document(ctx, s.parts, part, m.ofPart(part), nil, front...); err != nil {
			return err
		}
	}
	return nil
}

// ofPart is the meta of a part, beside its object's.
func (m meta) ofPart(part object) meta {
	if at, ok := part.seconds("/updated_at"); ok {
		m.updatedAt = at
	}
	return m
}

// maxSublistPages end a list in an object that never does: a contact has a thousand companies at most.
const maxSublistPages = 100

// sublists completes the lists of a contact that hold its first entries only. gone tells that the contact is.
func (s *searched) sublists(ctx context.Context, o object, id string, lane api.Lane) (edits []scan.Edit, gone bool, err error) {
	if s.of.Name != "contacts" || s.self == nil {
		return nil, false, nil
	}
	for _, list := range sublists {
		at := "/" + list
		data := o.at(at + "/data")
		if string(o.value(at+"/has_more")) != "true" || data.End == 0 {
			continue
		}
		whole, err := s.entries(ctx, "/contacts/"+segment(id)+at, "/contacts/{id}"+at, list, lane)
		if fault, ok := err.(*api.Fault); ok && fault.Gone() {
			return nil, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		edits = append(edits, scan.Edit{Span: data, With: whole}, scan.Edit{Span: o.at(at + "/has_more"), With: []byte("false")})
	}
	return edits, false, nil
}

// entries reads a list of a contact whole, and writes its entries as they are in the contact.
func (s *searched) entries(ctx context.Context, path, endpoint, list string, lane api.Lane) ([]byte, error) {
	entry := newLens("/id", "/type")
	to := []byte{'['}
	query := ""
	if list == "companies" {
		query = "?per_page=60"
	}
	err := s.pages(ctx, api.Request{Method: "GET", Endpoint: endpoint, Path: path + query, Lane: lane, Tries: getTries}, maxSublistPages, func(page api.Page) (bool, error) {
		for _, row := range page.Rows {
			o, err := entry.read(row)
			if err != nil {
				return false, err
			}
			if len(to) > 1 {
				to = append(to, ',')
			}
			id := o.scalar("/id")
			to, _ = jsontext.AppendQuote(append(to, `{"id":`...), id)
			to, _ = jsontext.AppendQuote(append(to, `,"type":`...), o.scalar("/type"))
			to, _ = jsontext.AppendQuote(append(to, `,"url":`...), fmt.Sprintf("/%s/%s", list, id))
			to = append(to, '}')
			o.Release()
		}
		return true, nil
	})
	return append(to, ']'), err
}

// pages reads the pages of a list, one behind the other. take returns false where no more are needed.
func (p *Poller) pages(ctx context.Context, r api.Request, most int, take func(api.Page) (bool, error)) error {
	first := r.Path
	var before []byte // the row that the page before began with
	for n := 1; n <= most; n++ {
		next, err := p.page(ctx, r, func(page api.Page) (bool, error) {
			if len(page.Rows) > 0 {
				if bytes.Equal(page.Rows[0], before) {
					return false, errSamePage
				}
				before = bytes.Clone(page.Rows[0])
			}
			return take(page)
		})
		if err != nil || !next.More() {
			return err
		}
		path := nextPath(first, next)
		if path == r.Path {
			return errSamePage
		}
		r.Path = path
	}
	return nil
}

// page reads one page, and returns how to go on.
func (p *Poller) page(ctx context.Context, r api.Request, take func(api.Page) (bool, error)) (api.Next, error) {
	b, err := p.ask(ctx, r, pageBytes)
	if err != nil {
		return api.Next{}, err
	}
	defer b.release()
	page, err := api.ParsePage(b.Bytes())
	if err != nil {
		return api.Next{}, &api.Fault{Status: 200, Err: err}
	}
	more, err := take(page)
	if err != nil || !more {
		return api.Next{}, err
	}
	if !page.Next.More() && page.Scroll == "" && len(page.Rows) > 0 && page.Number < page.Pages {
		return api.Next{Page: page.Number + 1}, nil // which it does not say, and has
	}
	return page.Next, nil
}

// nextPath asks for the page behind one of a list.
func nextPath(first string, next api.Next) string {
	u, err := url.Parse(first)
	if err != nil {
		return first
	}
	query := u.Query()
	switch {
	case next.Path != "":
		// Of the address that the API writes only the query counts: the path is ours.
		if theirs, err := url.Parse(next.Path); err == nil {
			for name, values := range theirs.Query() {
				query[name] = values
			}
		}
	case next.StartingAfter != "":
		query.Set("starting_after", next.StartingAfter)
	default:
		query.Set("page", strconv.Itoa(next.Page))
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// takeChildren emits the list of each of a contact's children.
func (s *searched) takeChildren(ctx context.Context, id string, v version, l look) error {
	var documents [][]byte
	err := s.childrenOf(ctx, s.children, id, func(doc []byte) { documents = append(documents, doc) }, l)
	if fault, ok := err.(*api.Fault); ok && fault.Gone() {
		return nil
	}
	if err != nil {
		return err
	}
	return s.emit(ctx, id, v, l, func(bool) error {
		for _, doc := range documents {
			s.children.documents.Inc()
			if err := s.add(ctx, s.children, doc); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxChildPages end a list that never does.
const maxChildPages = 1000

// childrenOf makes the documents of a parent's children.
func (p *Poller) childrenOf(ctx context.Context, b *Binding, id string, add func(doc []byte), l look) error {
	parent := b.Key[0][1:] // such as company_id
	var ids []string
	r := api.Request{Method: "GET", Endpoint: fmt.Sprintf(b.Path, "{id}"), Path: fmt.Sprintf(b.Path, segment(id)), Lane: api.Children, Tries: getTries}
	err := p.pages(ctx, r, maxChildPages, func(page api.Page) (bool, error) {
		for _, row := range page.Rows {
			o, err := b.lens.read(row)
			if err != nil {
				p.unreadable(err)
				continue
			}
			m := p.metaOf(o, b, l)
			doc, err := b.appendDocument(nil, m, o, nil, text(parent, id))
			if err == nil {
				err = b.check(ctx, doc, o.times())
			}
			if err != nil {
				p.refused(b, err)
			} else {
				ids = append(ids, o.scalar("/id"))
				add(doc)
			}
			o.Release()
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, gone := range b.broods.without(id, ids) {
		m := p.metaNow(deleted, l.source)
		m.updatedAt = p.now().Unix()
		add(b.appendDeletion(nil, m, text(parent, id), text("id", gone)))
	}
	return nil
}

// Broods remember the children of each parent, so that what a parent has no longer is known. They are safe for concurrent
// use.
type broods struct {
	mu sync.Mutex
	of map[string][]string
}

// without notes the children that a parent has, and returns those that it had and has no longer.
func (b *broods) without(parent string, has []string) (gone []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range b.of[parent] {
		if !slices.Contains(has, id) {
			gone = append(gone, id)
		}
	}
	if b.of == nil || len(b.of) >= maxKnown {
		b.of = map[string][]string{}
	}
	b.of[parent] = has
	return gone
}
