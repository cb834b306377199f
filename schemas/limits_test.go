package schemas

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// compiled compiles a schema without a key.
func compiled(t testing.TB, schema string) *Validator {
	t.Helper()
	v, err := Compile([]byte(schema), nil, nil)
	if err != nil {
		t.Fatalf("%.100s: %v", schema, err)
	}
	return v
}

// What an attacker sends takes steps in proportion to its bytes, and hardly any memory beside it.
func TestNothingIsCostly(t *testing.T) {
	numbers := `{"v":[` + strings.Repeat("1,", 1<<20) + `1]}`
	oneOf := `{"oneOf":[{"type":"array","items":{"$ref":"#"}},{"type":"array","items":{"$ref":"#"},"minItems":9},{"type":"string"}]}`
	var enum []string
	for i := range 20_000 {
		enum = append(enum, fmt.Sprintf(`{"id":%d,"name":"%[1]d"}`, i))
	}
	for about, c := range map[string]struct {
		schema, doc string
		perByte     int
	}{
		"items of another type":       {`{"properties":{"v":{"items":{"type":"string"}}}}`, numbers, 4},
		"items of none of some types": {`{"properties":{"v":{"items":{"anyOf":[{"type":"string"},{"type":"null"},{"type":"array"}]}}}}`, numbers, 12},
		"items that are right":        {`{"properties":{"v":{"items":{"type":"integer"}}}}`, numbers, 4},
		"recursive oneOf":             {oneOf, strings.Repeat("[", 98) + strings.Repeat("]", 98), 5_000},
		"a large enum":                {`{"items":{"enum":[` + strings.Join(enum, ",") + `]}}`, "[" + strings.Join(enum, ",") + "]", 4},
		"unique items":                {`{"uniqueItems":true}`, "[" + strings.Join(enum, ",") + "]", 4},
		"many unique items":           {`{"properties":{"v":{"uniqueItems":true}}}`, `{"v":[` + strings.Repeat("1,", 1<<18) + `1]}`, 8},
		"unique items within others":  {`{"uniqueItems":true,"items":{"$ref":"#"}}`, strings.Repeat("[", 98) + strings.Repeat("1,", 1000) + "1" + strings.Repeat("]", 98), 40},
		"a huge exponent":             {`{"items":{"minimum":1,"multipleOf":0.01,"type":"integer","enum":[1]}}`, `[1e-999999999]`, 8},
		"a long number":               {`{"minimum":1,"multipleOf":0.01,"const":1}`, "0." + strings.Repeat("1", 100_000), 1},
		"a long integer":              {`{"minimum":1,"multipleOf":3,"enum":[1]}`, strings.Repeat("9", 100_000), 1},
		"a long text":                 {`{"pattern":"^(a+)+$","minLength":1,"format":"uri"}`, `"` + strings.Repeat("a", 100_000) + `!"`, 8},
		"dependents within others":    {`{"dependentSchemas":{"x":true,"y":{"required":["z"]}},"additionalProperties":{"$ref":"#"}}`, strings.Repeat(`{"a":`, 98) + `"` + strings.Repeat("x", 10_000) + `"` + strings.Repeat("}", 98), 40},
		"what is not evaluated":       {`{"unevaluatedProperties":{"type":"string"},"anyOf":[{"properties":{"v":{"unevaluatedItems":false}}},true]}`, numbers, 12},
	} {
		v := compiled(t, c.schema)
		var before, after runtime.MemStats
		limits := NewLimits(len(c.doc), nil)
		had := limits.Steps
		runtime.ReadMemStats(&before)
		if _, err := v.Validate(t.Context(), []byte(c.doc), limits); err != nil {
			t.Errorf("%s: %v", about, err)
		}
		runtime.ReadMemStats(&after)
		if used := had - limits.Steps; used > int64(c.perByte*len(c.doc)) {
			t.Errorf("%s: %d steps for %d bytes", about, used, len(c.doc))
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(16*len(c.doc)+1<<21) {
			t.Errorf("%s: %d bytes are allocated for %d", about, used, len(c.doc))
		}
	}
}

// What would take longer is given up, unless something is known to be wrong by then.
func TestStepsAreLimited(t *testing.T) {
	doc := []byte(`{"a":1,"b":[` + strings.Repeat("[],", 1000) + `[]]}`)
	v := compiled(t, `{"properties":{"b":{"items":{"type":"array"}}}}`)
	if found, err := v.Validate(t.Context(), doc, &Limits{Steps: 100}); err != ErrTooCostly || found != nil {
		t.Error(found, err)
	}
	if found, err := v.Validate(t.Context(), doc, &Limits{Steps: 100_000}); err != nil || found != nil {
		t.Error(found, err)
	}
	v = compiled(t, `{"properties":{"a":{"type":"string"},"b":{"items":{"type":"array"}}}}`)
	if found, err := v.Validate(t.Context(), doc, &Limits{Steps: 100}); err != nil || len(found) != 1 || found[0].InstanceLocation != "/a" {
		t.Error(found, err)
	}
	v = compiled(t, `{"anyOf":[{"properties":{"a":{"type":"string"},"b":{"items":{"type":"array"}}}},true]}`)
	if found, err := v.Validate(t.Context(), doc, &Limits{Steps: 100}); err != ErrTooCostly || found != nil {
		t.Error("what an alternative lacks is told:", found, err)
	}
	limits := &Limits{Steps: 1_000_000}
	v = compiled(t, `{"pattern":"a{900}"}`)
	if _, err := v.Validate(t.Context(), []byte(`"`+strings.Repeat("a", 1<<20)+`"`), limits); err != ErrTooCostly {
		t.Error("a match is not paid for:", err)
	}
	// They are of all documents of a request together.
	limits = &Limits{Steps: 7000}
	v = compiled(t, `{"properties":{"b":{"items":{"type":"array"}}}}`)
	_, first := v.Validate(t.Context(), doc, limits)
	_, second := v.Validate(t.Context(), doc, limits)
	if _, third := v.Validate(t.Context(), doc, limits); first != nil || second == nil && third == nil {
		t.Error(first, second, third)
	}
}

// A leaver is a context that ends when it was asked some times.
type leaver struct {
	context.Context
	left int
}

func (l *leaver) Err() error {
	if l.left--; l.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestValidationEndsWhenTheSenderHasLeft(t *testing.T) {
	doc := []byte("[" + strings.Repeat("1,", 1<<20) + "1]")
	limits := NewLimits(len(doc), nil)
	had := limits.Steps
	_, err := compiled(t, `{"items":{"type":"integer"}}`).Validate(&leaver{t.Context(), 3}, doc, limits)
	if used := had - limits.Steps; err != context.Canceled || used > 100_000 {
		t.Errorf("%v after %d steps", err, used)
	}
}

// Memory is asked for before it is used, and given back.
func TestMemoryIsAskedFor(t *testing.T) {
	errNone := errors.New("none is left")
	doc := []byte("[" + strings.Repeat("1,", 10_000) + "2]")
	for _, c := range []struct {
		schema string
		room   int
		err    error
	}{
		{`{"uniqueItems":true}`, copies*len(doc) - 1, errNone}, {`true`, copies * len(doc), nil}, {`{"uniqueItems":true}`, copies * len(doc), errNone},
		{`{"uniqueItems":true}`, 20 * len(doc), nil},
	} {
		held, most := int64(0), int64(0)
		limits := NewLimits(len(doc), func(n int64) error {
			if held+n > int64(c.room) {
				return errNone
			}
			held += n
			most = max(most, held)
			return nil
		})
		if _, err := compiled(t, c.schema).Validate(t.Context(), doc, limits); err != c.err || held != 0 || most == 0 && c.err == nil {
			t.Errorf("%s with %d bytes: %v, %d are held", c.schema, c.room, err, held)
		}
	}
}

// As many schemas may hold on the way to a value as the runtime has frames for; what is in place counts, met or not.
func TestFramesAreLimited(t *testing.T) {
	chain := func(n int) string { // n+1 schemas hold
		var defs []string
		for i := range n {
			defs = append(defs, fmt.Sprintf(`"d%d":{"$ref":"#/$defs/d%d"}`, i, i+1))
		}
		return fmt.Sprintf(`{"$ref":"#/$defs/d0","$defs":{%s,"d%d":true}}`, strings.Join(defs, ","), n)
	}
	wide := func(n int) string { return `{"anyOf":[` + strings.Repeat(`{"type":"null"},`, n-1) + `true]}` } // n+1 hold
	for _, c := range []struct {
		schema, doc string
		right       bool
	}{
		{chain(maxFrames - 2), `1`, true}, {chain(maxFrames - 1), `1`, false},
		{wide(maxFrames - 1), `1`, true}, {wide(maxFrames), `1`, false},
		{`{"items":` + wide(maxFrames-2) + `}`, `[1,1,1]`, true}, {`{"items":` + wide(maxFrames-1) + `}`, `[1]`, false},
		{`{"items":{"$ref":"#"},"anyOf":[true,true,true,true]}`, strings.Repeat("[", 85) + strings.Repeat("]", 85), true},
		{`{"items":{"$ref":"#"},"anyOf":[true,true,true,true]}`, strings.Repeat("[", 86) + strings.Repeat("]", 86), false},
		{`{"$ref":"#"}`, `1`, false}, {`{"not":{"$ref":"#/$defs/x"},"$defs":{"x":{"$ref":"#/$defs/x"}}}`, `1`, true},
	} {
		if found := validate(t, compiled(t, c.schema), []byte(c.doc)); (len(found) == 0) != c.right {
			t.Errorf("%.60s of %.60s: %v", c.doc, c.schema, found)
		}
	}
}

// Schemas that refer to themselves, and to others twice each, are compiled in time linear to them.
func TestHostileSchemasAreCompiledQuickly(t *testing.T) {
	var defs []string
	for i := range 2000 {
		defs = append(defs, fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"flow://d%[2]d"}],"anyOf":[{"$ref":"#/$defs/d%[2]d"},true],"properties":{"a":{"$ref":"#/$defs/d%[2]d"}},"$id":"flow://d%[1]d"}`, i, i+1))
	}
	diamond := `{"$ref":"#/$defs/d0","$defs":{` + strings.Join(defs, ",") + `,"d2000":{"$id":"flow://d2000"}}}`
	for name, schema := range map[string]string{
		"diamond": strings.ReplaceAll(diamond, `"$ref":"#/$defs/d`, `"$ref":"flow://d`),
		"circle":  `{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]},"b":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#"}],"properties":{"a":{"$ref":"#/$defs/a"}}}}}`,
	} {
		v, err := Compile([]byte(schema), []string{"/a/a/a", "/b"}, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if v.Covered() {
			t.Errorf("%s accepts everything", name)
		}
		limits := NewLimits(0, nil)
		had := limits.Steps
		if found, err := v.Validate(t.Context(), []byte(`{"a":{"a":{}}}`), limits); len(found) == 0 || err != nil || had-limits.Steps > 100_000 {
			t.Errorf("%s: %v, %v, %d steps", name, found, err, had-limits.Steps)
		}
	}
}

// What a violation tells of a document is bounded, however long the names of its members are.
func TestTheLocationOfAViolationIsBounded(t *testing.T) {
	v, err := Compile([]byte(`{"additionalProperties":{"type":"integer"}}`), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	found, err := v.Validate(t.Context(), []byte(`{"`+strings.Repeat("ü", 100_000)+`":"x"}`), NewLimits(1<<20, func(int64) error { return nil }))
	if err != nil || len(found) != 1 || len(found[0].InstanceLocation) > 300 || len(found[0].Error) > 300 {
		t.Errorf("%d violations, %v: %d bytes", len(found), err, len(found[0].InstanceLocation))
	}
}
