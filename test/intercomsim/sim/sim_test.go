package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// begin is a time at which Dublin's day and UTC's differ by an hour.
var begin = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func workspace(t *testing.T, c Config) (*Workspace, func(method, path, body string) (int, map[string]any, http.Header)) {
	t.Helper()
	w := New(c)
	w.Clock.Freeze(begin)
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return w, func(method, path, body string) (int, map[string]any, http.Header) {
		t.Helper()
		version, path, _ := strings.Cut(path, " ")
		if path == "" {
			version, path = "2.14", version
		}
		r, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer tok")
		r.Header.Set("Intercom-Version", version)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
		return answer.StatusCode, members, answer.Header
	}
}

func searchFor(from, to int64, size int, after string) string {
	return fmt.Sprintf(`{"query":{"operator":"AND","value":[{"field":"updated_at","operator":">","value":%d},{"field":"updated_at","operator":"<","value":%d}]},"sort":{"field":"updated_at","order":"ascending"},"pagination":{"per_page":%d,"starting_after":%s}}`, from, to, size, after)
}

func TestEveryObjectHasTheMembersThatAreDocumented(t *testing.T) {
	w, do := workspace(t, Config{})
	w.Fill(Sizes{Conversations: 3, Parts: 2, Contacts: 3, Companies: 3, Tickets: 3, History: time.Hour})
	for _, path := range []string{"/conversations/" + ConversationID(1), "/contacts/" + ContactID(1), "/tickets/" + TicketID(1), "/companies/" + CompanyID(1)} {
		status, object, _ := do("GET", path, "")
		for _, member := range []string{"type", "id", "created_at", "updated_at"} {
			if status != 200 || object[member] == nil {
				t.Errorf("%s: %d, no %s in %v", path, status, member, object)
			}
		}
	}
	for path := range standardLists {
		if status, _, _ := do("GET", path, ""); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestPagesWalkAllRowsOfOneSecondOnce(t *testing.T) {
	w, do := workspace(t, Config{})
	for n := range 7 {
		w.Put(Version{Kind: Conversations, ID: ConversationID(n), Created: 1, Updated: begin.Unix()})
	}
	seen, after := map[any]int{}, "null"
	for range 10 {
		_, found, _ := do("POST", "/conversations/search", searchFor(begin.Unix()-1, begin.Unix()+1, 3, after))
		for _, row := range found["conversations"].([]any) {
			seen[row.(map[string]any)["id"]]++
		}
		next, more := found["pages"].(map[string]any)["next"].(map[string]any)
		if !more {
			break
		}
		after = fmt.Sprintf("%q", next["starting_after"])
	}
	if len(seen) != 7 {
		t.Errorf("the pages had %v", seen)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%v came %d times", id, times)
		}
	}
}

func TestSearchesFindAChangeWhenTheIndexDoesAndGetsAtOnce(t *testing.T) {
	w, do := workspace(t, Config{Lag: func(int) time.Duration { return time.Minute }})
	w.Put(Version{Kind: Conversations, ID: ConversationID(1), Updated: begin.Unix()})
	search := searchFor(0, begin.Unix()+1000, 150, "null")
	_, found, _ := do("POST", "/conversations/search", search)
	if found["total_count"] != 0.0 {
		t.Errorf("at once: %v", found["total_count"])
	}
	if status, _, _ := do("GET", "/conversations/"+ConversationID(1), ""); status != 200 {
		t.Errorf("the truth: %d", status)
	}
	w.Clock.Advance(time.Minute)
	if _, found, _ = do("POST", "/conversations/search", search); found["total_count"] != 1.0 {
		t.Errorf("a minute later: %v", found["total_count"])
	}
}

func TestDatesOfContactsAreDaysOfTheZone(t *testing.T) {
	w, do := workspace(t, Config{Timezone: "America/Los_Angeles"})
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	// The day on which clocks go back has 25 hours.
	lastSecond := time.Date(2026, 11, 1, 23, 59, 59, 0, zone)
	w.Clock.Freeze(lastSecond.Add(time.Hour))
	w.Put(Version{Kind: Contacts, ID: ContactID(1), Updated: lastSecond.Unix()})
	filter := func(operator string, at time.Time) any {
		_, found, _ := do("POST", "/contacts/search", fmt.Sprintf(`{"query":{"field":"updated_at","operator":"%s","value":%d}}`, operator, at.Unix()))
		return found["total_count"]
	}
	morning := time.Date(2026, 11, 1, 0, 30, 0, 0, zone)
	for _, c := range []struct {
		operator string
		at       time.Time
		want     float64
	}{
		{"=", morning, 1}, {">", morning, 0}, {"<", morning, 0},
		{">", morning.Add(-time.Hour), 1}, {"<", lastSecond.Add(time.Second), 1}, {"=", lastSecond.Add(time.Second), 0},
	} {
		if got := filter(c.operator, c.at); got != c.want {
			t.Errorf("%s %v: %v, want %v", c.operator, c.at, got, c.want)
		}
	}
	if status, _, _ := do("POST", "/contacts/search", `{"query":{"field":"updated_at","operator":">=","value":1}}`); status != 400 {
		t.Errorf(">= on a date of contacts: %d", status)
	}
}

func TestRefusals(t *testing.T) {
	w, do := workspace(t, Config{})
	for n := range 4 {
		w.Put(Version{Kind: Conversations, ID: ConversationID(n), Updated: begin.Unix()})
	}
	w.Deny("tickets", true)
	cursorWithoutSort := `{"query":{"field":"open","operator":"=","value":false},"pagination":{"per_page":1,"starting_after":"` + cursor{1, 1, 2}.String() + `"}}`
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "9.9 /me", "", 400, "intercom_version_invalid"},
		{"GET", "2.14 /conversations/deleted", "", 400, "intercom_version_invalid"},
		{"POST", "/tickets/search", searchFor(0, 1, 1, "null"), 403, "forbidden"},
		{"POST", "/conversations/search", searchFor(0, 1, 151, "null"), 400, "parameter_invalid"},
		{"POST", "/conversations/search", searchFor(0, 1, 1, `"nonsense"`), 400, "client_error"},
		{"POST", "/conversations/search", cursorWithoutSort, 500, "server_error"},
		{"POST", "/conversations/search", strings.ReplaceAll(searchFor(0, 1, 1, "null"), "updated_at", "segment_id"), 400, "invalid_field"},
		{"POST", "2.16 /conversations/search", strings.ReplaceAll(searchFor(0, 1, 1, "null"), "ascending", "desc"), 400, "invalid_sort_order"},
		{"GET", "/conversations/404", "", 404, "not_found"},
		{"POST", "/companies/list?per_page=60&page=168", "", 400, "bad_request"},
	} {
		status, body, _ := do(c.method, c.path, c.body)
		code := body["errors"].([]any)[0].(map[string]any)["code"]
		if status != c.status || code != c.code {
			t.Errorf("%s %s: %d %v, want %d %s", c.method, c.path, status, code, c.status, c.code)
		}
	}
	w.Revoke(true)
	if status, _, _ := do("GET", "/me", ""); status != 401 {
		t.Errorf("a revoked token: %d", status)
	}
}

func TestAScrollIsTheOnlyOneAndExpires(t *testing.T) {
	w, do := workspace(t, Config{})
	for n := range 250 {
		w.Put(Version{Kind: Companies, ID: CompanyID(n), Updated: begin.Unix()})
	}
	_, first, _ := do("GET", "/companies/scroll", "")
	if status, _, _ := do("GET", "/companies/scroll", ""); status != 400 {
		t.Errorf("a second scroll: %d", status)
	}
	next := "/companies/scroll?scroll_param=" + first["scroll_param"].(string)
	total := len(first["data"].([]any))
	for _, want := range []int{100, 50, 0} {
		_, page, _ := do("GET", next, "")
		if got := len(page["data"].([]any)); got != want {
			t.Errorf("a page of %d, want %d", got, want)
		}
		total += want
	}
	if total != 250 {
		t.Errorf("%d companies", total)
	}
	_, again, _ := do("GET", "/companies/scroll", "")
	w.Clock.Advance(61 * time.Second)
	if status, _, _ := do("GET", "/companies/scroll?scroll_param="+again["scroll_param"].(string), ""); status != 404 {
		t.Errorf("an expired scroll: %d", status)
	}
}

func TestTheRateIsCountedInWindowsOfTenSeconds(t *testing.T) {
	w, do := workspace(t, Config{Limit: 60})
	for n := range 10 {
		if status, _, _ := do("GET", "/me", ""); status != 200 {
			t.Errorf("request %d: %d", n, status)
		}
	}
	status, _, header := do("GET", "/me", "")
	if status != 429 || header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("one too many: %d %v", status, header)
	}
	w.Clock.Advance(10 * time.Second)
	if status, _, _ := do("GET", "/me", ""); status != 200 {
		t.Errorf("in the next window: %d", status)
	}
}

func TestDeletedAndMergedObjects(t *testing.T) {
	w, do := workspace(t, Config{})
	w.Put(Version{Kind: Conversations, ID: ConversationID(1), Updated: begin.Unix()})
	w.Put(Version{Kind: Contacts, ID: ContactID(1), Updated: begin.Unix()})
	w.Put(Version{Kind: Contacts, ID: ContactID(2), Updated: begin.Unix()})
	w.Delete(Conversations, ConversationID(1))
	w.Merge(ContactID(1), ContactID(2))
	_, list, _ := do("GET", "2.16 /conversations/deleted", "")
	if list["total_count"] != 1.0 {
		t.Errorf("deleted: %v", list)
	}
	for path, want := range map[string]int{
		"/conversations/" + ConversationID(1): 404, "2.14 /contacts/" + ContactID(1): 404, "2.16 /contacts/" + ContactID(1): 410, "/contacts/" + ContactID(2): 200,
	} {
		if status, _, _ := do("GET", path, ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
}

func TestFaultsComeAsTheirRuleSays(t *testing.T) {
	w, do := workspace(t, Config{})
	w.Inject(Fault{Path: "/me", Skip: 1, Times: 2, Status: 503})
	var got []int
	for range 4 {
		status, _, _ := do("GET", "/me", "")
		got = append(got, status)
	}
	if fmt.Sprint(got) != "[200 503 503 200]" {
		t.Errorf("%v", got)
	}
	if w.Count("GET /me") != 4 || w.Count("503") != 2 {
		t.Errorf("counted %d and %d", w.Count("GET /me"), w.Count("503"))
	}
}
