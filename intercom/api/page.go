package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A Page is what a list or a search answers. Its rows are parts of the body, byte for byte, and live as long.
type Page struct {
	Rows   [][]byte
	Total  int    // -1 where the page does not say
	Next   Next   // of the zero value on the last page
	Scroll string // the parameter of a walk over companies
	Number int    // of the page, from 1; zero where it does not say, as also
	Pages  int    // how many there are
}

// A Next says how to ask for the page behind one: by at most one of its members.
type Next struct {
	StartingAfter string // a cursor, to be sent as it came
	Page          int
	Path          string // path and query; the host is not the answer's to say
}

// More tells that there is a page behind.
func (n Next) More() bool { return n != Next{} }

// ParsePage reads the envelope of a list of any kind, or rows without one: the rows are the elements of its one array of objects, whatever
// its name; what says how to go on is absent, null, an address or an object.
func ParsePage(body []byte) (Page, error) {
	page := Page{Total: -1}
	d := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if d.PeekKind() == '[' { // rows alone
		return page, page.rows(d, body)
	}
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return page, fmt.Errorf("it is not an object of JSON")
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return page, err
		}
		if err := page.member(d, name.String(), body); err != nil {
			return page, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return page, err
	}
	return page, nil
}

// member reads one member of the envelope.
func (p *Page) member(d *jsontext.Decoder, name string, body []byte) error {
	if d.PeekKind() == '[' {
		return p.rows(d, body)
	}
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	switch name {
	case "total_count":
		if n, err := strconv.Atoi(string(value)); err == nil {
			p.Total = n
		}
	case "pages":
		p.pages(value)
	case "next_cursor":
		var cursor string
		if json.Unmarshal(value, &cursor) == nil && cursor != "" {
			p.Next = Next{StartingAfter: cursor}
		}
	case "scroll_param":
		_ = json.Unmarshal(value, &p.Scroll) // null where a walk ends
	}
	return nil
}

func (p *Page) rows(d *jsontext.Decoder, body []byte) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		row, err := d.ReadValue()
		if err != nil {
			return err
		}
		end := int(d.InputOffset())
		p.Rows = append(p.Rows, body[end-len(row):end])
	}
	_, err := d.ReadToken()
	return err
}

// pages reads how to go on.
func (p *Page) pages(value []byte) {
	var pages struct {
		Next  json.RawMessage `json:"next"`
		Page  int             `json:"page"`
		Total int             `json:"total_pages"`
	}
	if json.Unmarshal(value, &pages) != nil {
		return // null
	}
	p.Number, p.Pages = pages.Page, pages.Total
	var address string
	if json.Unmarshal(pages.Next, &address) == nil && address != "" {
		if u, err := url.Parse(address); err == nil {
			p.Next = Next{Path: u.RequestURI()}
		}
		return
	}
	var next struct {
		Page          int    `json:"page"`
		StartingAfter string `json:"starting_after"`
	}
	if json.Unmarshal(pages.Next, &next) == nil {
		p.Next = Next{StartingAfter: next.StartingAfter}
		if next.StartingAfter == "" {
			p.Next.Page = next.Page
		}
	}
}
