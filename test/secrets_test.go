package test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Secrets that are planted in the configuration and in requests are found in no answer, no log and no document.
func TestSecretsStaySecret(t *testing.T) {
	const token, client, previous = "planted-token", "planted-client", "planted-previous"
	secrets := []string{token, client, previous, "planted-cookie", "planted-wrong", "planted-proxy", "b1105e5c4e1c9655f1b19f35e778168a2a46d955"}
	both(t, func(t *testing.T, codec string) {
		r, url := openSession(t, codec, `{"name":"acme/hooks","config":{"requireAuthToken":"`+token+`","signatureConfig":
			{"provider":"intercom","clientSecret":"`+client+`","previousClientSecret":"`+previous+`"}},"bindings":[
			{"resourceConfig":{"stream":"in","path":"/in"},"collection":{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":{"required":["a"]}}}]}`)
		var seen strings.Builder
		send := func(method, path, body string, headers ...string) {
			req, err := http.NewRequest(method, url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Cookie", "session=planted-cookie")
			req.Header.Set("Proxy-Authorization", "Basic planted-proxy")
			for i := 0; i < len(headers); i += 2 {
				req.Header.Set(headers[i], headers[i+1])
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			_ = resp.Header.Write(&seen)
			_, _ = io.Copy(&seen, resp.Body)
		}
		bearer := []string{"Authorization", "Bearer " + token}
		for _, path := range []string{"/in", "/", "/nowhere", "/healthz"} {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
				send(method, path, "{}")
				send(method, path, "{}", "Authorization", "Bearer planted-wrong")
				send(method, path, "{}", append(bearer, "X-Hub-Signature", "sha1=b1105e5c4e1c9655f1b19f35e778168a2a46d955")...)
				send(method, path, "{}", append(bearer, "Content-Encoding", "gzip")...)
			}
		}
		const body = `{"a":1}`
		status, documents := r.deliver(t, url+"/in", body, append(bearer, "Cookie", "planted-cookie", "Proxy-Authorization", "planted-proxy",
			"X-Hub-Signature", signIntercom(previous, body))...)
		if status != http.StatusOK || len(documents) != 1 {
			t.Fatalf("answered %d", status)
		}
		seen.Write(documents[0].Doc)
		text := seen.String() + r.logged()
		for _, secret := range secrets {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s is seen in %s", secret, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	})
}
