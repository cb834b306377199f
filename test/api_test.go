package test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An apiCase is a configuration, and what a client posts that is generated from its description.
type apiCase struct {
	config   string
	bindings string
	client   string // in TypeScript: calls of client, each of which must be answered 200
}

// bound returns a binding of a path to a collection with a write schema.
func bound(path, schema, more string) string {
	quoted, _ := json.Marshal(path)
	return fmt.Sprintf(`{"resourceConfig":{"stream":%s,"path":%[1]s%[3]s},"collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":%[2]s}}`, quoted, schema, more)
}

const discoveredSchema = `{"type":"object","x-infer-schema":true,"required":["_meta"],"properties":{"_meta":{"type":"object","required":["webhookId","receivedAt"],
	"properties":{"webhookId":{"type":"string"},"receivedAt":{"type":"string","format":"date-time"}}}}}`

var apiCases = map[string]apiCase{
	"open": {`{}`, bound("/in", `true`, ""),
		`client.POST("/in", { body: { hello: "world", n: [1, null] } }), client.PUT("/in", { body: [{ a: 1 }, { b: { c: true } }] }), client.POST("/in", { body: [] })`},
	"discovered": {`{}`, bound("/in", discoveredSchema, ""),
		`client.POST("/in", { body: { hello: "world" } }), client.POST("/in", { body: [{ a: 1 }], params: { query: { query: { page: "1" } } } })`},
	"token": {`{"requireAuthToken":"t0ken"}`, bound("/in", discoveredSchema, ""),
		`client.POST("/in", { body: { hello: "world" }, headers: { Authorization: "Bearer t0ken" } })`},
	"intercom": {`{"signatureConfig":{"provider":"intercom","clientSecret":"s3cret"}}`, bound("/in", discoveredSchema, ""),
		`client.POST("/in", { body: example, params: { header: { "X-Hub-Signature": signature } } })`},
	"both": {`{"requireAuthToken":"t0ken","signatureConfig":{"provider":"intercom","clientSecret":"s3cret"}}`, bound("/in", `{}`, ""),
		`client.PUT("/in", { body: example, params: { header: { "X-Hub-Signature": signature } }, headers: { Authorization: "Bearer t0ken" } })`},
	"markup": {`{"signatureConfig":{"provider":"intercom","clientSecret":"s3cret"}}`, bound("/in", discoveredSchema, `,"topics":["conversation.user.created"]`),
		`client.POST("/in", { body: example, params: { header: { "X-Hub-Signature": signature } } })`},
	"signed with the time": {`{"signatureConfig":{"provider":"stripe","secret":"s3cret"}}`, bound("/in", `{}`, ""), ``},
	"parameters": {`{}`, bound("/v/{vendorId}/p/{my id}", `{}`, `,"idFromHeader":"X-Request-Id"`) + "," + bound("/files/{*rest}", `{}`, ""),
		`client.POST("/v/{vendorId}/p/{my_id}", { body: { a: 1 }, params: { path: { vendorId: "a/b", my_id: "c" }, header: { "X-Request-Id": "1" } } }),
		client.POST("/files/{rest}", { body: [{ a: 1 }], params: { path: { rest: "a/b" } } })`},
	"paths that look alike": {`{}`, bound("/files/{*rest}", `{}`, "") + "," + bound("/files/{x}", `{}`, "") + "," + bound("/orders/", `{}`, "") + "," + bound("/a%2Fb c", `{}`, ""),
		`client.POST("/files/{x}", { body: { a: 1 }, params: { path: { x: "1" } } }), client.POST("/orders", { body: { a: 1 } }), client.POST("/a%2Fb%20c", { body: { a: 1 } })`},
	"topics": {`{}`, bound("/in", `{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`, `,"topics":["conversation.*"]`) + "," +
		bound("/in", `{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"integer"}}}`, ""),
		`client.POST("/in", { body: example }), client.POST("/in", { body: [{ a: 1 }, { topic: "conversation.deleted", a: "x" }] })`},
	"definitions": {`{}`, bound("/in", `{"$id":"flow://acmeCo/in","$ref":"flow://write","$defs":{
		"one":{"$id":"flow://write","type":"object","required":["_meta","id"],"properties":{"_meta":{"type":"object"},"id":{"$ref":"#/$defs/id"},"other":{"$ref":"flow://two#/$defs/a~1b c"}},
			"$defs":{"id":{"type":"string","minLength":8}}},
		"two":{"$id":"flow://two","$defs":{"a/b c":{"type":"integer"}}},"unused":{"type":"null"}}}`, ""),
		`client.POST("/in", { body: { id: "12345678", other: 1, more: {} } }), client.POST("/in", { body: [{ id: "12345678" }] })`},
	"recursive": {`{}`, bound("/in", `{"type":"object","$anchor":"node","properties":{"children":{"type":"array","items":{"$ref":"#"}},"up":{"$ref":"#node"},
		"next":{"$ref":"#/$defs/list"},"second":{"$ref":"#/properties/next"}},"$defs":{"list":{"type":"object","properties":{"next":{"$ref":"#/$defs/list"}}}}}`, ""),
		`client.POST("/in", { body: { children: [{ children: [] }], next: { next: { next: {} } }, second: { value: 1 } } })`},
	"old drafts": {`{}`, bound("/in", `{"$schema":"http://json-schema.org/draft-04/schema#","type":"object","definitions":{"s":{"type":"string","nullable":true},"日本":{"type":"integer"}},
		"properties":{"pair":{"type":"array","items":[{"type":"integer"},{"$ref":"#/definitions/s"}],"additionalItems":false},"first":{"$ref":"#/properties/pair/items/0"},
			"n":{"type":"string","nullable":true,"secret":true},"j":{"$ref":"#/definitions/%E6%97%A5%E6%9C%AC","description":"A number."},"any":true,"never":{"not":{}},
			"r":{"$recursiveRef":"#"}}}`, ""),
		`client.POST("/in", { body: { pair: [1, null], first: 2, n: null, j: 3, any: "x", r: { pair: [4, "s"] } } })`},
	"closed": {`{}`, bound("/in", `{"type":"object","required":["_meta","kind"],"properties":{"_meta":true,"kind":{"enum":["a","b"]},"when":{"type":"string","format":"date-time"},"more":{},
		"tuple":{"type":"array","prefixItems":[{"type":"string"}]}},"if":{"properties":{"kind":{"const":"b"}}},"then":{"required":["more"]},"unevaluatedProperties":false}`, ""),
		`client.POST("/in", { body: { kind: "b", more: 1, when: "2026-01-02T03:04:05Z", tuple: ["x"] } }), client.POST("/in", { body: [{ kind: "a" }] })`},
	"annotated": {`{}`, bound("/in", `{"type":["object","null"],"reduce":{"strategy":"merge"},"required":["a","b"],"properties":{"a":{"type":"string","redact":{"strategy":"block"},"multiline":true,"order":1,
		"airbyte_secret":true,"$comment":"c","example":"e","examples":["x"],"discriminator":{"propertyName":"p"}}},"patternProperties":{"^x":{"type":"integer"}},
		"propertyNames":{"maxLength":100},"dependentRequired":{"a":["b"]},"minProperties":0,"anyOf":[{"required":["c"]},{"required":["d"]}]}`, ""),
		`client.POST("/in", { body: { a: "x", b: 1, c: 2, d: null } })`},
}

// describe opens a session for each case, whose runtime acknowledges all, and writes their descriptions to a folder, each as
// its number and .json. Beside them are the modules that npm has installed.
func describe(t *testing.T) (folder string, urls map[string]string) {
	t.Helper()
	for _, module := range []string{"@redocly/cli", "openapi-typescript", "openapi-fetch", "typescript"} {
		if _, err := os.Stat("browser/node_modules/" + module); err != nil {
			skip(t, "%s is not installed; npm ci in test/browser does it", module)
		}
	}
	folder, urls = t.TempDir(), map[string]string{}
	modules, err := filepath.Abs("browser/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for i, name := range slices.Sorted(maps.Keys(apiCases)) {
		c := apiCases[name]
		r, url := openSession(t, "proto", fmt.Sprintf(`{"name":"acme/hooks","config":%s,"bindings":[%s]}`, c.config, c.bindings))
		go r.acknowledgeEach(func([]document) {})
		status, text := fetch(t, url+"/api-doc/openapi.json")
		if status != http.StatusOK || strings.Contains(text, "$defs") || strings.Contains(text, `"nullable"`) {
			t.Errorf("%s: %d %s", name, status, text)
		}
		keep(t, filepath.Join(folder, fmt.Sprintf("case%d.json", i)), text)
		urls[name] = url
	}
	return folder, urls
}

func keep(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// node runs a program of npm's in a folder, which asks nobody elsewhere.
func node(t *testing.T, folder string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true", "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Descriptions pass the rules that redocly recommends, without so much as a warning.
func TestDescriptionsPassTheRecommendedRules(t *testing.T) {
	folder, urls := describe(t)
	args := []string{"node_modules/@redocly/cli/bin/cli.js", "lint", "--extends=recommended", "--format=stylish", "--max-problems=1000"}
	for i := range len(urls) {
		args = append(args, fmt.Sprintf("case%d.json", i))
	}
	out, err := node(t, folder, args...)
	if err != nil || strings.Contains(out, " warning ") || !strings.Contains(out, "Your API descriptions are valid") {
		t.Errorf("%v: %s", err, out)
	}
}

// A client that is generated from a description posts objects and arrays without casts, and they are captured.
func TestGeneratedClientsPost(t *testing.T) {
	folder, urls := describe(t)
	var run strings.Builder
	args := []string{"node_modules/typescript/bin/tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--resolveJsonModule",
		"--esModuleInterop", "--outDir", "out"}
	for i, name := range slices.Sorted(maps.Keys(apiCases)) {
		file := fmt.Sprintf("case%d", i)
		if out, err := node(t, folder, "node_modules/openapi-typescript/bin/cli.js", file+".json", "-o", file+".types.ts"); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		keep(t, filepath.Join(folder, file+".client.mts"), fmt.Sprintf(`
import createClient from "openapi-fetch";
import type { paths } from "./%[1]s.types.js";
import description from "./%[1]s.json" with { type: "json" };
const client = createClient<paths>({ baseUrl: %[2]q });
const [, operation] = Object.entries(description.paths)[0]!;
const example = operation.post.requestBody.content["application/json"].example;
const header = operation.post.parameters.find((p) => p.name === "X-Hub-Signature");
const signature = header && "example" in header && typeof header.example === "string" ? header.example : "";
export const answers = await Promise.all([%[3]s]);
export const uses = [example, signature, client];
`, file, urls[name], apiCases[name].client))
		args = append(args, file+".client.mts")
		fmt.Fprintf(&run, "for (const { data, error, response } of (await import('./out/%s.client.mjs')).answers)\n"+
			"  if (response.status !== 200 || typeof data.published !== 'number') console.log(%q, response.status, error);\n", file, name)
	}
	if out, err := node(t, folder, args...); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	keep(t, filepath.Join(folder, "run.mjs"), run.String())
	if out, err := node(t, folder, "run.mjs"); err != nil || out != "" {
		t.Errorf("%v: %s", err, out)
	}
}

// The example of a capture of Intercom's is a whole notification, and its signature is the capture's, whoever writes it. It is
// shown to nobody beyond this machine and its networks, and to no other page.
func TestTheExampleIsSigned(t *testing.T) {
	const capture = `{"name":"acme/hooks","config":{"workspaces":["w1"],"signatureConfig":{"provider":"intercom","clientSecret":"s3cret of mine"}},"bindings":[%s]}`
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, fmt.Sprintf(capture, bound("/in", discoveredSchema, "")))
		captured := make(chan string, 10)
		go r.acknowledgeEach(func(found []document) {
			for _, d := range found {
				captured <- string(d.Doc)
			}
		})
		body, signature := exampleOf(t, url, nil)
		var compact bytes.Buffer
		var value any
		if err := cmp.Or(json.Compact(&compact, body), json.Unmarshal(body, &value)); err != nil {
			t.Fatal(err)
		}
		again, _ := json.Marshal(value)
		for _, text := range []string{compact.String(), string(again)} {
			status, answer, err := post(t.Context(), url+"/in", text, "X-Hub-Signature", signature)
			if err != nil || status != http.StatusOK {
				t.Errorf("%s is answered %d %s, %v", text, status, answer, err)
				continue
			}
			if d := <-captured; !strings.Contains(d, `"event":{"topic":"contact.user.created","workspaceId":"w1","objectType":"contact","objectId":"`) {
				t.Errorf("captured %s", d)
			}
		}
		for name, value := range map[string]string{"Origin": "https://a.example", "X-Forwarded-For": "127.0.0.1, 203.0.113.7", "Host": "hooks.example"} {
			if _, signature := exampleOf(t, url, http.Header{name: {value}}); signature != "" {
				t.Errorf("the signature is shown to %s: %s", name, value)
			}
		}
		if _, signature := exampleOf(t, url, http.Header{"X-Forwarded-For": {"10.1.2.3, ::1"}, "Host": {"localhost"}}); signature == "" {
			t.Error("the signature is not shown behind a proxy of this network")
		}
	})
}

// exampleOf returns the example of the description's only path, and its signature.
func exampleOf(t *testing.T, url string, header http.Header) (body json.RawMessage, signature string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url+"/api-doc/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var description struct {
		Paths map[string]struct {
			Post struct {
				Parameters []struct {
					Name    string
					Example any
				}
				RequestBody struct {
					Content map[string]struct{ Example json.RawMessage }
				}
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&description); err != nil {
		t.Fatal(err)
	}
	for _, path := range description.Paths {
		body = path.Post.RequestBody.Content["application/json"].Example
		for _, p := range path.Post.Parameters {
			if p.Name == "X-Hub-Signature" {
				signature, _ = p.Example.(string)
			}
		}
	}
	return body, signature
}
