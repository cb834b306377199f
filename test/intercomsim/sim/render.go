package sim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// render appends an object as its endpoint writes it. Conversations have parts only when they are got one by one.
func (w *Workspace) render(to []byte, v *Version, version string, parts bool) []byte {
	switch v.Kind {
	case Conversations:
		return w.conversation(to, v, version, parts)
	case Contacts:
		return w.contact(to, v, version)
	case Tickets:
		return w.ticket(to, v, version)
	}
	return w.company(to, v)
}

const source = `"source":{"type":"conversation","id":"3390417755","delivered_as":"customer_initiated","subject":"","body":"<p>Hi! My export of “Q3 résumé” fails with &lt;Error 42&gt; &amp; the <a href=\"https://northlark.example/a?b=1&amp;c=2\">link</a> 404s 😕 — エクスポート</p>","author":{"type":"user","id":"66d3aa10f4c2b97e51d08a3c","name":"Jorun Ashdale","email":"jorun.ashdale@customer.example"},"attachments":[],"url":"https://app.northlark.example/exports","redacted":false}`

func (w *Workspace) conversation(to []byte, v *Version, version string, parts bool) []byte {
	assignee, priority := "null", "not_priority"
	if version >= "2.16" {
		assignee, priority = "0", "none"
	}
	to = fmt.Appendf(to, `{"type":"conversation","id":"%s","created_at":%d,"updated_at":%d,"waiting_since":null,"snoozed_until":null,%s,"contacts":{"type":"contact.list","contacts":[{"type":"contact","id":"%s","external_id":"user-1042"}]},"first_contact_reply":null,"admin_assignee_id":%s,"team_assignee_id":%s,"open":%t,"state":"%s","read":false,"tags":{"type":"tag.list","tags":[]},"priority":"%s","sla_applied":null,"statistics":{"type":"conversation_statistics","time_to_assignment":null,"time_to_admin_reply":null,"first_contact_reply_at":%d,"first_admin_reply_at":null,"last_close_at":null,"count_reopens":0,"count_conversation_parts":%d},"conversation_rating":null,"teammates":{"type":"admin.list","admins":[]},"title":"","custom_attributes":%s,"topics":{"type":"topic.list","topics":[],"total_count":0},"ticket":null,"linked_objects":{"type":"list","data":[],"total_count":0,"has_more":false},"ai_agent":null,"ai_agent_participated":false%s`,
		v.ID, v.Created, v.Updated, source, ContactID(int(v.number%1000)), assignee, assignee, v.Open, orDefault(v.State, "open"), priority, v.Created, v.Parts, orDefault(v.Custom, "{}"), v.Extra)
	if parts {
		to = append(to, `,"conversation_parts":{"type":"conversation_part.list","conversation_parts":`...)
		to = v.parts(to, "conversation_part")
		to = fmt.Appendf(to, `,"total_count":%d}`, v.Parts)
	}
	return append(to, '}')
}

// maxParts is how many parts an answer holds, the newest.
const maxParts = 500

func (v *Version) parts(to []byte, kind string) []byte {
	to = append(to, '[')
	first := max(0, v.Parts-maxParts)
	for n := first; n < v.Parts; n++ {
		if n > first {
			to = append(to, ',')
		}
		at := v.Created + int64(n)*60
		body, redacted := partBody(n, v.PartSize), v.Redacted[n]
		if redacted {
			body = "null"
		}
		to = fmt.Appendf(to, `{"type":"%s","id":"%s","part_type":"comment","body":%s,"created_at":%d,"updated_at":%d,"notified_at":%d,"assigned_to":null,"author":{"id":"8800117","type":"admin","name":"Mirelle Tansk","email":"mirelle.tansk@northlark.example","from_ai_agent":false,"is_ai_answer":false},"attachments":[],"external_id":null,"redacted":%t}`,
			kind, v.PartID(n), body, at, at, at, redacted)
	}
	return append(to, ']')
}

func partBody(n, size int) string {
	body := fmt.Sprintf(`<p>Grüße, reply no. %d: “done” &amp; <b>tested</b> — 直りました 👍 <a href=\"https://northlark.example/t?n=%d&amp;x=1\">see</a></p>`, n, n)
	if more := size - len(body); more > 0 {
		body += strings.Repeat("x", more)
	}
	return `"` + body + `"`
}

// maxSublist is how many entries of a list within a contact come with it.
const maxSublist = 10

func sublist(kind, path string, total int, id func(int) string) string {
	var rows []string
	for n := range min(total, maxSublist) {
		rows = append(rows, fmt.Sprintf(`{"id":"%s","type":"%s","url":"/%ss/%s"}`, id(n), kind, kind, id(n)))
	}
	return fmt.Sprintf(`{"type":"list","data":[%s],"url":"%s","total_count":%d,"has_more":%t}`, strings.Join(rows, ","), path, total, total > maxSublist)
}

func (w *Workspace) contact(to []byte, v *Version, version string) []byte {
	owner, signedUp := "null", "null"
	if v.SignedUp != 0 {
		signedUp = strconv.FormatInt(v.SignedUp, 10)
	}
	path := "/contacts/" + v.ID
	return fmt.Appendf(to, `{"type":"contact","id":"%s","workspace_id":"%s","external_id":"user-%d","role":"%s","email":"c%d@customer.example","phone":null,"name":"Jorun Ashdale “Q3” <%d>","avatar":null,"owner_id":%s,"created_at":%d,"updated_at":%d,"signed_up_at":%s,"last_seen_at":null,"unsubscribed_from_emails":false,"location":{"type":"location","country":null},"custom_attributes":%s,"tags":%s,"notes":%s,"companies":%s,"utm_campaign":null%s}`,
		v.ID, w.WorkspaceID, v.number, orDefault(v.Role, "user"), v.number, v.Changes, owner, v.Created, v.Updated, signedUp, orDefault(v.Custom, "{}"),
		sublist("tag", path+"/tags", v.Tags, tagID), sublist("note", path+"/notes", 0, tagID), sublist("company", path+"/companies", v.Linked, CompanyID), v.Extra)
}

func tagID(n int) string { return strconv.Itoa(7100 + n) }

func (w *Workspace) ticket(to []byte, v *Version, version string) []byte {
	none := `"0"`
	if version >= "2.16" {
		none = "0"
	}
	category := orDefault(v.State, "submitted")
	state := fmt.Sprintf(`{"type":"ticket_state","id":"4617804","category":"%s","internal_label":"%s","external_label":"%s"}`, category, category, category)
	if version <= "2.11" {
		state = strconv.Quote(category)
	}
	to = fmt.Appendf(to, `{"type":"ticket","id":"%s","ticket_id":"%d","ticket_attributes":{"_default_title_":"Export fails above 50k rows","_default_description_":"User cannot export “Q3 résumé”."},"ticket_state":%s,"ticket_type":null,"contacts":{"type":"contact.list","contacts":[]},"admin_assignee_id":%s,"team_assignee_id":%s,"created_at":%d,"updated_at":%d,"open":%t,"category":"Customer","is_shared":true%s,"ticket_parts":{"type":"ticket_part.list","ticket_parts":`,
		v.ID, v.number%100000000, state, none, none, v.Created, v.Updated, v.Open, v.Extra)
	to = v.parts(to, "ticket_part")
	return fmt.Appendf(to, `,"total_count":%d}}`, v.Parts)
}

func (w *Workspace) company(to []byte, v *Version) []byte {
	return fmt.Appendf(to, `{"type":"company","company_id":"acct-%d","id":"%s","app_id":"%s","name":"Ashdale & Søns <Ltd> %d","created_at":%d,"updated_at":%d,"monthly_spend":0,"session_count":0,"user_count":%d,"tags":{"type":"tag.list","tags":[]},"segments":{"type":"segment.list","segments":[]},"plan":{},"custom_attributes":%s%s}`,
		v.number, v.ID, w.WorkspaceID, v.Changes, v.Created, v.Updated, v.Users, orDefault(v.Custom, "{}"), v.Extra)
}

// quoted is a string of JSON.
func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(text)
}
