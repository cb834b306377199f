package schemas

import (
	"encoding/json"
	"math/big"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// ownUniqueItems stands for uniqueItems, which is asserted here and not by the validator: that one compares the items of a hash with one another, and its
// hash is the same for all splits of a text into strings: a sender could make it compare each with each.
const ownUniqueItems = "x-flow-unique-items"

// withOwnUniqueItems renames the keyword wherever it is one.
func withOwnUniqueItems(schema any) any {
	switch v := schema.(type) {
	case object:
		changed := make(object, len(v))
		for name, sub := range v {
			if name == "uniqueItems" && sub == true {
				name = ownUniqueItems
			}
			changed[name] = withOwnUniqueItems(sub)
		}
		return changed
	case []any:
		changed := make([]any, len(v))
		for i, sub := range v {
			changed[i] = withOwnUniqueItems(sub)
		}
		return changed
	}
	return schema
}

// registerUniqueItems makes the renamed keyword one of the schemas that c compiles.
func registerUniqueItems(c *jsonschema.Compiler) {
	c.AssertVocabs()
	c.RegisterVocabulary(&jsonschema.Vocabulary{
		URL: "flow://" + ownUniqueItems,
		Compile: func(_ *jsonschema.CompilerContext, schema map[string]any) (jsonschema.SchemaExt, error) {
			if schema[ownUniqueItems] != true {
				return nil, nil
			}
			return uniqueItems{}, nil
		},
	})
}

type uniqueItems struct{}

// Validate takes time in proportion to the array: items are equal whose canonical texts are.
func (uniqueItems) Validate(ctx *jsonschema.ValidatorContext, v any) {
	items, _ := v.([]any)
	seen := make(map[string]int, len(items))
	for i, item := range items {
		text := string(mustMarshal(canonical(item)))
		if earlier, ok := seen[text]; ok {
			ctx.AddError(&kind.UniqueItems{Duplicates: [2]int{earlier, i}})
			return
		}
		seen[text] = i
	}
}

// canonical writes numbers of one value in one way; all else is canonical when it is marshaled.
func canonical(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := new(big.Rat).SetString(string(v)); ok {
			return json.RawMessage(`{"":"` + n.RatString() + `"}`) // as no object is written below
		}
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = canonical(v[i])
		}
		return items
	case object:
		members := make(object, len(v))
		for name := range v {
			members["."+name] = canonical(v[name]) // so that no member is taken for a number
		}
		return members
	}
	return v
}
