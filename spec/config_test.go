package spec

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEndpointErrorsNameFieldValueAndCure(t *testing.T) {
	for config, want := range map[string]string{
		`[]`:                                "it is a JSON array; write an object",
		`{"paths":"/a"}`:                    `paths is a JSON string ("/a"); write a list of strings`,
		`{"paths":["/a",null]}`:             `paths[1]: path "" is the connector's own page; choose`,
		`{"paths":["/a","a"]}`:              `paths "/a" and "/a" match the same requests; change or remove one`,
		`{"requireAuthToken":["s3cret"]}`:   "requireAuthToken is a JSON array; write a string",
		`{"require_auth_token":["s3cret"]}`: "require_auth_token is a JSON array; write a string",
		`{"allowedCorsOrigins":["*","x"]}`:  `allowedCorsOrigins ["*" "x"] has "*" beside others; list`,

		`{"startDate":"2025-01-31"}`:                                      `startDate "2025-01-31" is not a time by RFC 3339; write one such as`,
		`{"apiBaseUrl":"api.intercom.io"}`:                                `apiBaseUrl "api.intercom.io" is not an address; write one such as`,
		`{"apiVersion":"v2"}`:                                             `apiVersion "v2" is no version of Intercom's API; write one such as 2.14`,
		`{"rateShare":0}`:                                                 `rateShare is 0; write 1 to 100`,
		`{"credentials":"s3cret"}`:                                        "credentials: it must be an object of strings with credentials_title",
		`{"credentials":{"access_token":"s3cret"}}`:                       `credentials: credentials_title is missing; write "Private App Credentials" or "OAuth Credentials"`,
		`{"credentials":{"credentials_title":"x"}}`:                       `credentials: credentials_title is "x"; write`,
		`{"credentials":{"credentials_title":"Private App Credentials"}}`: "credentials: access_token is missing; write",
		`{"credentials":{"credentials_title":"Private App Credentials","access_token":"s3cret s3cret"}}`:             "credentials: access_token has characters that none has; copy it anew",
		`{"credentials":{"credentials_title":"OAuth Credentials","access_token":"s3cret","client_secret":"s3cret"}}`: "credentials: client_id is missing; write",
		`{"signatureConfig":{"provider":"intercom"}}`:                                                                "signatureConfig: provider intercom: clientSecret is empty; copy it",
	} {
		_, err := ParseEndpoint([]byte(config))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %s", config, err, want)
		}
	}
}

func TestNullAndUnknownMembersAreAsIfAbsent(t *testing.T) {
	for _, config := range []string{``, `null`, `{}`, `{"requireAuthToken":null,"paths":null,"allowedCorsOrigins":null,"sops":{},"_meta":1}`} {
		c, err := ParseEndpoint([]byte(config))
		if err != nil || c.RequireAuthToken != "" || len(c.Paths) != 0 || !slices.Equal(c.CORSOrigins(), []string{"*"}) {
			t.Errorf("%q: %+v, %v", config, c, err)
		}
	}
}

func TestTokenIsReadUnderBothNames(t *testing.T) {
	for _, config := range []string{`{"requireAuthToken":"t"}`, `{"require_auth_token":" t\n"}`, `{"require_auth_token":"old","requireAuthToken":"t"}`} {
		if c, err := ParseEndpoint([]byte(config)); err != nil || c.RequireAuthToken != "t" || len(c.CORSOrigins()) != 0 {
			t.Errorf("%s: %+v, %v", config, c, err)
		}
	}
}

// A token that is empty closes the capture; null and nothing leave it open.
func TestAnEmptyTokenClosesTheCapture(t *testing.T) {
	for config, closed := range map[string]bool{
		`{"requireAuthToken":""}`: true, `{"requireAuthToken":" \n"}`: true, `{"require_auth_token":""}`: true,
		`{"requireAuthToken":"","allowedCorsOrigins":["*"]}`: true, `{"requireAuthToken":"","require_auth_token":null}`: true,
		`{"requireAuthToken":"","require_auth_token":"t"}`: false, `{"requireAuthToken":null}`: false, `{}`: false, `{"requireAuthToken":"t"}`: false,
	} {
		if c, err := ParseEndpoint([]byte(config)); err != nil || c.Closed != closed {
			t.Errorf("%s: %v, %v", config, c.Closed, err)
		}
	}
}

func TestIDFromHeaderNamesNoSecret(t *testing.T) {
	for _, name := range []string{"Authorization", "COOKIE", "proxy-authorization", "a b", "a:"} {
		if _, err := ParseResource([]byte(`{"idFromHeader":"` + name + `"}`)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestErrorsOfPolledResourcesNameFieldValueAndCure(t *testing.T) {
	for config, want := range map[string]string{
		`{"resource":"conversation"}`:                                       `resource is "conversation"; choose one of conversations, conversation_parts,`,
		`{"resource":"tags","path":"/a"}`:                                   `resource is "tags" beside members about webhooks; remove it, or else path,`,
		`{"path":"/a","interval":"PT5M"}`:                                   "resource is missing; add it, or remove them",
		`{"resource":"tags","interval":"5m"}`:                               `interval "5m" is not a duration by ISO 8601; write one such as PT5M`,
		`{"resource":"tags","interval":"-PT5M"}`:                            `interval "-PT5M" is not a duration`,
		`{"resource":"tags","interval":"PT0S"}`:                             `interval "PT0S" is shorter than a second; write`,
		`{"resource":"tags","url":"/macros"}`:                               `url is "/macros", and only a custom resource has one; remove it, or set resource to custom`,
		`{"resource":"custom"}`:                                             "url is missing; a custom resource is a list",
		`{"resource":"custom","url":"macros","idField":"/id"}`:              `url "macros" is no path of Intercom's API; write one such as /macros`,
		`{"resource":"custom","url":"/macros"}`:                             "idField is missing; write a JSON pointer",
		`{"resource":"custom","url":"/macros","idField":"id"}`:              `idField "id" is not a JSON pointer; write one such as /id`,
		`{"resource":"custom","url":"/m","idField":"/id","timezone":"UTC"}`: "updatedField is written, and that is missing; add it, or remove them",
		`{"resource":"custom","url":"/m","idField":"/id","updatedField":"/t","updatedFormat":"YYYY-MM-DD"}`: `updatedFormat "YYYY-MM-DD" is none; write seconds,`,
		`{"resource":"custom","url":"/m","idField":"/id","updatedField":"/t","timezone":"Europe/Nowhere"}`:  `timezone "Europe/Nowhere" is not known; write one such as Europe/Dublin`,
		`{"resource":"custom","url":"/m","idField":"/id","deleted":"yes"}`:                                  `deleted is "yes"; choose ignore or snapshot`,
	} {
		if _, err := ParseResource([]byte(config)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", config, err, want)
		}
	}
	c, err := ParseResource([]byte(`{"resource":"custom","url":"/m?a=b","idField":"/id","updatedField":"/t","updatedFormat":"02.01.2006 15:04"}`))
	if err != nil || c.Polled.Every != 15*time.Minute || c.ResourcePath()[0] != "custom" {
		t.Errorf("%+v, %v", c.Polled, err)
	}
}
