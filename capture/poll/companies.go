package poll

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"source-intercom-ingest/intercom/api"
)

const (
	companiesPath = "/companies/list"
	scrollPath    = "/companies/scroll"
	// listedCompanies are at most asked for by list, which ends at 10,000.
	listedCompanies = 9_000
	companiesPage   = "?page=1&per_page=60&order=desc"
)

// companies reads all of them: by their list while they are few, else by a scroll. Only the scroll has those without users.
func (r *reading) companies(ctx context.Context) error {
	whole, err := r.companyList(ctx)
	if whole || err != nil {
		return err
	}
	return r.scrollAll(ctx)
}

// companyList reads the list; false where it is too long.
func (r *reading) companyList(ctx context.Context) (whole bool, err error) {
	const again = 3 // a company that is active moves to the front, and another may be passed
	for range again {
		first, last := -1, -1
		ask := api.Request{Method: http.MethodPost, Endpoint: companiesPath, Path: companiesPath + companiesPage, Lane: r.lane(), Tries: listTries}
		err = r.pages(ctx, ask, maxListPages, func(page api.Page) (bool, error) {
			if last = page.Total; first < 0 {
				first = last
			}
			if page.Total > listedCompanies {
				return false, errTooMany
			}
			return true, r.companyRows(ctx, page)
		})
		var fault *api.Fault
		switch {
		case errors.Is(err, errTooMany), errors.As(err, &fault) && fault.Status == http.StatusBadRequest:
			return false, nil // it says so itself where it ends
		case err != nil:
			return true, err
		case first == last:
			return true, nil
		}
	}
	return true, nil
}

func (r *reading) companyRows(ctx context.Context, page api.Page) error {
	r.metrics.rows.WithLabelValues(r.name()).Add(float64(len(page.Rows)))
	for _, row := range page.Rows {
		if _, err := r.row(ctx, row, ""); err != nil {
			return err
		}
	}
	return nil
}

// Limits of a scroll, of which a workspace has one at a time, and which is lost after a minute's pause.
const (
	scrollRestarts = 3
	scrollBusy     = 3 * 65 * time.Second // how long another's is waited for
	scrollAgain    = 5 * time.Second
	emptyPages     = 2 // end it, or a 404 does
)

// scrollAll walks the scroll, from its start again where it is lost. Where another has it, the list's part is all there is.
func (r *reading) scrollAll(ctx context.Context) error {
	r.scroll.Lock()
	defer r.scroll.Unlock()
	var busy time.Time // since when another has it
	for restart := 0; ; restart++ {
		err := r.scrollOnce(ctx)
		var fault *api.Fault
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case errors.As(err, &fault) && fault.Code == "scroll_exists":
			if busy.IsZero() {
				busy = r.now()
			}
			restart--
			if r.now().Sub(busy) > scrollBusy { // by the API's clock, as another's scroll ends by that
				r.Log.WithField("eventType", "connectorStatus").WithField("resource", r.name()).
					Warn("another app scrolls through the companies of the workspace, so that only those are read that the list has: 10,000, with users; the next round tries again")
				return r.capped(ctx)
			}
			if err := api.Sleep(ctx, scrollAgain); err != nil {
				return err
			}
		case restart >= scrollRestarts || denied(err) && !errors.Is(err, errScrollLost):
			return err
		}
	}
}

var errScrollLost = errors.New("the scroll through companies was lost")

// scrollOnce walks from the start to the end. Pages are small and few wait, so that the runtime holds the scroll up by no more
// than its own pace.
func (r *reading) scrollOnce(ctx context.Context) error {
	param, empty, again := "", 0, false
	for {
		ask := api.Request{Method: http.MethodGet, Endpoint: scrollPath, Path: scrollPath, Lane: api.Scroll, Tries: 2}
		if param != "" {
			ask.Path += "?scroll_param=" + url.QueryEscape(param)
		}
		rows, next := 0, ""
		_, err := r.page(ctx, ask, func(page api.Page) (bool, error) {
			rows, next = len(page.Rows), page.Scroll
			return true, r.companyRows(ctx, page)
		})
		var fault *api.Fault
		if errors.As(err, &fault) && fault.Status == http.StatusNotFound {
			if empty > 0 {
				return nil // that is how it ends
			}
			if param == "" {
				return err
			}
			return errScrollLost
		}
		if errors.As(err, &fault) && fault.Passing() && !again {
			again = true // the same request often succeeds
			continue
		}
		if err != nil {
			return err
		}
		again = false
		if next != "" {
			param = next
		}
		if rows > 0 {
			empty = 0
		} else if empty++; empty >= emptyPages || param == "" {
			return nil
		}
	}
}

// capped reads what the list has.
func (r *reading) capped(ctx context.Context) error {
	ask := api.Request{Method: http.MethodPost, Endpoint: companiesPath, Path: companiesPath + companiesPage, Lane: r.lane(), Tries: listTries}
	err := r.pages(ctx, ask, maxListPages, func(page api.Page) (bool, error) { return true, r.companyRows(ctx, page) })
	var fault *api.Fault
	if errors.As(err, &fault) && fault.Status == http.StatusBadRequest {
		return nil
	}
	return err
}

var errTooMany = errors.New("there are more companies than the list has")
