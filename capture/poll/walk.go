package poll

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
)

// pageSizes are how many rows a page of a search has. Less are asked for where the API does not answer more.
var pageSizes = []int{150, 50, 20, 5, 1}

const (
	// goodPages are answered before more rows are asked for again.
	goodPages = 20
	// failures of one kind end a walk: of the smallest page, or of one that is no question of size.
	failures = 4
)

// A walk is through the rows of a search that were updated in some seconds, [from, to), in the order of their updates.
type walk struct {
	*searched
	from, to   int64
	descending bool
	open       bool // all open objects instead, whenever they were updated
	lane       api.Lane
	tries      int // of one page; zero is the usual
	// total hears how many rows the search finds; false ends the walk.
	total func(rows int) bool
	// page takes rows that lie between from and to. done is the second up to which, or from which on, all are read, so far
	// as that is known; ordered tells that it can be relied on.
	page func(ctx context.Context, rows []row, done int64, ordered bool) error
}

// A row is an object of a page, as much as a walk needs of it.
type row struct {
	text []byte
	id   string
	at   int64 // when it was updated
}

// A stuckError tells that the API does not answer the rows behind a second, however few are asked for.
type stuckError struct {
	at    int64 // the first second, or the last, whose rows are not read
	cause error
}

func (e *stuckError) Error() string {
	return fmt.Sprintf("the rows from %s on are not answered: %v", time.Unix(e.at, 0).UTC().Format(time.RFC3339), e.cause)
}

func (e *stuckError) Unwrap() error { return e.cause }

var errSamePage = errors.New("the API answered the same page again, so that the walk would never end")

// run walks. What can not be read is a [stuckError], or the API's fault.
func (w *walk) run(ctx context.Context) error {
	state := walking{walk: w, ordered: true, last: w.to}
	if w.descending {
		state.last = w.from
	}
	state.edge = w.from
	if w.descending {
		state.edge = w.to
	}
	for {
		more, err := state.step(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// A walking is how far a walk has come.
type walking struct {
	*walk
	cursor  string
	first   string // the id of the first row of the page before
	edge    int64  // what the rows have come to
	last    int64
	ordered bool
	pages   int
	failed  int
}

// step reads one page; false at the end.
func (w *walking) step(ctx context.Context) (bool, error) {
	size := w.sizes.at()
	if w.tries > 0 {
		size = len(pageSizes) - 1
	}
	b, err := w.ask(ctx, w.request(pageSizes[size]), pageBytes)
	if err != nil {
		return w.retry(ctx, err, size)
	}
	defer b.release()
	page, err := api.ParsePage(b.Bytes())
	if err != nil {
		return w.retry(ctx, &api.Fault{Status: http.StatusOK, Err: err}, size)
	}
	w.failed = 0
	w.sizes.good()
	w.metrics.rows.WithLabelValues(w.of.Name).Add(float64(len(page.Rows)))
	if w.pages == 0 && w.total != nil && !w.total(page.Total) {
		return false, nil
	}
	w.pages++
	rows, stop, err := w.rows(page)
	if err != nil {
		return false, err
	}
	done := w.edge
	if stop || !page.Next.More() {
		done = w.last
	}
	if err := w.page(ctx, rows, done, w.ordered || !page.Next.More() || stop); err != nil {
		return false, err
	}
	if stop || !page.Next.More() {
		return false, nil
	}
	if page.Next.StartingAfter == "" || page.Next.StartingAfter == w.cursor {
		return false, errSamePage
	}
	w.cursor = page.Next.StartingAfter
	return true, nil
}

// rows picks those of the walk, and verifies their order. stop tells that the rest is older than the walk.
func (w *walking) rows(page api.Page) (rows []row, stop bool, err error) {
	for i, text := range page.Rows {
		o, err := w.lens.read(text)
		if err != nil {
			w.unreadable(err)
			continue
		}
		at, ok := o.seconds("/" + w.of.Order)
		id := o.scalar("/id")
		o.Release()
		if i == 0 {
			if id != "" && id == w.first && w.pages > 1 {
				return nil, false, errSamePage
			}
			w.first = id
		}
		if !ok {
			w.unreadable(fmt.Errorf("%s is no number of seconds", w.of.Order))
			continue
		}
		w.follow(at)
		switch {
		case w.open:
		case at >= w.to || at < w.from && !w.descending:
			continue
		case at < w.from:
			stop = true
			continue
		}
		rows = append(rows, row{text, id, at})
	}
	return rows, stop && w.ordered, nil
}

// follow notes how far the rows have come. Those of the last second may go on on the next page.
func (w *walking) follow(at int64) {
	edge := at // all before it, or all behind it, are read
	if w.descending {
		edge = at + 1
		w.ordered = w.ordered && (edge <= w.edge || w.edge == w.to)
		if edge < w.edge {
			w.edge = edge
		}
		return
	}
	w.ordered = w.ordered && edge >= w.edge
	if edge > w.edge {
		w.edge = edge
	}
}

// retry decides what to do about a page that is not answered: ask again, ask for less, or give up.
func (w *walking) retry(ctx context.Context, err error, size int) (bool, error) {
	var fault *api.Fault
	if ctx.Err() != nil || !errors.As(err, &fault) {
		return false, err
	}
	missing := fault.Status == http.StatusNotFound // of a search it says nothing about rows
	if !fault.Passing() && !missing {
		if fault.Status == http.StatusBadRequest && w.cursor != "" && w.failed == 0 { // a cursor that is not known any longer
			w.failed++
			return false, &stuckError{w.stuckAt(), err}
		}
		return false, err
	}
	w.failed++
	if fault.TooMuch() && size < len(pageSizes)-1 {
		w.sizes.less(size)
		w.failed = min(w.failed, 1)
		return true, api.Pause(ctx, w.failed)
	}
	most := failures
	if w.tries > 0 {
		most = w.tries
	}
	if w.failed >= most {
		return false, &stuckError{w.stuckAt(), err}
	}
	return true, api.Pause(ctx, w.failed)
}

// stuckAt is the second whose rows come next.
func (w *walking) stuckAt() int64 {
	if w.descending {
		return w.edge - 1
	}
	return w.edge
}

// request asks for the next page.
func (w *walking) request(size int) api.Request {
	order := "ascending"
	if w.descending {
		order = "descending"
	}
	b := append([]byte(`{"query":`), w.query()...)
	b = append(append(b, `,"sort":{"field":"updated_at","order":"`...), order...)
	b = strconv.AppendInt(append(b, `"},"pagination":{"per_page":`...), int64(size), 10)
	if w.cursor != "" {
		b = append(b, `,"starting_after":`...)
		b = strconv.AppendQuote(b, w.cursor) // which is base64, or at any rate no control character
	}
	return api.Request{
		Method: http.MethodPost, Endpoint: w.of.Path, Path: w.of.Path, Body: append(b, "}}"...), Lane: w.lane, Tries: 1,
	}
}

// query selects the walk's rows. Bounds may or may not be inclusive, and those of contacts count whole days, so that rows are
// selected again when they are read.
func (w *walk) query() string {
	switch {
	case w.open:
		return `{"field":"open","operator":"=","value":true}`
	case w.of.Way == intercom.ByDay && w.from <= 0:
		return fmt.Sprintf(`{"operator":"OR","value":[{"field":"updated_at","operator":"<","value":%[1]d},{"field":"updated_at","operator":"=","value":%[1]d}]}`, w.to-1)
	case w.of.Way == intercom.ByDay:
		return fmt.Sprintf(`{"operator":"OR","value":[{"operator":"AND","value":[{"field":"updated_at","operator":">","value":%[1]d},{"field":"updated_at","operator":"<","value":%[2]d}]},`+
			`{"operator":"OR","value":[{"field":"updated_at","operator":"=","value":%[1]d},{"field":"updated_at","operator":"=","value":%[2]d}]}]}`, w.from, w.to-1)
	case w.from <= 0:
		return fmt.Sprintf(`{"operator":"AND","value":[{"field":"updated_at","operator":"<","value":%d}]}`, w.to)
	}
	return fmt.Sprintf(`{"operator":"AND","value":[{"field":"updated_at","operator":">","value":%d},{"field":"updated_at","operator":"<","value":%d}]}`, w.from-1, w.to)
}
