// Package preview is the other end of the protocol on one machine: it starts a capture connector as a child process,
// plays the runtime for it, and commits what it captures to SQLite before it acknowledges. It knows the protocol alone,
// and could drive any capture connector.
package preview

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"source-intercom-ingest/protocol"
)

// Delays before a connector that failed is started again, doubling from the first up to the last. One that ran for
// stableAfter is taken to have failed for a new reason.
const (
	firstDelay  = time.Second
	lastDelay   = 30 * time.Second
	stableAfter = time.Minute
)

// garbagePercent lets the few MiB that live here collect four times as much garbage before they are cleaned up.
const garbagePercent = 400

// memoryLimit is where it is cleaned up oftener: a document of the largest size takes some 300 MiB on its way to the database.
const memoryLimit = 512 << 20

// A Command is the command line of preview.
type Command struct {
	Source       string        `help:"A Flow catalog to take the capture from. Without one, a capture with one path runs." placeholder:"FLOW.YAML" type:"existingfile"`
	Name         string        `help:"The capture to run, where the catalog holds several."`
	Path         []string      `help:"A path that takes webhooks (repeatable; default: /webhook-data)." sep:"none"`
	AuthToken    *string       `help:"Require this bearer token of every webhook." env:"AUTH_TOKEN"`
	ClientSecret *string       `help:"Take Intercom's webhooks: require the signatures that an app with this client secret makes." env:"CLIENT_SECRET"`
	AccessToken  *string       `help:"Copy the objects of an Intercom workspace by this access token, alone or beside webhooks." env:"INTERCOM_ACCESS_TOKEN"`
	Credentials  string        `help:"The same by a file that login has saved." placeholder:"FILE" type:"existingfile"`
	StartDate    string        `help:"Copy objects that were updated since, a time such as 2025-01-31T00:00:00Z (default: all)." placeholder:"TIME"`
	Resource     []string      `help:"A resource to copy, such as conversations (repeatable; default: all that are enabled)." sep:"none"`
	APIBaseURL   string        `help:"Where Intercom's API is (default: by the region of the token's workspace)." name:"api-base-url" env:"INTERCOM_API_BASE_URL" placeholder:"URL"`
	Deliver      []string      `help:"A file of deliveries: what is sent onward, and where to (repeatable)." placeholder:"FILE" sep:"none" type:"existingfile"`
	Port         *uint16       `help:"The port to take webhooks on; 0 for any that is free (default: 8080)."`
	Codec        string        `help:"The protocol's codec (default: json, or the catalog's)." enum:"json,proto," default:""`
	Sessions     []int         `help:"Transactions in each session of the connector, then it ends; a negative number is no limit." default:"-1"`
	Timeout      time.Duration `help:"End after this long; 0 is never."`
	DB           string        `help:"The SQLite database to keep documents in." default:"webhooks.db" name:"db" type:"path"`
	Console      *string       `help:"Where the console is, an address of this machine; empty for none (default: 127.0.0.1:8081)." placeholder:"ADDRESS"`
	Quiet        bool          `help:"Do not print committed documents." short:"q"`
}

// Run captures until Ctrl-C, SIGTERM, the timeout or the end of the last session.
func (c *Command) Run(log *logrus.Logger) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	t, err := c.task()
	if err != nil {
		return err
	}
	connector, err := c.connector(t, log)
	if err != nil {
		return err
	}
	if err := t.prepare(ctx, connector); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	couriers, err := c.couriers(ctx, connector, t, log)
	if err != nil {
		return err
	}
	store, err := openStore(c.DB)
	if err != nil {
		return err
	}
	return errors.Join(c.run(ctx, log, t, connector, store, couriers), store.close())
}

// run captures into a store, and shows what it does.
func (c *Command) run(ctx context.Context, log *logrus.Logger, t *task, connector *connector, store *store, couriers []*courier) error {
	views, err := store.addViews(t.spec.Bindings)
	if err != nil {
		return err
	}
	terminal := newTerminal(log, os.Stdout, os.Stderr)
	defer terminal.end()
	var traffic *traffic
	polled, page := new(polled), ""
	watching, unwatch := context.WithCancel(ctx)
	defer unwatch()
	go polled.run(watching)
	connector.metrics, connector.broken = polled.metricsAt, polled.broken
	delivering, undeliver := context.WithCancel(ctx)
	var deliveries sync.WaitGroup
	defer func() { undeliver(); deliveries.Wait() }()
	for _, to := range couriers {
		deliveries.Go(func() { to.run(delivering, store) })
	}
	if c.Console == nil || *c.Console != "" {
		desk, err := c.openDesk(log, t, connector, store, polled, couriers)
		if err != nil {
			return err
		}
		defer desk.close()
		traffic, page = desk.traffic, desk.console.address()
	}
	connector.greet = once(func(address string) { greet(terminal.err, t, address, keeping{c.DB, views}, page) })
	stop := terminal.follow(store, traffic, polled)
	defer stop()
	return c.capture(ctx, log, connector, &session{task: t, store: store, output: c.output(terminal)})
}

// task returns what the command line asks to run.
func (c *Command) task() (t *task, err error) {
	if c.Source != "" {
		t, err = readTask(c.Source, c.Name)
	} else {
		t, err = newTask([]string{"/webhook-data"})
	}
	if err != nil {
		return nil, err
	}
	overrides := map[string]any{}
	if len(c.Path) > 0 {
		overrides["paths"] = c.Path
		t.spec.Bindings = nil // those of the paths are discovered
	}
	if err := errors.Join(notEmpty("--auth-token", "AUTH_TOKEN", c.AuthToken), notEmpty("--client-secret", "CLIENT_SECRET", c.ClientSecret)); err != nil {
		return nil, err
	}
	if c.AuthToken != nil {
		overrides["requireAuthToken"] = *c.AuthToken
	}
	if c.ClientSecret != nil {
		overrides["signatureConfig"] = map[string]string{"provider": "intercom", "clientSecret": *c.ClientSecret}
	}
	if err := c.access(overrides); err != nil {
		return nil, err
	}
	t.choose = c.choose
	return t, t.override(overrides)
}

// notEmpty refuses a secret that is there and empty: without a word, it would let everyone in.
func notEmpty(flag, variable string, secret *string) error {
	given, set := os.LookupEnv(variable)
	if secret != nil && strings.TrimSpace(*secret) == "" || secret == nil && set && strings.TrimSpace(given) == "" {
		return fmt.Errorf("%s is empty, from the command line or the environment variable %s; write the secret, or leave both out to take webhooks without it", flag, variable)
	}
	return nil
}

// connector returns how to start this program as a connector.
func (c *Command) connector(t *task, log *logrus.Logger) (*connector, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	name := c.Codec
	for _, other := range []string{t.env["FLOW_RUNTIME_CODEC"], t.codec, os.Getenv("FLOW_RUNTIME_CODEC"), "json"} {
		if name == "" {
			name = other
		}
	}
	codec, err := protocol.CodecByName(name)
	if err != nil {
		return nil, err
	}
	variables := map[string]string{}
	for name, value := range t.env {
		variables[name] = value
	}
	variables["FLOW_RUNTIME_CODEC"], variables["LOG_FORMAT"] = name, "json"
	if c.Port != nil {
		variables[portVariable] = strconv.Itoa(int(*c.Port))
	}
	return &connector{program: program, env: environ(variables), codec: codec, log: log}, nil
}

// These tell the connector where to listen.
const (
	portVariable = "SOURCE_HTTP_INGEST_PORT"
	hostVariable = "SOURCE_HTTP_INGEST_HOST"
)

// output returns where committed documents are printed; nil for nowhere.
func (c *Command) output(t *terminal) *bufio.Writer {
	if c.Quiet || c.polls() && t.shows { // history would scroll everything away
		return nil
	}
	return bufio.NewWriterSize(t.out, 64<<10)
}

// capture runs the sessions one after the other. One that fails is run again after a delay, unless the connector refuses
// to begin it, as it would again.
func (c *Command) capture(ctx context.Context, log *logrus.Logger, connector *connector, s *session) error {
	delay := firstDelay
	for i := 0; i < len(c.Sessions) && ctx.Err() == nil; {
		started := time.Now()
		err := s.run(ctx, connector, c.Sessions[i])
		if err == nil {
			i++
			continue
		}
		if ctx.Err() != nil { // it ends as it was asked to, if not in the way that it should
			log.Error(err)
			return nil
		}
		if refused, lost := new(refusedOpen), new(gone); errors.As(err, &refused) || errors.As(err, &lost) {
			return err
		}
		if time.Since(started) > stableAfter {
			delay = firstDelay
		}
		log.Errorf("%v; starting it again in %v", err, delay)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
		delay = min(2*delay, lastDelay)
	}
	return nil
}

// once calls f with the first address only: a connector that is started again needs no second greeting.
func once(f func(string)) func(string) {
	called := false
	return func(address string) {
		if !called {
			called = true
			f(address)
		}
	}
}
