package test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"source-intercom-ingest/test/intercomsim/sim"
)

// notification is one about an object.
func notification(id, topic, item string, at int64) string {
	return fmt.Sprintf(`{"type":"notification_event","app_id":"qz7w41xk","id":%q,"topic":%q,"created_at":%d,"delivery_attempts":1,"data":{"type":"notification_event_data","item":%s}}`, id, topic, at, item)
}

// refreshing is a session that looks once an hour, so that what is fresh sooner is so by a webhook.
func refreshing(t *testing.T, codec string, w *sim.Workspace) *polling {
	p := poll(t, w, setup{codec: codec, paths: true, interval: "PT1H"})
	p.settled(t)
	return p
}

// A notification makes its object fresh within seconds, several are one fetch, and what comes is what the API says.
func TestANotificationMakesItsObjectFresh(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, small)
		p := refreshing(t, codec, w)
		conversation, contact, ticket, company := sim.ConversationID(2), sim.ContactID(2), sim.TicketID(2), sim.CompanyID(2)
		v := w.Change(sim.Conversations, conversation, func(v *sim.Version) { v.Parts++ })
		w.Change(sim.Contacts, contact, func(v *sim.Version) { v.Tags = 12 })
		w.Change(sim.Tickets, ticket, func(v *sim.Version) { v.Updated -= 100; v.Parts++ })
		w.Change(sim.Companies, company, nil)
		w.Forget()
		now := w.Clock.Now().Unix()
		for n := range 5 {
			p.notify(t, notification(fmt.Sprint("notif_", n), "conversation.user.replied", fmt.Sprintf(`{"type":"conversation","id":%q}`, conversation), now))
		}
		p.notify(t, notification("notif_6", "contact.user.tag.created", fmt.Sprintf(`{"type":"contact_tag","contact":{"type":"contact","id":%q},"tag":{"type":"tag","id":"1"}}`, contact), now))
		p.notify(t, notification("notif_7", "ticket.state.updated", fmt.Sprintf(`{"type":"ticket","id":%q}`, ticket), now))
		p.notify(t, notification("notif_8", "company.updated", fmt.Sprintf(`{"type":"company","id":%q}`, company), now))
		p.until(t, "all four are fresh", func() bool {
			parts := p.objects["conversation_parts"][v.PartID(2)]
			tags, _ := p.objects["contacts"][contact]["tags"].(object)
			companies := p.objects["companies"][company]
			return parts != nil && tags != nil && len(tags["data"].([]any)) == 12 && companies != nil && companies["updated_at"].(float64) >= float64(now) &&
				meta(p.objects["tickets"][ticket], "source") == "webhook"
		})
		p.mu.Lock()
		defer p.mu.Unlock()
		if o := p.objects["conversations"][conversation]; meta(o, "source") != "webhook" || meta(o, "op") != "u" {
			t.Errorf("the conversation's meta is %v", o["_meta"])
		}
		if n := w.Count("GET /conversations/{id}"); n != 1 {
			t.Errorf("five notifications made %d fetches", n)
		}
	})
}

// Notifications that an object is gone delete it at once, as an answer does that it is not there.
func TestANotificationDeletesItsObject(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, small)
		p := refreshing(t, codec, w)
		now := w.Clock.Now().Unix()
		p.notify(t, notification("notif_1", "conversation.deleted", fmt.Sprintf(`{"type":"conversation","conversation_id":%s}`, sim.ConversationID(1)), now))
		p.notify(t, notification("notif_2", "contact.deleted", fmt.Sprintf(`{"type":"contact","id":%q}`, sim.ContactID(1)), now))
		p.notify(t, notification("notif_3", "contact.archived", fmt.Sprintf(`{"type":"contact","id":%q}`, sim.ContactID(2)), now))
		p.notify(t, notification("notif_4", "company.deleted", fmt.Sprintf(`{"type":"company","id":%q}`, sim.CompanyID(1)), now))
		w.Merge(sim.ContactID(3), sim.ContactID(4))
		p.notify(t, notification("notif_5", "contact.merged", fmt.Sprintf(`{"type":"contact","id":%q,"merged_from":{"type":"contact","id":%q}}`, sim.ContactID(4), sim.ContactID(3)), now))
		w.Delete(sim.Tickets, sim.TicketID(1))
		p.notify(t, notification("notif_6", "ticket.note.created", fmt.Sprintf(`{"type":"ticket","id":%q}`, sim.TicketID(1)), now))
		p.until(t, "all are gone", func() bool {
			return p.objects["conversations"][sim.ConversationID(1)] == nil && p.objects["contacts"][sim.ContactID(1)] == nil &&
				p.objects["contacts"][sim.ContactID(2)] == nil && p.objects["contacts"][sim.ContactID(3)] == nil &&
				p.objects["companies"][sim.CompanyID(1)] == nil && p.objects["tickets"][sim.TicketID(1)] == nil
		})
		p.until(t, "the other side of the merge is fresh", func() bool {
			return meta(p.objects["contacts"][sim.ContactID(4)], "source") == "webhook"
		})
		for _, d := range p.documents("conversations") {
			if meta(d.doc, "op") == "d" && (len(d.doc) != 2 || meta(d.doc, "source") != "webhook" || meta(d.doc, "updatedAt") == nil) {
				t.Errorf("the deletion is %s", d.text)
			}
		}
	})
}

// Where access is granted by OAuth, its client secret is that of Intercom's signatures.
func TestTheSecretOfOAuthSignsWebhooks(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, small)
		p := poll(t, w, setup{codec: codec, paths: true, oauth: true, resources: []string{"tags"}})
		p.notify(t, notification("notif_1", "ping", `{"type":"ping"}`, 1))
	})
}

// A runtime that stalls stalls polling within its share of the memory, and webhooks still have room.
func TestAStalledRuntimeStallsPollingAlone(t *testing.T) {
	t.Parallel()
	w := sim.New(sim.Config{Limit: 6_000_000})
	now := w.Clock.Now().Unix()
	var all []sim.Version
	for n := range 4_000 {
		all = append(all, sim.Version{Kind: sim.Conversations, ID: sim.ConversationID(n), Created: now - 9000, Updated: now - 9000 - int64(n), Parts: 12, PartSize: 5_000})
	}
	w.Load(all)
	p := poll(t, w, setup{codec: "proto", paths: true, resources: []string{"conversations", "conversation_parts"}})
	p.mu.Lock()
	p.hold = true
	p.mu.Unlock()
	last, same := -1, 0
	for same < 20 { // until polling stands still
		n := w.Count("GET /conversations/{id}")
		if same++; n != last {
			last, same = n, 0
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
	held, err := strconv.ParseFloat(p.metric(t, "webhook_in_flight_bytes"), 64)
	limit, limitErr := strconv.ParseFloat(p.metric(t, "webhook_in_flight_limit_bytes"), 64)
	if err != nil || limitErr != nil || held > limit/4 || held == 0 || last == 4_000 {
		t.Errorf("%v of %v bytes are held (%v, %v) after %d fetches", held, limit, err, limitErr, last)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.notify(t, notification("notif_1", "ping", `{"type":"ping"}`, 1))
	}()
	p.mu.Lock()
	p.hold = false
	p.changed.Broadcast()
	p.mu.Unlock()
	<-done
	p.until(t, "all conversations", func() bool { return p.of("conversations") == 4_000 })
}

// Another workspace's webhooks refresh nothing, and the token's own are let in where workspaces are listed.
func TestOtherWorkspacesRefreshNothing(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	p := poll(t, w, setup{codec: "json", paths: true, interval: "PT1H", config: `"workspaces":["another1"]`})
	p.settled(t)
	w.Forget()
	item := fmt.Sprintf(`{"type":"conversation","id":%q}`, sim.ConversationID(1))
	other := strings.Replace(notification("notif_1", "conversation.user.replied", item, 1), "qz7w41xk", "another1", 1)
	p.notify(t, other)
	w.Change(sim.Conversations, sim.ConversationID(2), nil)
	p.notify(t, notification("notif_2", "conversation.user.replied", strings.Replace(item, sim.ConversationID(1), sim.ConversationID(2), 1), w.Clock.Now().Unix()))
	p.until(t, "ours is fresh, and both are captured", func() bool {
		taken := 0
		for _, d := range p.history {
			if d.resource == "/in" {
				taken++
			}
		}
		return taken == 2 && meta(p.objects["conversations"][sim.ConversationID(2)], "source") == "webhook"
	})
	if n := w.Count("GET /conversations/{id}"); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// The search finds changes late and out of turn: what a webhook made fresh is never followed by what was before it.
func TestNoOlderVersionFollowsANewerOne(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000, Lag: func(nth int) time.Duration { return time.Duration(nth%4) * 2 * time.Second }}, small)
		p := poll(t, w, setup{codec: codec, paths: true})
		p.settled(t)
		want := map[string]int64{}
		for n := range 30 {
			id := sim.ConversationID(n % 5)
			v := w.Change(sim.Conversations, id, func(v *sim.Version) { v.Parts++ })
			want[id] = v.Updated
			if n%2 == 0 {
				p.notify(t, notification(fmt.Sprint("notif_", n), "conversation.user.replied", fmt.Sprintf(`{"type":"conversation","id":%q}`, id), v.Updated))
			}
			if n%10 == 9 {
				p.rounds(t, "conversations", 2)
			}
		}
		p.until(t, "the last version of each", func() bool {
			for id, at := range want {
				if p.objects["conversations"][id]["updated_at"].(float64) != float64(at) {
					return false
				}
			}
			return true
		})
		p.rounds(t, "conversations", 8)
		last := map[string]float64{}
		for _, d := range p.documents("conversations") {
			id, at := d.doc["id"].(string), d.doc["updated_at"].(float64)
			if at < last[id] {
				t.Errorf("%s of %v came after that of %v", id, at, last[id])
			}
			last[id] = at
		}
	})
}

// What changed without a notification is counted, a quarter of an hour later; what was notified is not.
func TestMissedWebhooksAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	p := poll(t, w, setup{codec: "json", paths: true})
	p.settled(t)
	p.rounds(t, "conversations", 7) // past the time in which the session before might have heard
	told := w.Change(sim.Conversations, sim.ConversationID(1), nil)
	p.notify(t, notification("notif_1", "conversation.user.replied", fmt.Sprintf(`{"type":"conversation","id":%q}`, sim.ConversationID(1)), told.Updated))
	w.Change(sim.Conversations, sim.ConversationID(2), nil)
	w.Change(sim.Contacts, sim.ContactID(2), nil)
	p.until(t, "both are captured", func() bool {
		return p.objects["conversations"][sim.ConversationID(2)]["updated_at"].(float64) >= float64(told.Updated) &&
			p.objects["conversations"][sim.ConversationID(1)]["updated_at"].(float64) >= float64(told.Updated)
	})
	if got := p.metric(t, `intercom_missed_updates_total{resource="conversations"}`); got != "" && got != "0" {
		t.Errorf("%s missed before their time", got)
	}
	p.notify(t, notification("notif_2", "company.updated", fmt.Sprintf(`{"type":"company","id":%q}`, sim.CompanyID(1)), w.Clock.Now().Unix()))
	company := w.Change(sim.Companies, sim.CompanyID(2), nil)
	p.until(t, "a company that nothing told of", func() bool {
		return p.objects["companies"][sim.CompanyID(2)]["updated_at"].(float64) == float64(company.Updated)
	})
	w.Clock.Advance(16 * time.Minute)
	p.rounds(t, "conversations", 3)
	if got := p.metric(t, `intercom_missed_updates_total{resource="conversations"}`); got != "1" {
		t.Errorf("%q missed, want 1", got)
	}
	p.rounds(t, "companies", 2)
	if got := p.metric(t, `intercom_missed_updates_total{resource="companies"}`); got != "1" {
		t.Errorf("%q companies missed, want 1", got)
	}
	if got := p.metric(t, `intercom_missed_updates_total{resource="contacts"}`); got != "" && got != "0" {
		t.Errorf("%s contacts missed, of which no notifications come", got)
	}
}

// metrics reads those of the session.
func (p *polling) metrics(t *testing.T) string {
	t.Helper()
	fields, err := p.waitLog(func(f map[string]any) bool { return f["metricsAddress"] != nil })
	if err != nil {
		t.Fatal(err)
	}
	address := fields["metricsAddress"].(string)
	_, text := fetch(t, "http://127.0.0.1"+address[strings.LastIndexByte(address, ':'):]+"/metrics")
	return text
}

// metric reads one of them.
func (p *polling) metric(t *testing.T, name string) string {
	t.Helper()
	text := p.metrics(t)
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Killed at random again and again while everything moves, the connector leaves nothing out in the end.
func TestKilledAtRandomNothingIsMissing(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 6_000_000, Lag: func(nth int) time.Duration { return time.Duration(nth%3) * 100 * time.Millisecond }},
			sim.Sizes{Conversations: 1500, Parts: 2, Contacts: 500, Companies: 100, Tickets: 300, History: 400 * 24 * time.Hour})
		w.Inject(sim.Fault{Path: "/", Every: 41, Status: 502, HTML: true})
		w.Inject(sim.Fault{Path: "/", Every: 53, Status: 200})
		w.Inject(sim.Fault{Path: "/conversations", Every: 67, Break: true})
		s := setup{codec: codec, state: map[string]any{}, resources: append([]string{"tags"}, usualResources...)}
		union := map[string]map[string]object{}
		const kills = 50
		dice := rand.New(rand.NewPCG(1, 2))
		for n := range kills {
			p := poll(t, w, s)
			commits := dice.IntN(6)
			p.until(t, "some commits", func() bool { return p.committed >= commits })
			w.Change(sim.Conversations, sim.ConversationID(dice.IntN(1400)), func(v *sim.Version) { v.Parts++ })
			w.Change(sim.Contacts, sim.ContactID(dice.IntN(500)), nil)
			if n%10 == 0 {
				w.Delete(sim.Conversations, sim.ConversationID(1400+n))
			}
			s.state = p.kill(t)
			p.gather(union)
		}
		p := poll(t, w, s)
		p.settled(t)
		p.rounds(t, "conversations", 8)
		p.gather(union)
		for _, v := range w.All(sim.Conversations) {
			o := union["conversations"][v.ID]
			if o == nil || o["updated_at"].(float64) != float64(v.Updated) {
				t.Errorf("conversation %s of %d is %v", v.ID, v.Updated, o["updated_at"])
			}
			for n := range v.Parts {
				if union["conversation_parts"][v.PartID(n)] == nil {
					t.Errorf("part %d of %s is missing", n, v.ID)
				}
			}
		}
		if got, want := len(union["conversations"]), len(w.All(sim.Conversations)); got != want {
			t.Errorf("%d conversations, want %d", got, want)
		}
		for _, v := range w.All(sim.Contacts) {
			if o := union["contacts"][v.ID]; o == nil || o["updated_at"].(float64) != float64(v.Updated) {
				t.Errorf("contact %s of %d is %v", v.ID, v.Updated, o["updated_at"])
			}
		}
		if len(union["tickets"]) != 300 || len(union["tags"]) != 2 || len(union["companies"]) != 80 {
			t.Errorf("%d tickets, %d tags, %d companies", len(union["tickets"]), len(union["tags"]), len(union["companies"]))
		}
	})
}

// gather adds what a session committed to the collections, in its order.
func (p *polling) gather(union map[string]map[string]object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.history {
		if union[d.resource] == nil {
			union[d.resource] = map[string]object{}
		}
		id := d.doc["id"].(string)
		if meta(d.doc, "op") == "d" {
			delete(union[d.resource], id)
		} else {
			union[d.resource][id] = d.doc
		}
	}
}
