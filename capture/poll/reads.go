package poll

import (
	"context"
	"errors"
	"fmt"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/intercom/api"
	"source-intercom-ingest/spec"
)

// A Permissions says which resources a token may read.
type Permissions struct{ Granted, Denied []string }

// Reads asks who a token is and for a row of each resource.
func Reads(ctx context.Context, access spec.Access) (api.Me, Permissions, error) {
	var may Permissions
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	client, err := api.New(api.Config{BaseURL: access.BaseURL, Token: access.Token, Version: access.Version, Transport: transport()})
	if err != nil {
		return api.Me{}, may, err
	}
	me, err := client.Me(ctx, checkTries)
	if err != nil {
		return me, may, errors.New(cure("", err))
	}
	for _, r := range intercom.Resources {
		if r.Way == intercom.Custom || r.Way == intercom.Parts || r.Way == intercom.Children {
			continue // there is no list, or it is that of its parent
		}
		b := &Binding{Polled: spec.Polled{Resource: r}}
		switch err := b.askRow(ctx, client); {
		case err == nil:
			may.Granted = append(may.Granted, r.Name)
		case denied(err):
			may.Denied = append(may.Denied, r.Name)
		default:
			return me, may, fmt.Errorf("asking for %s: %w", r.Name, err)
		}
	}
	return me, may, nil
}
