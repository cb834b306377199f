package spec

import (
	"slices"
	"strings"
	"testing"
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
