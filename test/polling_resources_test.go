package test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"source-intercom-ingest/test/intercomsim/sim"
)

// lists fills the lists of a workspace that Fill leaves empty.
func lists(w *sim.Workspace) {
	now := w.Clock.Now().Unix()
	w.SetList("/calls", fmt.Sprintf(`[{"type":"call","id":"1","created_at":%d,"updated_at":%d,"ended_at":"2026-01-01T00:00:00Z"}]`, now-500, now-400))
	w.SetList("/news/news_items", fmt.Sprintf(`[{"id":29,"type":"news-item","title":"“Q3” is here","reactions":[null,null],"created_at":%d,"updated_at":%d}]`, now-900, now-900))
	w.SetList("/admins/activity_logs", fmt.Sprintf(`[{"id":"fca05814","created_at":%d,"activity_type":"app_name_change"},{"id":"fca05815","created_at":%d,"activity_type":"app_name_change"}]`, now-3600, now-86400*40))
	w.SetList("/companies/segments/"+sim.CompanyID(1), `[{"type":"segment","id":"66d3ab77c8e1450a9b2f6d99","name":"Active","created_at":1756684800,"updated_at":1756684800}]`)
	w.SetList("/contacts/notes/"+sim.ContactID(1), `[{"type":"note","id":26,"created_at":1733932587,"contact":{"type":"contact","id":"x"},"body":"<p>…</p>"}]`)
}

// everyResource are all that discovery offers.
var everyResource = []string{"conversations", "conversation_parts", "contacts", "companies", "tickets", "ticket_parts", "admins", "teams", "tags", "segments",
	"data_attributes", "subscription_types", "ticket_types", "ticket_states", "help_centers", "collections", "articles", "calls", "activity_logs", "news_items",
	"company_segments", "contact_notes"}

// Every resource is read, by its key, and what has changed is read again.
func TestEveryResourceIsRead(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 6_000_000}, small)
		lists(w)
		p := poll(t, w, setup{codec: codec, resources: everyResource, config: fmt.Sprintf(`"startDate":%q`, w.Clock.Now().Add(-60*24*time.Hour).UTC().Format(time.RFC3339))})
		p.until(t, "at least one of each", func() bool {
			return !slices.ContainsFunc(everyResource, func(r string) bool { return p.of(r) == 0 && r != "articles" && r != "help_centers" })
		})
		p.settled(t)
		p.mu.Lock()
		for resource, want := range map[string]string{
			"data_attributes":  "company/name contact/custom_attributes.tier contact/name conversation/title",
			"news_items":       "29",
			"company_segments": sim.CompanyID(1) + "/66d3ab77c8e1450a9b2f6d99",
			"contact_notes":    sim.ContactID(1) + "/26",
			"activity_logs":    "fca05814 fca05815",
			"collections":      "159",
		} {
			if got := strings.Join(ids(p.objects[resource]), " "); got != want {
				t.Errorf("%s are %s", resource, got)
			}
		}
		if o := p.objects["articles"]["39"]; o != nil {
			t.Errorf("an article from before the start date is there: %v", o)
		}
		if o := p.objects["tags"]["7100"]; meta(o, "op") != "c" || meta(o, "source") != "backfill" {
			t.Errorf("a tag's meta is %v", o["_meta"])
		}
		p.mu.Unlock()
		w.SetList("/tags", `[{"type":"tag","id":"7100","name":"Renamed"},{"type":"tag","id":"7101","name":"Tag 1"},{"type":"tag","id":"7102","name":"New"}]`)
		p.until(t, "the renamed tag and the new one", func() bool {
			tags := p.objects["tags"]
			return tags["7100"]["name"] == "Renamed" && meta(tags["7100"], "op") == "u" && tags["7102"] != nil && meta(tags["7102"], "op") == "c"
		})
	})
}

// What a parent has no longer is deleted once the parent has changed.
func TestAChildThatIsGoneIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	lists(w)
	p := poll(t, w, setup{codec: "json", resources: []string{"company_segments", "contact_notes"}})
	p.until(t, "both", func() bool { return p.of("company_segments") == 1 && p.of("contact_notes") == 1 })
	w.SetList("/companies/segments/"+sim.CompanyID(1), `[]`)
	w.SetList("/contacts/notes/"+sim.ContactID(1), `[]`)
	w.Change(sim.Companies, sim.CompanyID(1), nil)
	w.Change(sim.Contacts, sim.ContactID(1), nil)
	p.until(t, "both are gone", func() bool { return p.of("company_segments") == 0 && p.of("contact_notes") == 0 })
}

// A custom resource is any list, with its times as they are written; only what is newer comes again, and what is gone is deleted
// where that is asked for.
func TestACustomResourceIsAnyList(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{})
		rows := func(name string, hour int) string {
			return fmt.Sprintf(`[{"ref":{"no":7},"changed":"2026-09-01 %02d:00:00","name":%q,"nothing":null,"deep":{"a":null,"b":[{"c":null,"d":1}]}},{"ref":{"no":8},"changed":"2026-09-01 00:00:00"}]`, hour, name)
		}
		w.SetList("/help_center/help_centers", rows("first", 1))
		s := setup{codec: codec, resources: []string{"custom"}, with: map[string]string{
			"custom": `"url":"/help_center/help_centers","idField":"/ref/no","updatedField":"/changed","updatedFormat":"2006-01-02 15:04:05","timezone":"Europe/Dublin","deleted":"snapshot","filterNulls":true`,
		}}
		p := poll(t, w, s)
		named := func(name string) func() bool {
			return func() bool {
				return slices.ContainsFunc(p.history, func(d polledDocument) bool { return d.doc["name"] == name })
			}
		}
		p.until(t, "the first", named("first"))
		p.rounds(t, "custom", 2)
		w.SetList("/help_center/help_centers", rows("same time", 1))
		p.rounds(t, "custom", 2)
		w.SetList("/help_center/help_centers", rows("later", 2))
		p.until(t, "the later one", named("later"))
		w.SetList("/help_center/help_centers", `[{"ref":{"no":8},"changed":"2026-09-01 00:00:00"}]`)
		p.until(t, "the deletion", func() bool { return meta(p.history[len(p.history)-1].doc, "op") == "d" })
		texts := []string{}
		for _, d := range p.documents("custom") {
			texts = append(texts, regexp.MustCompile(`"fetchedAt":"[^"]*"`).ReplaceAllString(d.text, `"fetchedAt":0`))
		}
		if want := []string{
			`{"_meta":{"op":"c","source":"backfill","fetchedAt":0,"updatedAt":"2026-09-01T00:00:00Z","workspaceId":"qz7w41xk"},"ref":{"no":"7"},"changed":"2026-09-01 01:00:00","name":"first","deep":{"b":[{"d":1}]}}`,
			`{"_meta":{"op":"c","source":"backfill","fetchedAt":0,"updatedAt":"2026-08-31T23:00:00Z","workspaceId":"qz7w41xk"},"ref":{"no":"8"},"changed":"2026-09-01 00:00:00"}`,
			`{"_meta":{"op":"u","source":"poll","fetchedAt":0,"updatedAt":"2026-09-01T01:00:00Z","workspaceId":"qz7w41xk"},"ref":{"no":"7"},"changed":"2026-09-01 02:00:00","name":"later","deep":{"b":[{"d":1}]}}`,
		}; !slices.Equal(texts[:min(3, len(texts))], want) || len(texts) != 4 {
			t.Errorf("documents are\n%s", strings.Join(texts, "\n"))
		}
	})
}

// An object is the API's, byte for byte, less what is promised elsewhere.
func TestAnObjectIsTheAPIsByteForByte(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, sim.Sizes{})
	at := w.Clock.Now().Unix() - 7200
	w.Load([]sim.Version{{Kind: sim.Contacts, ID: sim.ContactID(1), Created: at, Updated: at, Custom: `{"plan":1.50e1,"note":"Søn \u00e9 \/ <b>\"x\"</b>"}`, Extra: `,"novel":[null,{"deep":-0.0}]`}})
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	p := pollAt(t, w, server.URL, setup{codec: "proto", resources: []string{"contacts"}})
	p.settled(t)
	text := p.documents("contacts")[0].text
	for _, part := range []string{`"custom_attributes":{"plan":1.50e1,"note":"Søn \u00e9 \/ <b>\"x\"</b>"}`, `"novel":[null,{"deep":-0.0}]`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
}

// Validate asks who the token is and for a row of each binding, and says what to do about what is missing.
func TestValidateAsksTheAPI(t *testing.T) {
	inParallel(t, func(t *testing.T, codec string) {
		w := newWorkspace(sim.Config{Limit: 600_000}, small)
		server := httptest.NewServer(w)
		t.Cleanup(server.Close)
		validate := func(s setup) string {
			r, err := start(codec, true)
			if err != nil {
				t.Fatal(err)
			}
			s.codec, s.interval = codec, "PT5M"
			var capture struct {
				Config   json.RawMessage
				Bindings []map[string]json.RawMessage
			}
			if err := json.Unmarshal([]byte(s.capture(server.URL)), &capture); err != nil {
				t.Fatal(err)
			}
			for _, b := range capture.Bindings {
				delete(b, "resourcePath")
				delete(b, "stateKey")
			}
			bindings, _ := json.Marshal(capture.Bindings)
			if err := r.send(fmt.Sprintf(`{"validate":{"name":"acme/hooks","connectorType":"IMAGE","config":%s,"bindings":%s}}`, capture.Config, bindings)); err != nil {
				t.Fatal(err)
			}
			text, err := r.receive()
			_, last := r.wait()
			if err != nil {
				return last
			}
			return string(text)
		}
		all := setup{resources: everyResource}
		if got := validate(all); !strings.HasPrefix(got, `{"validated":{"bindings":[{"resourcePath":["conversations"]},{"resourcePath":["conversation_parts"]}`) {
			t.Errorf("answered %s", got)
		}
		w.Deny("tickets", true)
		if got := validate(all); !strings.Contains(got, `binding 4 (acme/tickets): resource tickets: Intercom answered 403 forbidden`) || !strings.Contains(got, `give the app the permission \"Read tickets\"`) {
			t.Errorf("answered %s", got)
		}
		w.Deny("tickets", false)
		custom := setup{resources: []string{"custom"}, with: map[string]string{"custom": `"url":"/tags","idField":"/nope"`}}
		if got := validate(custom); !strings.Contains(got, `has no id at idField \"/nope\"`) {
			t.Errorf("answered %s", got)
		}
		w.Revoke(true)
		if got := validate(all); !strings.Contains(got, "endpoint config: credentials: Intercom answered 401 unauthorized") || !strings.Contains(got, "copy it anew") || strings.Contains(got, `"tok"`) {
			t.Errorf("answered %s", got)
		}
	})
}

// Only the shard that has the first key polls.
func TestOnlyTheFirstShardPolls(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	p := poll(t, w, setup{codec: "proto", paths: true, begin: "2147483648"})
	p.notify(t, notification("notif_1", "ping", `{"type":"ping"}`, 1))
	if n := len(w.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// A binding that is backfilled has a new state key, and starts over alone.
func TestABackfilledBindingStartsOverAlone(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	s := setup{codec: "json", resources: []string{"conversations", "conversation_parts"}}
	p := poll(t, w, s)
	p.settled(t)
	s.state = p.kill(t)
	delete(s.state, "conversation_parts")
	again := poll(t, w, s)
	again.settled(t)
	again.rounds(t, "conversations", 1)
	if n := len(again.documents("conversation_parts")); n < 40 {
		t.Errorf("%d parts", n)
	}
	for _, d := range again.documents("conversations") {
		if meta(d.doc, "source") == "backfill" {
			t.Errorf("a conversation was read again: %s", d.text)
		}
	}
}

// So does one whose counter of backfills is higher.
func TestAHigherCounterStartsABindingOver(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 600_000}, small)
	s := setup{codec: "proto", resources: []string{"tickets", "tags"}}
	p := poll(t, w, s)
	p.settled(t)
	s.state, s.backfill = p.kill(t), 1
	again := poll(t, w, s)
	again.until(t, "all tickets once more", func() bool { return again.of("tickets") == 6 })
	again.settled(t)
	if n := len(again.documents("tags")); n > 0 {
		t.Errorf("%d tags were read again", n)
	}
	s.state = again.kill(t)
	third := poll(t, w, s)
	third.rounds(t, "tickets", 2)
	if n := len(third.documents("tickets")); n > 0 {
		t.Errorf("%d tickets were read a third time", n)
	}
}

// No state has a token, a cursor or a row in it, and ranges are few.
func TestStatesHoldTimesAlone(t *testing.T) {
	t.Parallel()
	w := newWorkspace(sim.Config{Limit: 6_000_000}, sim.Sizes{Conversations: 40_000, Tickets: 20, History: 3 * 365 * 24 * time.Hour})
	s := setup{codec: "proto", resources: []string{"conversations", "tickets"}}
	p := poll(t, w, s)
	most := 0
	p.until(t, "all history is read", func() bool {
		state, _ := p.states["conversations"].(map[string]any)
		backfill, running := state["backfill"].(map[string]any)
		if running {
			most = max(most, len(backfill["ranges"].([]any)))
		}
		text, _ := json.Marshal(p.states)
		if unexpected := regexp.MustCompile(`"[^"]*"`).FindAllString(regexp.MustCompile(`"[a-z_]+":`).ReplaceAllString(string(text), ""), -1); unexpected != nil {
			t.Errorf("the state has text in it: %v", unexpected)
		}
		return state != nil && state["inc"] != nil && !running && p.of("conversations") == 40_000
	})
	if most < 2 || most > 64 {
		t.Errorf("%d ranges at a time", most)
	}
}
