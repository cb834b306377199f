package spec

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"source-intercom-ingest/protocol"
)

type object = map[string]any

// formsOf returns the forms of the endpoint and of resources, as text and as a validator has them.
func formsOf(t *testing.T) (endpoint, resource configForm) {
	t.Helper()
	answer, err := Spec(new(protocol.Request_Spec))
	if err != nil {
		t.Fatal(err)
	}
	return newForm(t, answer.ConfigSchemaJson), newForm(t, answer.ResourceConfigSchemaJson)
}

type configForm struct {
	schema    object
	validator *jsonschema.Resolved
}

func newForm(t *testing.T, text []byte) configForm {
	t.Helper()
	var f configForm
	var schema jsonschema.Schema
	if err := cmp.Or(json.Unmarshal(text, &f.schema), json.Unmarshal(text, &schema)); err != nil {
		t.Fatal(err)
	}
	var err error
	if f.validator, err = schema.Resolve(nil); err != nil {
		t.Fatal(err)
	}
	return f
}

// encoded returns a configuration as text.
func encoded(t *testing.T, config any) []byte {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// likeAbsent tells that the parser takes a configuration, and as another one.
func likeAbsent[C any](t *testing.T, parse func([]byte) (C, error), config, other object) bool {
	t.Helper()
	a, err := parse(encoded(t, config))
	if err != nil {
		return false
	}
	b, err := parse(encoded(t, other))
	if e, ok := any(&a).(*EndpointConfig); ok { // whose signature is a scheme with functions, and its text differs
		e.Signature, e.SignatureConfig, e.Credentials = nil, nil, nil
		e = any(&b).(*EndpointConfig)
		e.Signature, e.SignatureConfig, e.Credentials = nil, nil, nil
	}
	return err == nil && reflect.DeepEqual(a, b)
}

// with returns a copy of a configuration in which a member is null, or absent.
func with(config object, path []string, null bool) object {
	changed := maps.Clone(config)
	switch {
	case len(path) > 1:
		changed[path[0]] = with(changed[path[0]].(object), path[1:], null)
	case null:
		changed[path[0]] = nil
	default:
		delete(changed, path[0])
	}
	return changed
}

// The form takes null for a member exactly where the parser takes it as if the member were absent. What must be there and
// may be null in the form, as the algorithm of custom signatures, the form asks for all the same.
func TestTheFormTakesNullWhereTheParserDoes(t *testing.T) {
	endpoint, resource := formsOf(t)
	checked := 0
	check := func(form configForm, base object, path []string, alike bool) {
		t.Helper()
		checked++
		config := with(base, path, true)
		if err := form.validator.Validate(config); (err == nil) != alike {
			t.Errorf("%s: as if absent to the parser: %v; to the form: %v", encoded(t, config), alike, err)
		}
	}
	endpointPath := func(base object, path ...string) {
		check(endpoint, base, path, likeAbsent(t, ParseEndpoint, with(base, path, true), with(base, path, false)))
	}
	for name := range endpoint.schema["properties"].(object) {
		endpointPath(object{"paths": []any{"/in"}}, name)
	}
	for name := range resource.schema["properties"].(object) {
		base := object{"stream": "/in"}
		check(resource, base, []string{name}, likeAbsent(t, ParseResource, with(base, []string{name}, true), with(base, []string{name}, false)))
	}
	for _, branch := range endpoint.schema["properties"].(object)["signatureConfig"].(object)["oneOf"].([]any) {
		config := configOf(branch.(object))
		base := object{"signatureConfig": config, "credentials": grantedByOAuth}
		if err := endpoint.validator.Validate(base); err != nil {
			t.Fatalf("%s: %v", encoded(t, base), err)
		}
		if _, err := ParseEndpoint(encoded(t, base)); err != nil {
			t.Fatalf("%s: %v", encoded(t, base), err)
		}
		for name := range branch.(object)["properties"].(object) {
			endpointPath(base, "signatureConfig", name)
		}
	}
	if checked < 40 {
		t.Errorf("only %d members are checked", checked)
	}
}

// grantedByOAuth has a client secret, which Intercom's signatures need no second time.
var grantedByOAuth = object{"credentials_title": "OAuth Credentials", "client_id": "c", "client_secret": "s", "access_token": "t"}

// configOf makes a configuration of a provider: what its form requires.
func configOf(branch object) object {
	const key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
	config := object{}
	for _, required := range branch["required"].([]any) {
		name := required.(string)
		property := branch["properties"].(object)[name].(object)
		config[name] = key // which is also a secret in base64
		if strings.HasSuffix(name, "Header") {
			config[name] = "X-Signature"
		}
		if value, ok := property["default"]; ok && value != nil {
			config[name] = value
		}
	}
	return config
}

// What else Flow's forms ask of a schema.
func TestTheFormsKeepToFlowsRules(t *testing.T) {
	endpoint, resource := formsOf(t)
	var walk func(at string, schema object)
	walk = func(at string, schema object) {
		properties, _ := schema["properties"].(object)
		orders := map[any]bool{}
		for name, property := range properties {
			at, property := at+"/"+name, property.(object)
			title, _ := property["title"].(string)
			description, _ := property["description"].(string)
			if title == "" || !strings.HasSuffix(description, ".") {
				t.Errorf("%s: title %q, description %q", at, title, description)
			}
			if order, ok := property["order"]; !ok || orders[order] {
				t.Errorf("%s: order %v", at, order)
			} else {
				orders[order] = true
			}
			if property["nullable"] != nil {
				t.Errorf("%s has a keyword that JSON Schema has not", at)
			}
			types, isList := property["type"].([]any)
			if isList && (len(types) != 2 || types[1] != "null") {
				t.Errorf("%s: type %v", at, types)
			}
			if value, ok := property["default"]; isList && (!ok && types[0] != "object" || ok && value == nil && types[0] == "object") {
				t.Errorf("%s: default %v", at, property["default"])
			}
			walk(at, property)
		}
		if schema["additionalProperties"] == false {
			t.Errorf("%s is closed", at)
		}
		branches, _ := schema["oneOf"].([]any)
		for _, branch := range branches {
			branch := branch.(object)
			name := schema["discriminator"].(object)["propertyName"].(string)
			told := branch["properties"].(object)[name].(object)
			required, _ := branch["required"].([]any)
			if told["const"] != told["default"] || told["type"] != "string" || !slices.Contains(required, any(name)) {
				t.Errorf("%s: %v is not told by its %s: %v", at, branch["title"], name, told)
			}
			walk(at+"/"+branch["title"].(string), branch)
		}
	}
	walk("endpoint", endpoint.schema)
	walk("resource", resource.schema)
	if pattern := endpoint.schema["properties"].(object)["paths"].(object)["items"].(object)["pattern"]; pattern != "/.+" {
		t.Errorf("paths match %v", pattern)
	}
}
