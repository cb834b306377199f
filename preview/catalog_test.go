package preview

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"source-intercom-ingest/form"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
)

// files writes files into a folder, and returns it.
func files(t *testing.T, all map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range all {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Scalars are what they are to Flow, which reads YAML by its core schema.
func TestScalarsAreThoseOfTheCoreSchema(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-25": `"2026-11-25"`, "2026-11-25T01:02:03Z": `"2026-11-25T01:02:03Z"`, "0777": `"0777"`, "1_000": `"1_000"`, "12:30:45": `"12:30:45"`,
		"yes": `"yes"`, "no": `"no"`, "on": `"on"`, "Off": `"Off"`, "y": `"y"`, "true": `true`, "True": `true`, "FALSE": `false`,
		"~": `null`, "": `null`, "Null": `null`, "nil": `"nil"`, "123456789012345678901234567890": `123456789012345678901234567890`,
		"+1": `1`, "-0": `-0`, "0x1F": `31`, "0o17": `15`, "1e3": `1000`, ".5": `0.5`, "1.": `1`, "1.50": `1.5`, "007.5": `"007.5"`, ".inf": `".inf"`, "1e999": `"1e999"`,
		"'true'": `"true"`, `"1"`: `"1"`, "!!str 1": `"1"`, "=": `"="`, "|\n  1\n": `"1\n"`,
	} {
		value, err := form.FromYAML([]byte("a: " + text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(value); err != nil || string(got) != `{"a":`+want+`}` {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
}

func TestYAMLIsReadWhole(t *testing.T) {
	value, err := form.FromYAML([]byte("base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}\nlist: [*b, 2026-01-01]\n\"<<\": text\n"))
	got, _ := json.Marshal(value)
	if want := `{"\u003c\u003c":"text","base":{"x":1,"y":2},"list":[{"x":1,"y":2},"2026-01-01"],"own":{"x":1,"y":3}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	for text, wrong := range map[string]string{
		"a: 1\na: 2": "twice", "? [a]\n: 1": "no text", "a: &a [*a]": "nested more than", "a: {<<: 1}": "merges objects only", "a: [": "did not find",
	} {
		if _, err := form.FromYAML([]byte(text)); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

const anEndpoint = "    endpoint: {connector: {image: x, config: {paths: [/a]}}}\n"

// A member that nothing knows is an error that names the one that was meant.
func TestAMisspeltMemberOfACatalogIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"captures:\n  acme/a:\n" + anEndpoint + "    bindngs: []\n":    "captures.acme/a.bindngs is not known; did you mean bindings?",
		"captures:\n  acme/a:\n    endpont: {}\n":                      "did you mean endpoint?",
		"captures:\n  acme/a:\n    endpoint: {Connector: {}}\n":        "captures.acme/a.endpoint.Connector is not known; did you mean connector?",
		"captures:\n  acme/a:\n    endpoint: {connector: {imge: x}}\n": "did you mean image?",
		"Captures: {}\n": "did you mean captures?",
		"captures:\n  acme/a:\n" + anEndpoint + "    bindings: [{resource: {}, taget: b}]\n":        "captures.acme/a.bindings[0].taget is not known; did you mean target?",
		"captures:\n  acme/a:\n" + anEndpoint + "collections: {acme/b: {keys: [/a], schema: {}}}\n": "did you mean key?",
		"captures:\n  acme/a:\n" + anEndpoint + "    zebra: 1\n":                                    "zebra is not known; remove it",
		"captures: {}\n":            "no captures",
		"captures:\n  acme/a: {}\n": "no endpoint",
		"captures:\n  acme/a:\n" + anEndpoint + "    bindings: [{resource: {}, target: acme/b}]\ncollections: {acme/b: {schema: {}}}\n": "collection acme/b has no key",
		"captures:\n  acme/a:\n" + anEndpoint + "    bindings: [{resource: {}, target: acme/b}]\ncollections: {acme/b: {key: [/a]}}\n":  "schema of acme/b: there is none",
		"captures:\n  acme/a:\n" + anEndpoint + "    bindings: [{resource: {}, target: 7}]\n":                                           "target is no name",
		"captures:\n  acme/a:\n" + anEndpoint + "    bindings: [{resource: {}, target: a, disable: true}]\n":                            "all of its bindings are disabled",
	} {
		dir := files(t, map[string]string{"flow.yaml": text})
		if _, err := readTask(filepath.Join(dir, "flow.yaml"), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %s", text, err, want)
		}
	}
}

// What Flow's catalogs may hold beside what preview reads passes.
func TestAWholeCatalogPasses(t *testing.T) {
	dir := files(t, map[string]string{
		"flow.yaml": `
$schema: https://example.com/flow.json
import: [more.yaml]
captures:
  acme/a:
    autoDiscover: {addNewBindings: true}
    endpoint: {local: {command: [x], config: config.yaml, env: {A: b}, protobuf: true}}
    interval: 5m
    shards: {disable: false}
    expectPubId: "1"
    bindings:
      - {resource: "resource.yaml#/all/0", target: acme/b, backfill: 2}
      - {resource: {stream: x}, target: null}
      - {resource: {stream: gone}, target: acme/gone, disable: true}
      - {resource: {stream: /a, since: 2026-01-01}, target: acme/found}
materializations: {acme/m: {anything: 1}}
tests: {acme/t: []}
`,
		"more.yaml":     "collections: {acme/b: {key: [/id], schema: 'schemas/b.yaml#/definitions/B', projections: {x: /y}, journals: {}}}",
		"config.yaml":   "paths: [/a]\ntoken: 0777\n",
		"resource.yaml": "all: [{stream: /b}]",
		"schemas/b.yaml": `
definitions:
  B: {type: object, properties: {c: {$ref: '#/definitions/C'}, d: {$ref: ../d.json}, e: {$ref: '../d.json#/$defs/e'}}, enum: [{$ref: no-file}]}
  C: {type: string, pattern: '^c'}
`,
		"d.json": `{"type":"array","items":{"$ref":"schemas/b.yaml#/definitions/B"},"$defs":{"e":{"const":{"$ref":"no-file"}}}}`,
	})
	task, err := readTask(filepath.Join(dir, "flow.yaml"), "")
	if err != nil {
		t.Fatal(err)
	}
	b := task.spec.Bindings
	if len(b) != 2 || string(b[0].ResourceConfigJson) != `{"stream":"/b"}` || string(task.spec.ConfigJson) != `{"paths":["/a"],"token":"0777"}` ||
		string(b[1].ResourceConfigJson) != `{"since":"2026-01-01","stream":"/a"}` || b[1].Collection.Name != "acme/found" || !lacksCollection(b[1]) || b[0].Backfill != 2 {
		t.Errorf("%v", task.spec)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(b[0].Collection.WriteSchemaJson, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(&jsonschema.ResolveOptions{BaseURI: "file:///catalog"})
	if err != nil {
		t.Fatalf("%s: %v", b[0].Collection.WriteSchemaJson, err)
	}
	for text, accepted := range map[string]bool{`{"$ref":"no-file"}`: true, `{"c":"c"}`: false} { // of the enum alone
		var value any
		_ = json.Unmarshal([]byte(text), &value)
		if err := resolved.Validate(value); (err == nil) != accepted {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A reference leads to what stands there, also in another file and in a circle, and one that leads nowhere says so.
func TestReferencesLeadToFiles(t *testing.T) {
	const tail = "captures:\n  acme/a:\n" + anEndpoint + "    bindings: [{resource: {}, target: acme/b}]\n"
	dir := files(t, map[string]string{
		"flow.yaml":    tail + "collections: {acme/b: {key: [/id], schema: {properties: {n: {$ref: 'a dir/n.yaml'}, l: {$ref: '#/$defs/l'}}, $defs: {l: {type: string}}}}}",
		"a dir/n.yaml": "type: object\nproperties: {next: {$ref: n.yaml}, v: {$ref: 'v.yaml#/v'}}\n", "a dir/v.yaml": "v: {type: integer}\n",
		"none.yaml":    tail + "collections: {acme/b: {key: [/id], schema: {$ref: gone.yaml}}}",
		"nowhere.yaml": tail + "collections: {acme/b: {key: [/id], schema: {$ref: 'a dir/v.yaml#/w'}}}",
	})
	task, err := readTask(filepath.Join(dir, "flow.yaml"), "")
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(task.spec.Bindings[0].Collection.WriteSchemaJson, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(&jsonschema.ResolveOptions{BaseURI: "file:///catalog"})
	if err != nil {
		t.Fatal(err)
	}
	for text, accepted := range map[string]bool{`{"n":{"next":{"next":{"v":1}}},"l":"x"}`: true, `{"n":{"next":{"v":"x"}}}`: false, `{"l":1}`: false} {
		var value any
		_ = json.Unmarshal([]byte(text), &value)
		if err := resolved.Validate(value); (err == nil) != accepted {
			t.Errorf("%s: %v", text, err)
		}
	}
	for file, want := range map[string]string{"none.yaml": "gone.yaml", "nowhere.yaml": "nothing at that location"} {
		if _, err := readTask(filepath.Join(dir, file), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
	if diff := cmp.Diff([]string{"/id"}, task.spec.Bindings[0].Collection.Key); diff != "" {
		t.Error(diff)
	}
}
