package webhook

import (
	"fmt"
	"slices"

	"source-intercom-ingest/intercom"
	"source-intercom-ingest/pages"
	"source-intercom-ingest/scan"
	"source-intercom-ingest/spec"
)

// A hook takes the webhooks of one path, for the bindings of that path.
type hook struct {
	*Server
	path     spec.Path
	params   []string   // of the path
	byTopic  []*Binding // with topics
	rest     *Binding   // without; nil if there is none
	notifies bool       // its webhooks are notifications with topics
	want     *scan.Want // of each document
	slots    int        // values that are wanted
	// takesEmpty tells that an empty body stands for an empty object.
	takesEmpty bool
	watch      *watch
	counts     hookMetrics
}

// newHook makes the hook of a path, with its bindings. A binding with topics makes the webhooks of the path notifications.
func newHook(s *Server, path spec.Path, bindings []*Binding, notifies bool) *hook {
	h := &hook{Server: s, path: path, params: path.Params(), notifies: notifies, watch: new(watch), counts: s.metrics.ofPath(path.String())}
	for _, b := range bindings {
		if len(b.topics) == 0 {
			h.rest, h.takesEmpty = b, b.takesEmpty
			continue
		}
		h.byTopic = append(h.byTopic, b)
		h.notifies = true
	}
	h.ask()
	return h
}

// bindings returns those of the path.
func (h *hook) bindings() []*Binding {
	if h.rest == nil {
		return h.byTopic
	}
	return append(slices.Clone(h.byTopic), h.rest)
}

// ask decides which values are asked for of the path's documents: the locations of an event first, if its webhooks are
// notifications, then those of the bindings' ids.
func (h *hook) ask() {
	var locations []string
	if h.notifies {
		locations = slices.Clone(intercom.Locations[:])
	}
	for _, b := range h.bindings() {
		if b.ids.pointer == "" {
			continue
		}
		if b.ids.slot = slices.Index(locations, b.ids.pointer); b.ids.slot < 0 {
			b.ids.slot = len(locations)
			locations = append(locations, b.ids.pointer)
		}
	}
	if h.slots = len(locations); h.slots > 0 {
		h.want = scan.WantAt(locations...)
	}
}

// about describes the path and its bindings to people.
func (h *hook) about() pages.Hook {
	about := pages.Hook{Path: h.path}
	for _, b := range h.bindings() {
		about.Collections = append(about.Collections, b.about)
	}
	return about
}

// event derives what a document of the body says has happened; nothing where webhooks are no notifications.
func (h *hook) event(e *scan.Element, body []byte) intercom.Event {
	if !h.notifies {
		return intercom.Event{}
	}
	var values intercom.Values
	for i := range values {
		values[i] = e.Found[i].Of(body)
	}
	return intercom.NewEvent(&values)
}

// hasJoined tells that a workspace is that of the access token.
func (s *Server) hasJoined(workspace string) bool {
	joined := s.joined.Load()
	return joined != nil && *joined == workspace
}

// targets appends the bindings that take a notification: every one that names its topic, else the one without topics.
func (h *hook) targets(to []*Binding, event intercom.Event) []*Binding {
	if h.notifies && event.WorkspaceID != "" && len(h.workspaces) > 0 && !slices.Contains(h.workspaces, event.WorkspaceID) && !h.hasJoined(event.WorkspaceID) {
		h.untaken.add(h.log, "of the workspace "+told(event.WorkspaceID)+", which is not among workspaces")
		return to
	}
	for _, b := range h.byTopic {
		if slices.ContainsFunc(b.topics, func(p intercom.Pattern) bool { return p.Matches(event.Topic) }) {
			to = append(to, b)
		}
	}
	if len(to) == 0 && h.rest != nil {
		to = append(to, h.rest)
	}
	if len(to) == 0 {
		h.untaken.add(h.log, fmt.Sprintf("of the topic %q, which no binding of %s takes", told(event.Topic), h.path))
	}
	return to
}
