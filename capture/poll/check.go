package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
	"source-intercom-ingest/spec"
)

// checkTries and checkTime bound what a check waits for.
const (
	checkTries = 3
	checkTime  = 60 * time.Second
)

// Check asks the API who the token is, and for a row of each binding. Its errors name the binding and the cure.
func Check(ctx context.Context, access spec.Access, bindings []*Binding) error {
	if !access.Granted() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	base := access.BaseURL
	if base == "" {
		base = api.BaseURL("")
	}
	client, err := api.New(api.Config{BaseURL: base, Token: access.Token, Version: access.Version, Share: access.Share, Transport: transport()})
	if err != nil {
		return fmt.Errorf("endpoint config: apiBaseUrl: %w", err)
	}
	client, _, err = Identify(ctx, client, access.BaseURL == "", checkTries)
	if err != nil {
		return fmt.Errorf("endpoint config: credentials: %s", cure("", err))
	}
	for _, b := range bindings {
		if err := b.askRow(ctx, client); err != nil {
			return fmt.Errorf("binding %d (%s): resource %s: %s", b.index, b.collection, b.Name, cure(b.Name, err))
		}
	}
	return nil
}

// askRow asks for one row.
func (b *Binding) askRow(ctx context.Context, client *api.Client) error {
	for _, r := range b.oneRow() {
		var page api.Page
		r.Lane, r.Tries = api.Live, checkTries
		err := client.Do(ctx, r, func(from io.Reader) error {
			text, err := io.ReadAll(io.LimitReader(from, maxCheck))
			if err == nil {
				page, err = api.ParsePage(text)
			}
			return err
		})
		var fault *api.Fault
		if errors.As(err, &fault) && fault.Gone() && b.Way != intercom.Custom && b.Way != intercom.Snapshot && b.Way != intercom.Newest {
			continue // of an object, or of a search that has none
		}
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if b.Way != intercom.Custom {
				break
			}
			if err := b.checkRow(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRow holds a custom resource's fields to what its list has.
func (b *Binding) checkRow(text []byte) error {
	o, err := b.lens.read(text)
	if err != nil {
		return err
	}
	defer o.Release()
	if o.scalar(b.ID) == "" {
		return fmt.Errorf("an object of the list has no id at idField %q; write the JSON pointer to one", b.ID)
	}
	if value := o.value(b.Updated); len(value) > 0 && value[0] != 'n' && b.updatedAt(o) == 0 {
		return fmt.Errorf("what an object of the list has at updatedField %q is not written as updatedFormat %q says; write how it is", b.Updated, b.Format)
	}
	return nil
}

// oneRow are the requests that ask for as little as can be of what a binding reads.
func (b *Binding) oneRow() []api.Request {
	get := func(path string) api.Request {
		return api.Request{Method: http.MethodGet, Endpoint: b.Path, Path: path}
	}
	search := func(path string) api.Request {
		const body = `{"query":{"field":"updated_at","operator":">","value":0},"sort":{"field":"updated_at","order":"descending"},"pagination":{"per_page":1}}`
		return api.Request{Method: http.MethodPost, Endpoint: path, Path: path, Body: []byte(body)}
	}
	switch b.Way {
	case intercom.BySearch, intercom.ByDay, intercom.Parts:
		return []api.Request{search(b.Path)}
	case intercom.Companies:
		return []api.Request{{Method: http.MethodPost, Endpoint: b.Path, Path: b.Path + "?page=1&per_page=1"}}
	case intercom.Children:
		if b.Parent == "contacts" {
			return []api.Request{search("/contacts/search")}
		}
		return []api.Request{{Method: http.MethodPost, Endpoint: companiesPath, Path: companiesPath + "?page=1&per_page=1"}}
	case intercom.Log:
		now := time.Now().Unix()
		return []api.Request{get(fmt.Sprintf("%s?created_at_after=%d&created_at_before=%d", b.Path, now-60, now))}
	}
	if len(b.Models) > 0 {
		return []api.Request{get(b.Path + slices.Min(b.Models))}
	}
	return []api.Request{get(pathOf(b.Path))}
}

// maxCheck bounds what is read of an answer.
const maxCheck = 64 << 20
