package webhook

import (
	"net/url"
	"slices"
	"strings"
)

// queryOf returns the parameters of a query by name, repeated values joined. What is not properly percent-encoded is
// kept as it came: a webhook is not lost for it.
func queryOf(raw string) map[string]string {
	query := map[string]string{}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = unescapeQuery(name), unescapeQuery(value)
		if earlier, ok := query[name]; ok {
			value = earlier + ", " + value
		}
		query[name] = value
	}
	return query
}

// unescapeQuery returns what is not properly percent-encoded as it came.
func unescapeQuery(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}

// sorted iterates over a map in the order of its mended names, of which each comes once.
func sorted(m map[string]string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		mended := make(map[string]string, len(m))
		names := make([]string, 0, len(m))
		for name, value := range m {
			name = strings.ToValidUTF8(name, "\uFFFD")
			if _, ok := mended[name]; !ok {
				names = append(names, name)
			}
			mended[name] = value
		}
		slices.Sort(names)
		for _, name := range names {
			if !yield(name, mended[name]) {
				return
			}
		}
	}
}
