package test

import (
	"html"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// capturing opens a session whose runtime acknowledges all, and returns what it captures.
func capturing(t *testing.T, config string) (url string, documents chan string) {
	t.Helper()
	r, url := openSession(t, "proto", strings.Replace(openCapture, `"config":{}`, `"config":`+config, 1))
	documents = make(chan string, 100)
	go r.acknowledgeEach(func(found []document) {
		for _, d := range found {
			documents <- string(d.Doc)
		}
	})
	return url, documents
}

// A person comes to the address, goes on to the API, gives the token, and publishes a document there.
func TestAPersonTriesTheAPI(t *testing.T) {
	url, documents := capturing(t, `{"requireAuthToken":"t0ken of mine"}`)
	b := openBrowser(t)
	b.do(chromedp.Navigate(url + "/"))
	if text := evaluate[string](b, `document.body.innerText`); !strings.Contains(text, "/in") || !strings.Contains(text, "curl") {
		t.Errorf("the page says %s", text)
	}
	b.accessible("landing")
	b.click(`nav a`)
	b.see(`.btn.authorize`)
	b.click(`.btn.authorize`)
	b.see(`.auth-container input`)
	b.accessible("swagger-authorize")
	b.do(chromedp.SendKeys(chromedp.CSS(`.auth-container input`), "t0ken of mine"))
	b.click(`.auth-btn-wrapper .authorize`)
	b.click(`.auth-btn-wrapper .btn-done`)
	b.see(`.opblock-post .opblock-summary-control`)
	b.click(`.opblock-post .opblock-summary-control`)
	b.see(`.opblock-post button.execute`)
	b.filled()
	b.accessible("swagger")
	b.click(`.opblock-post button.execute`)
	b.see(`.live-responses-table .response-col_status`)
	if status := evaluate[string](b, `document.querySelector(".live-responses-table tbody .response-col_status").innerText`); !strings.HasPrefix(status, "200") {
		t.Errorf("answered %s", status)
	}
	b.accessible("swagger-answered")
	if d := <-documents; !strings.Contains(d, `"reqPath":"/in"`) {
		t.Errorf("captured %s", d)
	}
	b.clean()
}

// filled waits until Swagger UI has put the example into the body's field, which it does a moment after it shows it.
func (b *tab) filled() {
	b.t.Helper()
	b.within(patience, `[...document.querySelectorAll(".opblock-post textarea")].some((field) => field.value.includes("{"))`)
}

// Who has Intercom's client secret configured tries the API without it: the example is signed, in the bytes that the page sends.
func TestAPersonTriesTheSignedExample(t *testing.T) {
	url, documents := capturing(t, `{"signatureConfig":{"provider":"intercom","clientSecret":"s3cret of mine"}}`)
	b := openBrowser(t)
	b.do(chromedp.Navigate(url + "/swagger-ui/"))
	b.see(`.opblock-post .opblock-summary-control`)
	b.click(`.opblock-post .opblock-summary-control`)
	b.see(`.opblock-post input[value^="sha1="]`)
	b.see(`.opblock-post button.execute`)
	b.filled()
	b.click(`.opblock-post button.execute`)
	b.see(`.live-responses-table .response-col_status`)
	if answer := evaluate[string](b, `document.querySelector(".live-responses-table tbody").innerText`); !strings.HasPrefix(answer, "200") {
		t.Fatalf("answered %s", answer)
	}
	if d := <-documents; !strings.Contains(d, `"topic":"contact.user.created"`) {
		t.Errorf("captured %s", d)
	}
	b.clean()
}

// The command that the page shows works as it is pasted, once its variables are set.
func TestThePagesCommandWorks(t *testing.T) {
	for _, tool := range []string{"curl", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			skip(t, "there is no %s here", tool)
		}
	}
	for name, config := range map[string]string{
		"open":     `{}`,
		"token":    `{"requireAuthToken":"t0ken of mine"}`,
		"intercom": `{"signatureConfig":{"provider":"intercom","clientSecret":"s3cret of mine"}}`,
		"stripe":   `{"requireAuthToken":"t0ken of mine","signatureConfig":{"provider":"stripe","secret":"s3cret of mine"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			url, documents := capturing(t, config)
			_, page := fetch(t, url+"/")
			if strings.Contains(page, "of mine") {
				t.Error("a secret is on the page")
			}
			line := regexp.MustCompile(`<code>((?:BODY|curl).*)</code>`).FindStringSubmatch(page)
			if line == nil {
				t.Fatal(page)
			}
			command := html.UnescapeString(line[1])
			cmd := exec.Command("sh", "-c", command)
			cmd.Env = append(os.Environ(), "AUTH_TOKEN=t0ken of mine", "CLIENT_SECRET=s3cret of mine")
			if out, err := cmd.Output(); err != nil || string(out) != `{"published":1}` {
				t.Fatalf("%s: %s, %v", command, out, err)
			}
			<-documents
		})
	}
}

// The description of the API is valid, whatever the collections' schemas are.
func TestTheAPIsDescriptionIsValid(t *testing.T) {
	if _, err := os.Stat("browser/node_modules/@seriousme"); err != nil {
		skip(t, "the validator is not installed; npm ci in test/browser does it")
	}
	for name, schema := range map[string]string{
		"none":         ``,
		"any":          `true`,
		"conditional":  `{"type":"object","required":["_meta"],"properties":{"a":{"type":["string","null"]}},"if":{"required":["a"]},"then":{"required":["b"]},"$defs":{"x":{"$id":"flow://x","type":"object"}},"allOf":[{"$ref":"flow://x"}]}`,
		"of the draft": `{"$schema":"https://json-schema.org/draft/2019-09/schema","type":"object","properties":{"t":{"items":[{"type":"integer"}],"additionalItems":false},"r":{"$recursiveRef":"#"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			capture := openCapture
			if schema != "" {
				capture = benchCapture(`{}`, schema)
			}
			_, url := openSession(t, "json", capture)
			status, text := fetch(t, url+"/api-doc/openapi.json")
			if status != http.StatusOK {
				t.Fatal(status, text)
			}
			cmd := exec.Command("node", "openapi.mjs")
			cmd.Dir, cmd.Stdin = "browser", strings.NewReader(text)
			if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "valid OpenAPI 3.1" {
				t.Errorf("%s, %v: %s", out, err, text)
			}
		})
	}
}

// What the connector shows can not be framed, sniffed, or made to run what is not its own; and it is not posted to.
func TestPagesLetBrowsersDoLittle(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		_, url := openSession(t, codec, openCapture)
		for _, path := range []string{"/", "/swagger-ui/", "/swagger-ui/start.js", "/api-doc/openapi.json", "/healthz"} {
			resp, err := http.Get(url + path)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			policy := resp.Header.Get("Content-Security-Policy")
			if resp.StatusCode != 200 || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
				resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
			}
			if status, answer, err := post(t.Context(), url+path, `{}`); err != nil || status != http.StatusMethodNotAllowed || !strings.Contains(answer, "error") {
				t.Errorf("a post to %s is answered %d %s, %v", path, status, answer, err)
			}
		}
	})
}
