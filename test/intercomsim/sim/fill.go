package sim

import "time"

// Sizes say how much a workspace holds.
type Sizes struct {
	Conversations, Parts, Contacts, Companies, Tickets int
	History                                            time.Duration // before now, over which updates are spread evenly
}

// Fill loads objects that were all updated in the past, and small lists.
func (w *Workspace) Fill(s Sizes) {
	now := w.now()
	span := int64(s.History.Seconds())
	at := func(n, of int) int64 { return now - span + int64(float64(span)*float64(n)/float64(max(1, of))) }
	var all []Version
	for n := range s.Conversations {
		t := at(n, s.Conversations)
		all = append(all, Version{Kind: Conversations, ID: ConversationID(n), Created: t - 900, Updated: t, Open: n%10 == 0, State: state(n), Parts: s.Parts})
	}
	for n := range s.Contacts {
		t := at(n, s.Contacts)
		all = append(all, Version{Kind: Contacts, ID: ContactID(n), Created: t - 86400, Updated: t, Tags: n % 14, Linked: n % 3})
	}
	for n := range s.Companies {
		t := at(n, s.Companies)
		all = append(all, Version{Kind: Companies, ID: CompanyID(n), Created: t - 86400, Updated: t, Users: n % 5})
	}
	for n := range s.Tickets {
		t := at(n, s.Tickets)
		all = append(all, Version{Kind: Tickets, ID: TicketID(n), Created: t - 900, Updated: t, Open: n%10 == 0, Parts: 3})
	}
	w.Load(all)
	for path, rows := range standardLists {
		w.SetList(path, rows)
	}
}

func state(n int) string {
	if n%10 == 0 {
		return "open"
	}
	return "closed"
}

// standardLists are rows of the small lists as the API writes them.
var standardLists = map[string]string{
	"/admins":                             `[{"type":"admin","id":"8800117","name":"Mirelle Tansk","email":"mirelle.tansk@northlark.example","away_mode_enabled":false,"away_mode_reassign":false,"has_inbox_seat":true,"team_ids":[814865]}]`,
	"/teams":                              `[{"type":"team","id":"814865","name":"Support & “Søns”","admin_ids":[8800117]}]`,
	"/tags":                               `[{"type":"tag","id":"7100","name":"Tag 0"},{"type":"tag","id":"7101","name":"Tag 1"}]`,
	"/segments":                           `[{"type":"segment","id":"66d3ab77c8e1450a9b2f6d99","name":"Active","created_at":1756684800,"updated_at":1756684800,"person_type":"user"}]`,
	"/subscription_types":                 `[{"type":"subscription","id":"91","state":"live","consent_type":"opt_out","default_translation":{"name":"News","description":"","locale":"en"},"translations":[],"content_types":["email"]}]`,
	"/ticket_types":                       `[{"type":"ticket_type","id":"3100220","name":"Support request","description":"","icon":"🎟","workspace_id":"qz7w41xk","archived":false,"created_at":1785628800,"updated_at":1785628800,"is_internal":false,"category":"Customer"}]`,
	"/ticket_states":                      `[{"type":"ticket_state","id":"4617804","category":"submitted","internal_label":"Submitted","external_label":"Submitted","archived":false}]`,
	"/articles":                           `[{"id":"39","type":"article","workspace_id":"qz7w41xk","parent_ids":[],"title":"Export “Q3”","description":"","body":"<p>…</p>","author_id":8800117,"state":"published","created_at":1734537283,"updated_at":1734537283,"url":null}]`,
	"/help_center/collections":            `[{"id":"159","workspace_id":"qz7w41xk","name":"Exports","url":null,"order":1,"created_at":1734537283,"updated_at":1734537283,"description":null,"icon":"bookmark","parent_id":null,"help_center_id":79}]`,
	"/help_center/help_centers":           `[{"id":"79","workspace_id":"qz7w41xk","created_at":1734537283,"updated_at":1734537283,"identifier":"northlark","website_turned_on":true,"display_name":"Northlark"}]`,
	"/data_attributes?model=contact":      `[{"type":"data_attribute","name":"name","full_name":"name","label":"Name","data_type":"string","api_writable":true,"ui_writable":true,"custom":false,"archived":false,"model":"contact"},{"id":4321,"type":"data_attribute","name":"tier","full_name":"custom_attributes.tier","label":"Tier","data_type":"string","custom":true,"archived":false,"model":"contact","created_at":1734537283,"updated_at":1734537283}]`,
	"/data_attributes?model=company":      `[{"type":"data_attribute","name":"name","full_name":"name","label":"Name","data_type":"string","custom":false,"archived":false,"model":"company"}]`,
	"/data_attributes?model=conversation": `[{"type":"data_attribute","name":"title","full_name":"title","label":"Title","data_type":"string","custom":false,"archived":false,"model":"conversation"}]`,
}
