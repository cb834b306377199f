package test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// catalogOf writes a catalog with this configuration and these members beside it.
func catalogOf(t *testing.T, config, bindings, more string) string {
	t.Helper()
	dir := t.TempDir()
	text := "captures:\n  acme/hooks:\n    endpoint: {connector: {image: x, config: " + config + "}}\n    bindings: " + bindings + "\n" + more
	for name, text := range map[string]string{"flow.yaml": text, "orders.yaml": "definitions: {n: {type: integer}}\norder: {properties: {n: {$ref: '#/definitions/n'}}}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "flow.yaml")
}

// refusedCatalog runs preview with a catalog that it must not run, and returns what it says.
func refusedCatalog(t *testing.T, catalog string) string {
	t.Helper()
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, "preview", "--source", catalog, "--port", "0", "--console=", "--db", filepath.Join(t.TempDir(), "x.db"), "--timeout", "10s")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("preview ran, and said %s", out)
	}
	return string(out)
}

// A typo never opens an endpoint, moves a path or captures elsewhere: it is an error that names what was meant.
func TestATypoInACatalogIsAnError(t *testing.T) {
	const binding, collection = "[{resource: {stream: a, path: /a}, target: acme/a}]", "collections: {acme/a: {key: [/_meta/webhookId], schema: {type: object}}}\n"
	for want, catalog := range map[string]string{
		"signatureConfg is not known; did you mean signatureConfig?":          catalogOf(t, "{signatureConfg: {provider: github, secret: s}}", binding, collection),
		"requireAuthTokn is not known; did you mean requireAuthToken?":        catalogOf(t, "{requireAuthTokn: t}", binding, collection),
		"RequireAuthToken is not known; did you mean requireAuthToken?":       catalogOf(t, "{RequireAuthToken: t}", binding, collection),
		"signatureConfig.Secret is not known; did you mean secret?":           catalogOf(t, "{signatureConfig: {provider: github, secret: s, Secret: t}}", binding, collection),
		"signatureConfig.maxSignatureAge is not known; remove it":             catalogOf(t, "{signatureConfig: {provider: github, secret: s, maxSignatureAge: 1}}", binding, collection),
		"pth is not known; did you mean path?":                                catalogOf(t, "{}", "[{resource: {stream: a, pth: /a}, target: acme/a}]", collection),
		"bindngs is not known; did you mean bindings?":                        catalogOf(t, "{}", "[]", "    bindngs: []\n"),
		"collection acme/a has no key":                                        catalogOf(t, "{}", binding, "collections: {acme/a: {schema: {}}}\n"),
		"the catalog has no collection \"acme/a\", and discovery offers none": catalogOf(t, "{paths: [/b]}", binding, ""),
	} {
		if said := refusedCatalog(t, catalog); !strings.Contains(said, want) {
			t.Errorf("it says %s, not %s", said, want)
		}
	}
}

// The samples of the documents run as they stand: a target without a collection is the discovered one, references lead to
// files, and texts that look like dates are texts.
func TestACatalogIsReadAsFlowReadsIt(t *testing.T) {
	catalog := catalogOf(t, "{paths: [/orders, /found], requireAuthToken: 2026-01-01, sops_unencrypted: null}", `
      - resource: {stream: /orders, path: /orders}
        target: acme/orders
      - resource: {stream: /found, path: /found, idFromHeader: X-Id}
        target: acme/found
`, "collections: {acme/orders: {key: [/_meta/webhookId], schema: 'orders.yaml#/order'}}\n")
	text, err := os.ReadFile(catalog)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(catalog, []byte(strings.Replace(string(text), ", sops_unencrypted: null", "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--source", catalog, "--console=", "--quiet")
	for _, c := range []struct {
		path, body string
		status     int
	}{{"/orders", `{"n":1}`, 200}, {"/orders", `{"n":"x"}`, 400}, {"/found", `{"n":"x"}`, 200}} {
		url := strings.TrimSuffix(p.url, "/orders") + c.path
		if status, answer, err := post(t.Context(), url, c.body, "Authorization", "Bearer 2026-01-01", "X-Id", "7"); err != nil || status != c.status {
			t.Errorf("%s %s is answered %d %s, %v", c.path, c.body, status, answer, err)
		}
	}
	p.stop()
	if got := rows(t, db, `SELECT key FROM "acme/found"`); len(got) != 1 || got[0] != `["7"]` {
		t.Errorf("%s", got)
	}
}

// In Flow, where members that are unknown must pass, the connector's status names them.
func TestUnknownMembersAreNamedInTheStatus(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		r, _ := openSession(t, codec, `{"name":"acme/hooks","config":{"requireAuthTokn":"t","sops":{},"_meta":{},"require_auth_token":null},"bindings":[
			{"resourceConfig":{"stream":"in","path":"/in","Topics":[]},"collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":true}}]}`)
		for _, want := range []string{"endpoint config: requireAuthTokn is not known; did you mean requireAuthToken?; it is ignored",
			"resource config of binding 0: Topics is not known; did you mean topics?; it is ignored"} {
			if _, err := r.waitLog(func(fields map[string]any) bool {
				return fields["eventType"] == "connectorStatus" && fields["msg"] == want
			}); err != nil {
				t.Error(err)
			}
		}
		if log := r.logged(); strings.Contains(log, "sops") || strings.Contains(log, "_meta is") {
			t.Errorf("logged %s", log)
		}
	})
}

// A database whose files are deleted while preview runs is noticed before the next webhook is answered 200.
func TestADeletedDatabaseEndsPreview(t *testing.T) {
	for name, remove := range map[string]func(db string) error{
		"database": os.Remove,
		"log":      func(db string) error { return os.Remove(db + "-wal") },
		"folder":   func(db string) error { return os.RemoveAll(filepath.Dir(db)) },
	} {
		db := filepath.Join(t.TempDir(), "d", "webhooks.db")
		if err := os.Mkdir(filepath.Dir(db), 0o700); err != nil {
			t.Fatal(err)
		}
		p := preview(t, db, "--console", "127.0.0.1:0", "--quiet")
		if status, _, err := post(t.Context(), p.url, `{"a":1}`); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
		for _, file := range []string{db, db + "-wal", db + "-shm"} {
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", file, info, err)
			}
		}
		if err := remove(db); err != nil {
			t.Fatal(err)
		}
		if status, answer, err := post(t.Context(), p.url, `{"a":2}`); err == nil && status == http.StatusOK {
			t.Errorf("%s: answered %s", name, answer)
		}
		select {
		case err := <-p.done:
			if err == nil {
				t.Errorf("%s: preview ended without an error", name)
			}
		case <-time.After(patience):
			t.Fatalf("%s: preview goes on", name)
		}
		if !strings.Contains(p.said(), "deleted or replaced") {
			t.Errorf("%s: it says %s", name, p.said())
		}
	}
}

// A secret that is there and empty would let everyone in.
func TestAnEmptySecretIsAnError(t *testing.T) {
	file, err := binary_()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  string
		args []string
	}{
		{"CLIENT_SECRET=", []string{"preview"}}, {"CLIENT_SECRET= \t", []string{"preview"}}, {"AUTH_TOKEN=", []string{"preview"}}, {"X=", []string{"preview", "--auth-token", ""}},
		{"X=", []string{"preview", "--client-secret", " "}}, {"CLIENT_SECRET=", []string{"send"}}, {"X=", []string{"send", "--client-secret="}},
	} {
		if c.args[0] == "preview" {
			c.args = append(c.args, "--port", "0", "--console=", "--db", filepath.Join(t.TempDir(), "x.db"), "--timeout", "10s")
		}
		cmd := exec.Command(file, c.args...)
		cmd.Env = append(os.Environ(), c.env)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "is empty") {
			t.Errorf("%s %s: %s, %v", c.env, c.args, out, err)
		}
	}
}
