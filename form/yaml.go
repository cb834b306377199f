package form

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// FromYAML returns the JSON value of YAML text, as Flow reads catalogs: by the core schema of YAML 1.2, in which dates, times,
// 0777 and yes are texts.
func FromYAML(text []byte) (any, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	return valueOf(document.Content[0], 0)
}

// maxNesting bounds catalogs, of which an alias may hold itself.
const maxNesting = 200

func valueOf(node *yaml.Node, depth int) (any, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("line %d: it is nested more than %d levels deep", node.Line, maxNesting)
	}
	switch node.Kind {
	case yaml.AliasNode:
		return valueOf(node.Alias, depth+1)
	case yaml.SequenceNode:
		items := []any{}
		for _, item := range node.Content {
			value, err := valueOf(item, depth+1)
			if err != nil {
				return nil, err
			}
			items = append(items, value)
		}
		return items, nil
	case yaml.MappingNode:
		return mappingOf(node, depth)
	}
	return scalarOf(node), nil
}

// mappingOf returns an object. A merge key (<<) adds what is not there.
func mappingOf(node *yaml.Node, depth int) (any, error) {
	members, merged := map[string]any{}, []*yaml.Node{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		if name.Kind == yaml.AliasNode {
			name = name.Alias
		}
		switch {
		case name.Kind != yaml.ScalarNode:
			return nil, fmt.Errorf("line %d: the name of a member is no text", name.Line)
		case name.Value == "<<" && name.Style == 0:
			merged = append(merged, value)
			continue
		}
		if _, ok := members[name.Value]; ok {
			return nil, fmt.Errorf("line %d: the member %q is there twice; remove one", name.Line, name.Value)
		}
		v, err := valueOf(value, depth+1)
		if err != nil {
			return nil, err
		}
		members[name.Value] = v
	}
	for _, node := range merged {
		if err := merge(members, node, depth); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// merge adds the members of an object, or of each of a list of objects.
func merge(into map[string]any, node *yaml.Node, depth int) error {
	value, err := valueOf(node, depth+1)
	if err != nil {
		return err
	}
	all, ok := value.([]any)
	if !ok {
		all = []any{value}
	}
	for _, one := range all {
		members, ok := one.(map[string]any)
		if !ok {
			return fmt.Errorf("line %d: << merges objects only", node.Line)
		}
		for name, value := range members {
			if _, ok := into[name]; !ok {
				into[name] = value
			}
		}
	}
	return nil
}

var (
	isDecimal = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`).MatchString
	isFloat   = regexp.MustCompile(`^[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`).MatchString
)

// scalarOf returns what a scalar is without quotes: null, true, false, a number, or a text.
func scalarOf(node *yaml.Node) any {
	text := node.Value
	if node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 || node.Style&yaml.TaggedStyle != 0 && node.ShortTag() == "!!str" {
		return text
	}
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	switch {
	case isDecimal(text):
		return json.Number(strings.TrimPrefix(text, "+"))
	case isFloat(text):
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) {
			return f
		}
	case strings.HasPrefix(text, "0x"), strings.HasPrefix(text, "0o"), strings.HasPrefix(text, "0b"):
		if n, err := strconv.ParseUint(text, 0, 64); err == nil && !strings.Contains(text, "_") {
			return n
		}
	}
	return text
}
