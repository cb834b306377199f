package form

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Decode is [json.Unmarshal] into a struct, but members are of their very names: one in another case is another member, as
// it is to the platform, and unknown.
func Decode(raw []byte, into any) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) == nil && members != nil {
		known := names(map[string]bool{}, reflect.TypeOf(into).Elem())
		for name := range members {
			if !known[name] {
				delete(members, name)
			}
		}
		exact, err := json.Marshal(members)
		if err != nil {
			return err
		}
		raw = exact
	}
	return json.Unmarshal(raw, into)
}

// names adds those of a struct's members.
func names(to map[string]bool, of reflect.Type) map[string]bool {
	if of.Kind() != reflect.Struct {
		return to
	}
	for i := range of.NumField() {
		field := of.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			to[name] = true
		} else if field.Anonymous {
			names(to, field.Type)
		}
	}
	return to
}
