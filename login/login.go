// Package login gets an access token of Intercom for a person at a terminal, by OAuth's code grant.
package login

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/oauth2"

	"source-intercom-ingest/capture/poll"
	"source-intercom-ingest/intercom/api"
	"source-intercom-ingest/spec"
)

// A Command is the command line of login.
type Command struct {
	ClientID     string `help:"The client id of the app, from its Basic Information page in the Developer Hub." env:"INTERCOM_CLIENT_ID" required:""`
	ClientSecret string `help:"The client secret of the app, from the same page." env:"CLIENT_SECRET" required:""`
	Region       string `help:"The region of the workspace: us, eu or au." enum:"us,eu,au" default:"us"`
	Listen       string `help:"Listen there for the browser, such as 127.0.0.1:3333, instead of asking for the address that it ended at. The app must have http://ADDRESS/ among its redirect URLs." placeholder:"ADDRESS"`
	Save         string `help:"Write the credentials to this file, for preview --credentials." placeholder:"FILE" type:"path"`
	APIBaseURL   string `help:"Where Intercom's API is (default: that of the region)." name:"api-base-url" env:"INTERCOM_API_BASE_URL" placeholder:"URL"`
}

// patience bounds what is waited for: the person, and each answer.
const (
	patience   = 10 * time.Minute
	answerTime = 30 * time.Second
)

// Run prints the address to open, takes what the browser comes back with, and prints whose token that gave.
func (c *Command) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	base := c.APIBaseURL
	if base == "" {
		base = api.BaseURL(c.Region)
	}
	grant := oauth2.Config{
		ClientID: strings.TrimSpace(c.ClientID), ClientSecret: strings.TrimSpace(c.ClientSecret),
		Endpoint: oauth2.Endpoint{AuthURL: authorizeURL(c.Region), TokenURL: base + "/auth/eagle/token", AuthStyle: oauth2.AuthStyleInParams},
	}
	code, err := c.code(ctx, &grant)
	if err != nil {
		return err
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Timeout: answerTime})
	token, err := grant.Exchange(ctx, code)
	if err != nil {
		return fmt.Errorf("exchanging the code for a token: %w; a code is good for one use within minutes, so begin again, and check that client id and secret are of the same app", withoutBody(err))
	}
	return c.report(ctx, base, token.AccessToken)
}

// authorizeURL is where a person grants access.
func authorizeURL(region string) string {
	if region == "us" {
		return "https://app.intercom.com/oauth"
	}
	return "https://app." + region + ".intercom.com/oauth"
}

// withoutBody drops the answer from an error, which may quote what was sent.
func withoutBody(err error) error {
	var failed *oauth2.RetrieveError
	if errors.As(err, &failed) && failed.Response != nil {
		return fmt.Errorf("the answer was %d", failed.Response.StatusCode)
	}
	return err
}

// code gets the code that the browser comes back with.
func (c *Command) code(ctx context.Context, grant *oauth2.Config) (string, error) {
	state := rand.Text()
	if c.Listen == "" {
		_, _ = fmt.Fprintf(os.Stderr, "Open this address in a browser, and grant access:\n  %s\nThen paste the address that the browser ended at:\n", grant.AuthCodeURL(state))
		line, err := readLine(ctx, os.Stdin)
		if err != nil {
			return "", err
		}
		return codeOf(line, state)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return "", fmt.Errorf("--listen %q: %w; write an address and port of this machine, such as 127.0.0.1:3333", c.Listen, err)
	}
	grant.RedirectURL = "http://" + listener.Addr().String() + "/"
	_, _ = fmt.Fprintf(os.Stderr, "Open this address in a browser, and grant access:\n  %s\nWaiting at %s\n", grant.AuthCodeURL(state), grant.RedirectURL)
	return await(ctx, listener, state)
}

// readLine reads one, until ctx ends.
func readLine(ctx context.Context, from io.Reader) (string, error) {
	lines := make(chan string, 1)
	failed := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(from).ReadString('\n')
		if strings.TrimSpace(line) == "" && err != nil {
			failed <- errors.New("nothing was pasted; paste the whole address that the browser ended at")
			return
		}
		lines <- line
	}()
	select {
	case line := <-lines:
		return line, nil
	case err := <-failed:
		return "", err
	case <-ctx.Done():
		return "", errors.New("nothing was pasted in time; begin again")
	}
}

// await takes the browser's request.
func await(ctx context.Context, listener net.Listener, state string) (string, error) {
	type outcome struct {
		code string
		err  error
	}
	came := make(chan outcome, 1)
	server := &http.Server{ReadHeaderTimeout: answerTime, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" || r.URL.Path != "/" {
			http.NotFound(w, r) // such as an icon
			return
		}
		code, err := codeOf(r.URL.String(), state)
		text := "Access is granted. You may close this page and go back to the terminal.\n"
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			text = err.Error() + "\n"
		}
		_, _ = io.WriteString(w, text)
		select {
		case came <- outcome{code, err}:
		default:
		}
	})}
	go func() { _ = server.Serve(listener) }() // until it is shut down
	defer func() {
		end, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(end)
	}()
	select {
	case o := <-came:
		return o.code, o.err
	case <-ctx.Done():
		return "", errors.New("the browser did not come back in time; begin again")
	}
}

// codeOf reads the address that the browser ended at. A code may end in an equals sign.
func codeOf(address, state string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return "", errors.New("that is no address; paste the whole address that the browser ended at")
	}
	query := u.Query()
	switch {
	case query.Get("error") != "":
		return "", fmt.Errorf("access was not granted: %q", query.Get("error"))
	case query.Get("code") == "":
		return "", errors.New("the address has no code in it; paste the whole address that the browser ended at after access was granted")
	case subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1:
		return "", errors.New("the address is of another login: its state is not ours; begin again, and paste the address of this time")
	}
	return query.Get("code"), nil
}

// A fragment is what of an endpoint's configuration grants access.
type fragment struct {
	Credentials credentials `json:"credentials"`
	APIBaseURL  string      `json:"apiBaseUrl,omitempty"`
}

type credentials struct {
	Title        string `json:"credentials_title"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	AccessToken  string `json:"access_token"`
}

// report prints whose token it is, what it may read, and the configuration.
func (c *Command) report(ctx context.Context, base, token string) error {
	access := spec.Access{Token: token, BaseURL: base}
	me, may, err := poll.Reads(ctx, access)
	if err != nil {
		return err
	}
	out := os.Stderr
	_, _ = fmt.Fprintf(out, "Workspace: %s (%s)\nRegion: %s\nMay read: %s\n", me.App.Name, me.App.IDCode, me.App.Region, strings.Join(may.Granted, ", "))
	if len(may.Denied) > 0 {
		_, _ = fmt.Fprintf(out, "May not read: %s\n", strings.Join(may.Denied, ", "))
	}
	f := fragment{Credentials: credentials{"OAuth Credentials", c.ClientID, c.ClientSecret, token}, APIBaseURL: c.APIBaseURL}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if c.Save == "" {
		_, err = fmt.Fprintf(os.Stdout, "%s\n", text)
		return err
	}
	if err := save(c.Save, append(text, '\n')); err != nil {
		return fmt.Errorf("--save: %w", err)
	}
	_, err = fmt.Fprintf(out, "Saved to %s; try it:\n  source-intercom-ingest preview --credentials %s\n", c.Save, c.Save)
	return err
}

// save writes a file that its owner alone may read, also where there was another before.
func save(file string, text []byte) error {
	const ownersAlone = 0o600
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, ownersAlone)
	if err != nil {
		return err
	}
	err = f.Chmod(ownersAlone)
	if err == nil {
		_, err = f.Write(text)
	}
	return errors.Join(err, f.Close())
}
