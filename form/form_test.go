package form

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const schema = `{"properties":{"paths":{"items":{"type":"string"}},"requireAuthToken":{},"signatureConfig":{"properties":{"common":{}},"oneOf":[
	{"properties":{"provider":{"const":"a"},"secret":{}}},{"properties":{"provider":{"const":"b"},"publicKey":{}}}]},
	"free":{"type":"object"},"named":{"additionalProperties":{"properties":{"key":{}}}},"list":{"items":{"properties":{"target":{}}}}}}`

// Each member that the form does not know is found, where it is, with the name that was meant.
func TestUnknownMembersAreFoundWithTheirNearestNames(t *testing.T) {
	for value, want := range map[string]string{
		`{}`: "", `{"paths":["/a"],"requireAuthToken":null,"free":{"anything":{"x":1}}}`: "",
		`{"requireAuthTokn":1}`:    "requireAuthTokn is not known; did you mean requireAuthToken?",
		`{"RequireAuthToken":1}`:   "RequireAuthToken is not known; did you mean requireAuthToken?",
		`{"require-auth_token":1}`: "require-auth_token is not known; did you mean requireAuthToken?",
		`{"zebra":1}`:              "zebra is not known; remove it",
		`{"b":1,"a":2}`:            "a is not known; remove it|b is not known; remove it",
		`{"signatureConfig":{"provider":"a","secret":1,"common":2}}`:          "",
		`{"signatureConfig":{"provider":"a","publicKey":1}}`:                  "signatureConfig.publicKey is not known; remove it",
		`{"signatureConfig":{"provider":"b","publickey":1}}`:                  "signatureConfig.publickey is not known; did you mean publicKey?",
		`{"signatureConfig":{"provider":"c","publicKey":1,"secret":2,"x":3}}`: "signatureConfig.x is not known; remove it",
		`{"signatureConfig":{"secrt":1}}`:                                     "signatureConfig.secrt is not known; did you mean secret?",
		`{"named":{"a":{"key":1},"b":{"keys":1}}}`:                            "named.b.keys is not known; did you mean key?",
		`{"list":[{"target":1},{"taget":2}]}`:                                 "list[1].taget is not known; did you mean target?",
		`{"sops":{},"_meta":{},"require_auth_token":"t"}`:                     "",
		`{"free":null,"named":[],"list":{}}`:                                  "", `null`: "", ``: "",
	} {
		found, err := Unknown([]byte(schema), []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, m := range found {
			said = append(said, m.String())
		}
		if got := strings.Join(said, "|"); got != want {
			t.Errorf("%s: %s, not %s", value, got, want)
		}
	}
	for _, broken := range [][2]string{{"{", "{}"}, {"{}", "{"}} {
		if _, err := Unknown([]byte(broken[0]), []byte(broken[1])); err == nil {
			t.Errorf("%s is taken", broken)
		}
	}
}

// Members are of their very names.
func TestDecodingIsByTheVeryName(t *testing.T) {
	type inner struct {
		Deep string `json:"deep"`
	}
	var c struct {
		One string `json:"one,omitempty"`
		inner
		Raw json.RawMessage `json:"raw"`
	}
	if err := Decode([]byte(`{"one":"a","ONE":"b","Deep":"c","deep":"d","raw":{"One":1},"Raw":2,"other":3}`), &c); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.One, c.Deep, string(c.Raw)); got != `a d{"One":1}` && got != `a d {"One":1}` && got != `ad{"One":1}` {
		t.Error(got)
	}
	for _, text := range []string{`[]`, `{"one":1}`, `{`} {
		if err := Decode([]byte(text), &c); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	if err := Decode([]byte(`null`), &c); err != nil {
		t.Error(err)
	}
}
