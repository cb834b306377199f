package poll

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"source-intercom-ingest/intercom/api"
)

// Regions answer who a token is as those of Intercom do: each knows its own tokens alone.
type regions struct {
	of    string // the region that knows the token
	asked []string
}

func (r *regions) RoundTrip(request *http.Request) (*http.Response, error) {
	r.asked = append(r.asked, request.URL.Host)
	answer := &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{}, Request: request,
		Body: io.NopCloser(strings.NewReader(`{"type":"error.list","errors":[{"code":"unauthorized","message":"Access Token Invalid"}]}`))}
	if request.URL.Host == strings.TrimPrefix(api.BaseURL(r.of), "https://") {
		answer.StatusCode = http.StatusOK
		answer.Body = io.NopCloser(strings.NewReader(fmt.Sprintf(`{"type":"admin","app":{"id_code":"qz7w41xk","region":%q}}`, r.of)))
	}
	return answer, nil
}

// A token is asked of each region until one knows it, and from then on that region is asked.
func TestATokenIsFoundInItsRegion(t *testing.T) {
	for _, region := range []string{"US", "EU", "AU"} {
		r := &regions{of: region}
		client, err := api.New(api.Config{BaseURL: api.BaseURL(""), Token: "t", Transport: r})
		if err != nil {
			t.Fatal(err)
		}
		found, me, err := Identify(t.Context(), client, true, 1)
		if err != nil || me.App.Region != region {
			t.Errorf("%s: %v, %v", region, me, err)
			continue
		}
		if _, err := found.Me(t.Context(), 1); err != nil {
			t.Errorf("%s: %v, asked %v", region, err, r.asked)
		}
	}
	r := &regions{of: "EU"}
	client, err := api.New(api.Config{BaseURL: api.BaseURL(""), Token: "t", Transport: r})
	if err != nil {
		t.Fatal(err)
	}
	var fault *api.Fault
	if _, _, err := Identify(t.Context(), client, false, 1); !errors.As(err, &fault) || len(r.asked) != 1 {
		t.Errorf("%v: an address that is configured is the only one, asked %v", err, r.asked)
	}
}

// What is wrong is told with its cure.
func TestCuresFitTheFault(t *testing.T) {
	for want, c := range map[string]struct {
		resource string
		fault    *api.Fault
	}{
		"copy it anew from the Authentication page":    {"", &api.Fault{Status: 401, Code: "unauthorized"}},
		`give the app the permission "Read tickets"`:   {"tickets", &api.Fault{Status: 403, Code: "forbidden"}},
		"the workspace's plan does not have tickets":   {"tickets", &api.Fault{Status: 403, Code: "api_plan_restricted"}},
		"change the plan, or disable the binding":      {"calls", &api.Fault{Status: 402}},
		"set apiVersion to one that has ticket_states": {"ticket_states", &api.Fault{Status: 400, Code: "intercom_version_invalid"}},
		"check url, which must be a list":              {"custom", &api.Fault{Status: 404}},
		"check apiBaseUrl and the network":             {"", &api.Fault{Err: io.ErrUnexpectedEOF}},
		"Intercom answered 500":                        {"tickets", &api.Fault{Status: 500}},
	} {
		if got := cure(c.resource, c.fault); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
