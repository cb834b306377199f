package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"source-intercom-ingest/form"
)

// An authorizer adds who asks to a request. The zero one adds nothing.
type authorizer struct {
	header string // canonical name of the one that it writes; empty for none
	value  string
	tokens *tokens // for values that are asked for
}

func (a authorizer) apply(ctx context.Context, to http.Header) error {
	value := a.value
	if a.tokens != nil {
		token, err := a.tokens.get(ctx)
		if err != nil {
			return err
		}
		value = "Bearer " + token
	}
	if a.header != "" {
		to.Set(a.header, value)
	}
	return nil
}

// tokens asks for access tokens, and keeps one while it is valid.
type tokens struct {
	config clientcredentials.Config
	client *http.Client

	mu   sync.Mutex
	kept *oauth2.Token
}

func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.kept.Valid() {
		token, err := t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
		if err != nil {
			return "", &tokenError{err}
		}
		t.kept = token
	}
	return t.kept.AccessToken, nil
}

// forget drops a token that the destination does not take.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = nil
}

// A tokenError is why no access token was granted. It quotes no answer, which may hold one.
type tokenError struct{ err error }

func (e *tokenError) Error() string {
	if refused := new(oauth2.RetrieveError); errors.As(e.err, &refused) {
		return fmt.Sprintf("auth.tokenUrl answered %d %s", refused.Response.StatusCode, refused.ErrorCode)
	}
	return "auth.tokenUrl: " + plainError(e.err)
}

func (e *tokenError) Unwrap() error { return e.err }

// authenticate reads how requests are authenticated.
func (d *Destination) authenticate(raw json.RawMessage, allowHTTP bool) error {
	kind, members, err := chosen(raw, "auth", "none", endpointChoices["auth"]...)
	if err != nil {
		return err
	}
	if err := d.authenticateBy(kind, members, allowHTTP); err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	return nil
}

func (d *Destination) authenticateBy(kind string, members json.RawMessage, allowHTTP bool) error {
	wrong := errors.New("it must be an object of texts; see the documentation of " + kind)
	switch kind {
	case "bearer":
		var a bearerAuth
		if form.Decode(members, &a) != nil {
			return wrong
		}
		d.authorize = authorizer{header: "Authorization", value: "Bearer " + strings.TrimSpace(a.Token)}
		return d.secret("token", a.Token)
	case "basic":
		var a basicAuth
		if form.Decode(members, &a) != nil {
			return wrong
		}
		if a.Username == "" || strings.Contains(a.Username, ":") {
			return errors.New("username is empty or has a colon; write the user's name")
		}
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(a.Username, a.Password)
		d.authorize = authorizer{header: "Authorization", value: r.Header.Get("Authorization")}
		return d.secret("password", a.Password)
	case "header":
		var a headerAuth
		if form.Decode(members, &a) != nil {
			return wrong
		}
		if err := headerError(a.Name, a.Value); err != nil {
			return err
		}
		d.authorize = authorizer{header: textproto.CanonicalMIMEHeaderKey(a.Name), value: a.Value}
		return d.secret("value", a.Value)
	case "oauth2":
		return d.oauth2(members, allowHTTP)
	}
	return nil
}

func (d *Destination) oauth2(members json.RawMessage, allowHTTP bool) error {
	var a oauth2Auth
	if form.Decode(members, &a) != nil {
		return errors.New("it must be an object with tokenUrl, clientId, clientSecret and a list of scopes")
	}
	address, err := addressOf("tokenUrl", a.TokenURL, allowHTTP)
	if err != nil {
		return err
	}
	if err := d.client.Check(address.Hostname()); err != nil {
		return fmt.Errorf("tokenUrl %q: %w", a.TokenURL, err)
	}
	if a.ClientID == "" {
		return errors.New("clientId is missing; write that of the client which the destination knows")
	}
	d.authorize = authorizer{header: "Authorization", tokens: &tokens{client: &d.client.Client, config: clientcredentials.Config{
		ClientID: a.ClientID, ClientSecret: a.ClientSecret, TokenURL: a.TokenURL, Scopes: a.Scopes}}}
	return d.secret("clientSecret", a.ClientSecret)
}

// secret notes a secret, which must be there, and be one that a header can hold.
func (d *Destination) secret(member, text string) error {
	d.secrets = append(d.secrets, text)
	if strings.TrimSpace(text) == "" {
		return fmt.Errorf("%s is empty; copy it from the destination's settings", member)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%s has a line break or another control character; copy it anew", member)
	}
	return nil
}

// status is that of the answer that granted no token; 0 if there was none.
func (e *tokenError) status() int {
	if refused := new(oauth2.RetrieveError); errors.As(e.err, &refused) && refused.Response != nil {
		return refused.Response.StatusCode
	}
	return 0
}
