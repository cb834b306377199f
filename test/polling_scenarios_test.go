package test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"source-intercom-ingest/test/intercomsim/sim"
)

// meta is a member of a document's _meta.
func meta(o object, name string) any { return o["_meta"].(object)[name] }

// small is enough for what does not depend on size.
var small = sim.Sizes{Conversations: 20, Parts: 2, Contacts: 10, Companies: 10, Tickets: 6, History: 30 * 24 * time.Hour}

// What changes is found by the next look, with the parts that are new and those that were edited, and the object's bytes are the
// API's.
func TestAChangeIsFoundWithItsParts(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, small)
		p := poll(t, w, setup{codec: codec})
		p.settled(t)
		id := sim.ConversationID(3)
		v := w.Change(sim.Conversations, id, func(v *sim.Version) { v.Parts++; v.Redacted = map[int]bool{0: true} })
		p.until(t, "the new part", func() bool { return p.objects["conversation_parts"][v.PartID(2)] != nil })
		p.until(t, "the edited part", func() bool {
			return p.objects["conversation_parts"][v.PartID(0)]["redacted"] == true
		})
		p.until(t, "the conversation", func() bool {
			o := p.objects["conversations"][id]
			return o["updated_at"].(float64) == float64(v.Updated) && o["conversation_parts"] == nil
		})
		p.mu.Lock()
		part := p.objects["conversation_parts"][v.PartID(2)]
		if part["conversation_id"] != id || part["conversation_updated_at"] != float64(v.Updated) {
			t.Errorf("the part is %v", part)
		}
		if o := p.objects["conversations"][id]; meta(o, "op") != "u" || meta(o, "source") != "poll" || meta(o, "workspaceId") != "qz7w41xk" {
			t.Errorf("the conversation's meta is %v", o["_meta"])
		}
		p.mu.Unlock()
		w.Put(sim.Version{Kind: sim.Conversations, ID: sim.ConversationID(900), Created: w.Clock.Now().Unix(), Updated: w.Clock.Now().Unix(), Parts: 1})
		p.until(t, "a conversation that is new, as created", func() bool {
			o := p.objects["conversations"][sim.ConversationID(900)]
			return o != nil && meta(o, "op") == "c"
		})
	})
}

// A workspace in which nothing happens makes no documents, and few requests.
func TestAnIdleWorkspaceMakesNoDocuments(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	p := poll(t, w, setup{codec: "json", resources: []string{"conversations", "conversation_parts", "contacts", "companies", "tickets", "ticket_parts", "tags", "admins", "articles"}})
	p.settled(t)
	p.rounds(t, "conversations", 1)
	p.rounds(t, "tags", 1)
	p.mu.Lock()
	before := len(p.history)
	p.mu.Unlock()
	w.Forget()
	p.rounds(t, "conversations", 5)
	if n := len(w.Requests()); n > 5*12 {
		t.Errorf("%d requests in five rounds", n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.history) - before; n > 0 {
		t.Errorf("%d documents, the first %s", n, p.history[before].text)
	}
}

// Conversations that are deleted, contacts that are merged, and tags that are gone are deleted.
func TestDeletionsAreFound(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, small)
		p := poll(t, w, setup{codec: codec, resources: append([]string{"tags"}, usualResources...)})
		p.settled(t)
		w.Delete(sim.Conversations, sim.ConversationID(1))
		p.until(t, "the conversation is gone", func() bool { return p.objects["conversations"][sim.ConversationID(1)] == nil })
		w.SetList("/tags", `[{"type":"tag","id":7100,"name":"Tag 0"}]`)
		p.until(t, "the tag is gone", func() bool { return p.of("tags") == 1 && p.objects["tags"]["7100"] != nil })
	})
}

// A deletion while nobody looked is found by the next session.
func TestADeletionIsFoundAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	s := setup{codec: "proto", resources: []string{"tags", "conversations"}}
	p := poll(t, w, s)
	p.settled(t)
	s.state = p.kill(t)
	w.SetList("/tags", `[{"type":"tag","id":"7101","name":"Tag 1"}]`)
	w.Delete(sim.Conversations, sim.ConversationID(1))
	again := poll(t, w, s)
	again.until(t, "both deletions", func() bool {
		gone := map[string]bool{}
		for _, d := range again.history {
			if meta(d.doc, "op") == "d" {
				gone[d.resource+"/"+d.doc["id"].(string)] = true
			}
		}
		return gone["tags/7100"] && gone["conversations/"+sim.ConversationID(1)]
	})
	for _, d := range again.documents("tags") {
		if meta(d.doc, "op") != "d" {
			t.Errorf("what has not changed is there again: %s", d.text)
		}
	}
}

// Where the API can not answer large pages, smaller ones are asked for; empty answers, gateway's errors and broken ones are tried
// again.
func TestFaultsInPassingLoseNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sim.Fault{
		"gateway timeouts":  {Method: "POST", Path: "/conversations/search", Body: `"per_page":150`, Status: 504, HTML: true},
		"empty answers":     {Path: "/", Every: 5, Times: 20, Skip: 1, Status: 200},
		"broken answers":    {Path: "/conversations", Every: 7, Times: 10, Break: true},
		"server errors":     {Path: "/contacts/search", Times: 2, Status: 500},
		"gateways":          {Path: "/companies", Times: 1, Status: 502, HTML: true},
		"not found for now": {Method: "POST", Path: "/tickets/search", Times: 2, Status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{Conversations: 200, Parts: 1, Contacts: 20, Companies: 10, Tickets: 10, History: 30 * 24 * time.Hour})
			w.Inject(fault)
			p := poll(t, w, setup{codec: "proto"})
			p.settled(t)
			p.until(t, "all objects", func() bool {
				return p.of("conversations") == 200 && p.of("conversation_parts") == 200 && p.of("contacts") == 20 && p.of("companies") == 8 && p.of("tickets") == 10
			})
		})
	}
}

// A second that the API never answers is stepped over, told, kept, and read once it is answered.
func TestASecondThatIsNotAnsweredIsSteppedOver(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{Conversations: 64, Parts: 1, History: time.Hour})
	poisoned := w.Get(sim.Conversations, sim.ConversationID(40)).Updated
	w.Inject(sim.Fault{Method: "POST", Path: "/conversations/search", Status: 404, When: func(r *http.Request) bool {
		return covers(r, poisoned)
	}})
	p := poll(t, w, setup{codec: "json", resources: []string{"conversations", "conversation_parts"}})
	p.settled(t)
	p.until(t, "all others, and the hole in the state", func() bool {
		holes, _ := p.states["conversations"].(map[string]any)["holes"].([]any)
		return p.of("conversations") == 63 && len(holes) == 1 && fmt.Sprint(holes[0]) == fmt.Sprint([]any{float64(poisoned), float64(poisoned)})
	})
	w.Heal()
	p.until(t, "the hole is filled", func() bool {
		return p.of("conversations") == 64 && p.states["conversations"].(map[string]any)["holes"] == nil
	})
}

// While the API answers nothing, nothing is stepped over: what is read waits, and is whole in the end.
func TestAnOutageLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{Conversations: 1_500, Parts: 1, Contacts: 100, Tickets: 50, History: 30 * 24 * time.Hour})
	down := make(chan struct{})
	var once sync.Once
	w.Inject(sim.Fault{Path: "/", Skip: 400, Status: 503, HTML: true, Before: func() { once.Do(func() { close(down) }) }})
	p := poll(t, w, setup{codec: "json", resources: []string{"conversations", "conversation_parts", "contacts", "tickets"}})
	<-down
	if _, err := p.waitLog(func(f map[string]any) bool { // once it lasts
		return f["level"] == "warning" && strings.Contains(fmt.Sprint(f["msg"]), "can not be polled, and is tried again: Intercom answered 503")
	}); err != nil {
		t.Fatal(err)
	}
	w.Heal()
	p.settled(t)
	p.until(t, "all objects", func() bool {
		return p.of("conversations") == 1_500 && p.of("conversation_parts") == 1_500 && p.of("contacts") == 100 && p.of("tickets") == 50
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, resource := range p.resources {
		if holes := p.states[resource].(map[string]any)["holes"]; holes != nil {
			t.Errorf("%s has holes: %v", resource, holes)
		}
	}
}

// covers tells that a search asks for a second.
func covers(r *http.Request, second int64) bool {
	from, to := bounds(r)
	return from < second && second < to
}

// bounds are those of a search by time, both exclusive.
func bounds(r *http.Request) (from, to int64) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, 0
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	to = 1 << 62
	for _, bound := range regexp.MustCompile(`"operator":"([<>])","value":(\d+)`).FindAllSubmatch(text, -1) {
		n, _ := strconv.ParseInt(string(bound[2]), 10, 64)
		if bound[1][0] == '>' {
			from = n
		} else {
			to = n
		}
	}
	return from, to
}

// Very many objects of one second are read in one go, however often the connector is killed.
func TestVeryManyOfOneSecondAreRead(t *testing.T) {
	t.Parallel()
	w := sim.New(sim.Config{Limit: 6_000_000})
	at := w.Clock.Now().Unix() - 3600
	var all []sim.Version
	for n := range 16_000 {
		all = append(all, sim.Version{Kind: sim.Tickets, ID: sim.TicketID(n), Created: at, Updated: at})
	}
	w.Load(all)
	s := setup{codec: "proto", resources: []string{"tickets"}, state: map[string]any{}}
	for range 2 {
		p := poll(t, w, s)
		p.until(t, "a part of them", func() bool { return p.of("tickets") > 3000 })
		s.state = p.kill(t)
	}
	p := poll(t, w, s)
	p.settled(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.of("tickets"); n != 16_000 {
		t.Errorf("%d of 16,000", n)
	}
}

// Contacts' lists that are cut off are completed, once, whatever their counts say.
func TestListsOfAContactAreCompleted(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{})
	now := w.Clock.Now().Unix()
	w.Load([]sim.Version{{Kind: sim.Contacts, ID: sim.ContactID(1), Created: now - 9000, Updated: now - 9000, Tags: 14, Hidden: 3, Linked: 70, SignedUp: -62135596800}})
	p := poll(t, w, setup{codec: "proto", resources: []string{"contacts"}})
	p.settled(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.objects["contacts"][sim.ContactID(1)]
	tags, companies := o["tags"].(object), o["companies"].(object)
	if n := len(tags["data"].([]any)); n != 11 || tags["has_more"] != false || tags["total_count"] != 14.0 {
		t.Errorf("%d tags: %v", n, tags)
	}
	if n := len(companies["data"].([]any)); n != 70 || companies["has_more"] != false {
		t.Errorf("%d companies", n)
	}
	if first := tags["data"].([]any)[0].(object); first["type"] != "tag" || first["url"] != "/tags/"+first["id"].(string) || len(first) != 3 {
		t.Errorf("a tag is %v", first)
	}
	if o["signed_up_at"] != -62135596800.0 {
		t.Errorf("signed up at %v", o["signed_up_at"])
	}
	if n := w.Count("GET /contacts/{id}/tags"); n != 1 {
		t.Errorf("its tags were asked for %d times", n)
	}
}

// Contacts are searched by the days of the workspace's zone, those of a change of its clocks too, and found to the second.
func TestContactsOfTheEdgesOfDaysAreFound(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	w := sim.New(sim.Config{Limit: 600_000, Timezone: zone.String()})
	w.Clock.Set(time.Date(2026, 11, 2, 0, 20, 0, 0, zone))
	var all []sim.Version
	for n, at := range []time.Time{
		time.Date(2026, 11, 1, 23, 59, 59, 0, zone), time.Date(2026, 11, 1, 0, 0, 0, 0, zone), time.Date(2026, 11, 1, 1, 30, 0, 0, zone),
		time.Date(2026, 11, 1, 1, 30, 0, 0, zone).Add(time.Hour), time.Date(2026, 3, 8, 3, 0, 0, 0, zone), time.Date(2026, 3, 8, 1, 59, 59, 0, zone),
	} {
		all = append(all, sim.Version{Kind: sim.Contacts, ID: sim.ContactID(n), Created: at.Unix(), Updated: at.Unix()})
	}
	w.Load(all)
	p := poll(t, w, setup{codec: "json", resources: []string{"contacts"}})
	p.settled(t)
	p.until(t, "all", func() bool { return p.of("contacts") == len(all) })
	w.Change(sim.Contacts, sim.ContactID(4), nil)
	p.until(t, "the change", func() bool {
		return p.objects["contacts"][sim.ContactID(4)]["updated_at"].(float64) > float64(w.Clock.Now().Unix()-60)
	})
}

// Companies that are more than their list has are all read by the scroll, and none is taken for deleted.
func TestManyCompaniesAreScrolled(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 6_000_000}, sim.Sizes{Companies: 12_000, History: 24 * time.Hour})
	p := poll(t, w, setup{codec: "proto", resources: []string{"companies"}})
	p.settled(t)
	p.rounds(t, "companies", 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.of("companies"); n != 12_000 {
		t.Errorf("%d companies", n)
	}
	if len(p.history) != 12_000 {
		t.Errorf("%d documents", len(p.history))
	}
}

// A scroll that is lost starts again, with nothing missing.
func TestALostScrollStartsAgain(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 6_000_000}, sim.Sizes{Companies: 12_000, History: 24 * time.Hour})
	w.Inject(sim.Fault{Path: "/companies/scroll", Skip: 50, Times: 1, Before: func() { w.Clock.Advance(90 * time.Second) }})
	w.Inject(sim.Fault{Path: "/companies/scroll", Skip: 70, Times: 1, Status: 500})
	p := poll(t, w, setup{codec: "proto", resources: []string{"companies"}})
	p.settled(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.of("companies"); n != 12_000 || len(p.history) != 12_000 {
		t.Errorf("%d companies in %d documents", n, len(p.history))
	}
}

// While another app scrolls, what the list has is read, with a warning.
func TestAScrollThatIsTakenFallsBackToTheList(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 6_000_000}, sim.Sizes{Companies: 12_000, Tickets: 1, History: 24 * time.Hour})
	w.HoldScroll(600)
	p := poll(t, w, setup{codec: "proto", resources: []string{"companies", "tickets"}})
	for !strings.Contains(p.logged(), "scrolls through the companies") {
		w.Clock.Advance(40 * time.Second)
		p.rounds(t, "tickets", 1)
	}
	if _, err := p.waitLog(func(f map[string]any) bool {
		return f["level"] == "warning" && strings.Contains(fmt.Sprint(f["msg"]), "scrolls through the companies")
	}); err != nil {
		t.Error(err)
	}
	p.until(t, "what the list has", func() bool { return p.of("companies") == 9600 })
}

// A contact that is too new to be found by its id is deleted, and there again once the search has it.
func TestWhatWasNotFoundTooSoonIsThereAgain(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000, Lag: func(int) time.Duration { return 4 * time.Second }}, small)
	p := poll(t, w, setup{codec: "proto", paths: true, resources: []string{"contacts"}})
	p.settled(t)
	id := sim.ContactID(500)
	now := w.Clock.Now().Unix()
	p.notify(t, notification("notif_1", "contact.user.created", fmt.Sprintf(`{"type":"contact","id":%q}`, id), now))
	p.until(t, "it is not found", func() bool {
		return slices.ContainsFunc(p.history, func(d polledDocument) bool { return d.doc["id"] == id && meta(d.doc, "op") == "d" })
	})
	w.Put(sim.Version{Kind: sim.Contacts, ID: id, Created: now, Updated: now})
	p.until(t, "it is there", func() bool { return p.objects["contacts"][id] != nil })
	w.Delete(sim.Contacts, sim.ContactID(1)) // which the search has for a while
	p.notify(t, notification("notif_2", "contact.user.updated", fmt.Sprintf(`{"type":"contact","id":%q}`, sim.ContactID(1)), now))
	p.until(t, "it is gone", func() bool { return p.objects["contacts"][sim.ContactID(1)] == nil })
	p.rounds(t, "contacts", 8)
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.objects["contacts"][sim.ContactID(1)]; o != nil {
		t.Errorf("what is gone is there again: %v", o["_meta"])
	}
}

// What one stream may not read is told with its cure, and the others go on.
func TestWhatIsDeniedIsToldAndTheOthersGoOn(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, small)
		w.Deny("tickets", true)
		p := poll(t, w, setup{codec: codec})
		p.until(t, "all of the others", func() bool { return p.of("conversations") == 20 && p.of("contacts") == 10 && p.of("companies") == 8 })
		if _, err := p.waitLog(func(f map[string]any) bool {
			return f["level"] == "warning" && f["eventType"] == "connectorStatus" && strings.Contains(fmt.Sprint(f["msg"]), `give the app the permission "Read tickets"`)
		}); err != nil {
			t.Error(err)
		}
		w.Deny("tickets", false)
		p.until(t, "the tickets", func() bool { return p.of("tickets") == 6 })
	})
}

// A token that dies ends a capture that only polls, with the cure.
func TestADeadTokenEndsACaptureThatOnlyPolls(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	p := poll(t, w, setup{codec: "json"})
	p.settled(t)
	w.Revoke(true)
	p.mu.Lock()
	for !p.ended {
		p.changed.Wait()
	}
	p.mu.Unlock()
	if code, last := p.wait(); code == 0 || !strings.Contains(last, "access token is not valid any longer") {
		t.Errorf("exit code %d, %s", code, last)
	}
}

// Faults of the API never end a capture of webhooks.
func TestADeadTokenLeavesWebhooksAlone(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, small)
		w.Revoke(true)
		p := poll(t, w, setup{codec: codec, paths: true})
		if _, err := p.waitLog(func(f map[string]any) bool {
			return f["level"] == "warning" && strings.Contains(fmt.Sprint(f["msg"]), "the access token can not be polled")
		}); err != nil {
			t.Error(err)
		}
		p.notify(t, `{"type":"notification_event","app_id":"qz7w41xk","id":"notif_1","topic":"ping","data":{"item":{"type":"ping"}}}`)
		w.Revoke(false)
		p.settled(t)
	})
}

// notify posts a notification, signed, and wants it committed.
func (p *polling) notify(t *testing.T, body string) {
	t.Helper()
	status, text, err := post(t.Context(), p.url+"/in", body, "X-Hub-Signature", signIntercom(polledSecret, body))
	if err != nil || status != 200 {
		t.Fatalf("%d %s, %v", status, text, err)
	}
}

// What changes without counting as an update is found by the daily sweep of what is open, and nothing else is read anew by it.
func TestTheDailySweepFindsWhatNoUpdateTells(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{Conversations: 40, Tickets: 40, History: 90 * 24 * time.Hour})
	p := poll(t, w, setup{codec: "proto", resources: []string{"conversations", "tickets"}})
	p.settled(t)
	was := w.Get(sim.Tickets, sim.TicketID(10)).Updated
	w.Change(sim.Tickets, sim.TicketID(10), func(v *sim.Version) { v.Updated, v.Parts = was, 9 })
	p.rounds(t, "tickets", 2)
	before := len(p.documents("tickets")) + len(p.documents("conversations"))
	w.Clock.Advance(25 * time.Hour)
	p.until(t, "the change", func() bool {
		return len(p.history) > before
	})
	p.rounds(t, "tickets", 2)
	if after := len(p.documents("tickets")) + len(p.documents("conversations")); after != before+1 {
		t.Errorf("%d documents, not one", after-before)
	}
}

// An API that answers the same page for ever is told, and ends no other stream.
func TestTheSamePageForEverIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	at := w.Clock.Now().Unix() - 60
	w.Inject(sim.Fault{Path: "/tickets/search", Status: 200, Answer: fmt.Sprintf(
		`{"type":"ticket.list","tickets":[{"id":"1","created_at":%d,"updated_at":%d}],"total_count":2,"pages":{"type":"pages","page":1,"next":{"page":2,"starting_after":"WzFd"}}}`, at, at)})
	p := poll(t, w, setup{codec: "json", resources: []string{"tickets", "conversations"}})
	if _, err := p.waitLog(func(f map[string]any) bool {
		return f["level"] == "warning" && strings.Contains(fmt.Sprint(f["msg"]), "the same page again")
	}); err != nil {
		t.Fatal(err)
	}
	p.until(t, "the others", func() bool { return p.of("conversations") == 20 })
	if n := w.Count("POST /tickets/search"); n > 40 {
		t.Errorf("%d requests", n)
	}
}

// What was read of a list that breaks off is there, and nothing of it is taken for deleted.
func TestAListThatBreaksOffDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{})
	var rows []string
	for n := range 45 { // three pages
		rows = append(rows, fmt.Sprintf(`{"id":"%d","name":"n","updated_at":%d}`, n, 1734537283+n))
	}
	w.SetList("/help_center/collections", "["+strings.Join(rows, ",")+"]")
	p := poll(t, w, setup{codec: "json", resources: []string{"collections"}})
	p.until(t, "all", func() bool { return p.of("collections") == 45 })
	w.Inject(sim.Fault{Path: "/help_center/collections", Status: 403, When: func(r *http.Request) bool { return r.URL.Query().Get("page") == "3" }})
	rows[44] = strings.Replace(rows[44], `"n"`, `"changed"`, 1) // the first of the first page
	w.SetList("/help_center/collections", "["+strings.Join(rows, ",")+"]")
	p.until(t, "the change", func() bool { return p.objects["collections"]["44"]["name"] == "changed" })
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.of("collections"); n != 45 {
		t.Errorf("%d are left", n)
	}
}

// Of a long list of deleted conversations a look reads no more than what is new.
func TestALongListOfDeletionsIsReadOnce(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{Conversations: 400, History: 24 * time.Hour})
	for n := range 300 {
		w.Delete(sim.Conversations, sim.ConversationID(n))
	}
	w.Clock.Advance(2 * time.Hour)
	p := poll(t, w, setup{codec: "proto", resources: []string{"conversations"}})
	p.settled(t)
	p.rounds(t, "conversations", 2)
	w.Forget()
	p.rounds(t, "conversations", 3)
	if n := w.Count("GET /conversations/deleted"); n > 4 {
		t.Errorf("%d requests in three looks", n)
	}
	w.Delete(sim.Conversations, sim.ConversationID(350))
	p.until(t, "the new one", func() bool { return p.objects["conversations"][sim.ConversationID(350)] == nil })
}
