package poll

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"source-intercom-ingest/intercom/api"
)

// inFlight is how many requests may be under way at a time: enough for 10,000 a minute at a third of a second each.
const inFlight = 64

// transport keeps as many connections as there are requests under way.
func transport() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		MaxIdleConnsPerHost:   inFlight,
		MaxConnsPerHost:       inFlight,
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
		ResponseHeaderTimeout: 90 * time.Second,
	}
}

// connect learns whose token it is, however long that takes.
func (p *Poller) connect(ctx context.Context) error {
	for wait := time.Second; ; wait = min(2*wait, retryAfter) {
		err := p.identify(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if fatal := p.settled("", err); fatal != nil {
			return fatal
		}
		if err == nil {
			return nil
		}
		if err := api.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// identify asks who the token is, of the region that knows it.
func (p *Poller) identify(ctx context.Context) error {
	client, me, err := Identify(ctx, p.client.Load(), p.Access.BaseURL == "", 1)
	if err != nil {
		return err
	}
	p.client.Store(client)
	zone, err := time.LoadLocation(me.App.Timezone)
	if err != nil {
		zone = time.UTC
	}
	p.zone.Store(zone)
	p.me.Store(&me)
	p.Workspace(me.App.IDCode)
	return nil
}

// renew asks again once a day: an administrator may have changed the workspace's time zone.
func (p *Poller) renew(ctx context.Context) error {
	const daily = 24 * time.Hour
	for {
		if err := api.Sleep(ctx, daily); err != nil {
			return err
		}
		if err := p.settled("", p.identify(ctx)); err != nil {
			return err
		}
	}
}

// Identify asks whose a token is. Where no address is configured, each region is asked until one knows the token, and the
// client that is returned asks the region of its workspace.
func Identify(ctx context.Context, client *api.Client, anyRegion bool, tries int) (*api.Client, api.Me, error) {
	me, err := client.Me(ctx, tries)
	if !anyRegion {
		return client, me, err
	}
	for _, region := range []string{"EU", "AU"} {
		var fault *api.Fault
		if err == nil || !errors.As(err, &fault) || fault.Status != http.StatusUnauthorized {
			break
		}
		other, atErr := client.At(api.BaseURL(region))
		if atErr != nil {
			return client, me, atErr
		}
		if theirs, theirErr := other.Me(ctx, tries); theirErr == nil {
			client, me, err = other, theirs, nil
		}
	}
	if err != nil {
		return client, me, err
	}
	client, err = client.At(api.BaseURL(me.App.Region))
	return client, me, err
}

// cure says what to do about an error of the API, in words for who configured the capture.
func cure(resource string, err error) string {
	var fault *api.Fault
	switch {
	case !errors.As(err, &fault):
		return fmt.Sprint(err)
	case fault.Status == http.StatusUnauthorized && resource == "":
		return fmt.Sprintf("%v; the access token is not valid any longer: copy it anew from the Authentication page of the app in Intercom's Developer Hub", err)
	case fault.Code == "api_plan_restricted" || fault.Status == http.StatusPaymentRequired:
		return fmt.Sprintf("%v; the workspace's plan does not have %s: change the plan, or disable the binding", err, resource)
	case fault.Denied():
		return fmt.Sprintf("%v; give the app the permission %q on the Authentication page in Intercom's Developer Hub and copy the token anew, or disable the binding", err, scope(resource))
	case fault.Code == "intercom_version_invalid":
		return fmt.Sprintf("%v; set apiVersion to one that has %s, or disable the binding", err, resource)
	case resource == "custom" && fault.Status != 0:
		return fmt.Sprintf("%v; check url, which must be a list of Intercom's API", err)
	case fault.Status == 0 && resource == "":
		return fmt.Sprintf("%v; check apiBaseUrl and the network", err)
	}
	return fmt.Sprint(err)
}

// scope is the permission that a resource needs, as the Developer Hub names it.
func scope(resource string) string {
	switch resource {
	case "conversations", "conversation_parts":
		return "Read conversations"
	case "contacts", "companies", "company_segments", "contact_notes", "segments", "data_attributes":
		return "Read and list users and companies"
	case "tickets", "ticket_parts", "ticket_types", "ticket_states":
		return "Read tickets"
	case "admins", "teams":
		return "Read admins"
	case "tags":
		return "Read tags"
	case "activity_logs":
		return "Read admin activity logs"
	case "articles", "collections", "help_centers":
		return "Read and list articles"
	case "":
		return "Read admins"
	}
	return "that reads " + resource
}
