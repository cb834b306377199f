package form

import (
	"slices"

	"github.com/invopop/jsonschema"
)

var reflector = jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true, DoNotReference: true}

// Reflect makes the schema of a struct from its tags.
func Reflect(config any) *jsonschema.Schema { return reflector.Reflect(config) }

// Annotate adds what Flow's forms want to know: the order of the fields, which is theirs in the struct, and that null is as
// good as absent, which is so of all but what must be there and has no default.
func Annotate(schema *jsonschema.Schema) {
	order := 0
	for field := schema.Properties.Oldest(); field != nil; field = field.Next() {
		property := field.Value
		if property.Extras == nil {
			property.Extras = map[string]any{}
		}
		property.Extras["order"] = order
		order++
		if property.Const == nil && (property.Default != nil || !slices.Contains(schema.Required, field.Key)) {
			AllowNull(property)
		}
	}
}

// AllowNull adds null to what a member may be, and makes it the default where there is no other. An object has none: its
// members' defaults would not be filled in.
func AllowNull(property *jsonschema.Schema) {
	if property.Extras == nil {
		property.Extras = map[string]any{}
	}
	if property.Type != "object" && property.Default == nil {
		property.Extras["default"] = nil
	}
	if property.Enum != nil {
		property.Enum = append(property.Enum, nil)
	}
	property.Extras["type"] = []string{property.Type, "null"}
	property.Type = ""
}

// Branch makes one of the branches of a oneOf, which the constant of one member tells from the others.
func Branch(config any, title, name string, discriminator jsonschema.Schema) *jsonschema.Schema {
	branch := reflector.Reflect(config)
	branch.Version, branch.Title = "", title
	discriminator.Type, discriminator.Default = "string", discriminator.Const
	branch.Properties.Set(name, &discriminator)
	_ = branch.Properties.MoveToFront(name)
	branch.Required = append([]string{name}, branch.Required...)
	Annotate(branch)
	return branch
}
