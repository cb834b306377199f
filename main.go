// Source-intercom-ingest captures webhooks, Intercom's first, into Estuary Flow. Without arguments it is the connector
// that the Flow runtime starts; its other commands are for people.
package main

import (
	_ "embed"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	_ "time/tzdata" // zones of workspaces, also where the system has none

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"
	"github.com/sirupsen/logrus"

	"source-intercom-ingest/capture"
	"source-intercom-ingest/deliver"
	"source-intercom-ingest/discover"
	"source-intercom-ingest/intercom"
	"source-intercom-ingest/login"
	"source-intercom-ingest/preview"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/spec"
)

//go:embed VERSION
var version string

type commands struct {
	Connector   connectorCommand      `cmd:"" default:"1" help:"Speak Flow's capture protocol on standard input and output (the default)."`
	Materialize materializeCommand    `cmd:"" help:"Speak Flow's materialization protocol on standard input and output: deliver events onward."`
	Preview     preview.Command       `cmd:"" help:"Take webhooks on this machine, without Flow, and keep them in a SQLite database."`
	Send        intercom.SendCommand  `cmd:"" help:"Post sample notifications, as Intercom does."`
	Login       login.Command         `cmd:"" help:"Get an access token of Intercom by OAuth, at a terminal."`
	Render      deliver.RenderCommand `cmd:"" help:"Print the request that a delivery makes of the document on standard input, without sending it."`
	Version     versionCommand        `cmd:"" help:"Print the version and the revision that it was built from."`
}

func main() {
	parsed := kong.Parse(new(commands),
		kong.Name("source-intercom-ingest"),
		kong.Description("Captures webhooks into Estuary Flow, or into a database on this machine."),
		kong.Vars{"version": strings.TrimSpace(version)},
		kong.ShortUsageOnError())
	os.Exit(run(parsed))
}

// run runs the chosen command and returns the exit code.
func run(parsed *kong.Context) int {
	errors := newBacklog(os.Stderr)
	defer errors.flush()
	code := 0
	if err := parsed.Run(&code, newLogger(errors, parsed.Command() == "connector" || parsed.Command() == "materialize")); err != nil {
		fmt.Fprintf(errors, "source-intercom-ingest: %v\n", err)
		return 1
	}
	return code
}

type connectorCommand struct{}

// Run serves the protocol. It reports its own errors, as log lines.
func (connectorCommand) Run(code *int, log *logrus.Logger) error {
	c := capture.Connector{Log: log, Version: strings.TrimSpace(version)}
	*code = protocol.Main(log, protocol.Connector{
		Spec:     spec.Spec,
		Discover: discover.Discover,
		Validate: c.Validate,
		Apply:    c.Apply,
		Pull:     c.Pull,
	}.Serve)
	return nil
}

type materializeCommand struct{}

// Run serves the protocol. It reports its own errors, as log lines.
func (materializeCommand) Run(code *int, log *logrus.Logger) error {
	*code = protocol.Main(log, deliver.Connector{Log: log}.Serve)
	return nil
}

type versionCommand struct{}

func (versionCommand) Run(vars kong.Vars) error {
	_, err := fmt.Printf("source-intercom-ingest %s (%s)\n", vars["version"], revision())
	return err
}

// revision names the commit that the binary was built from, as far as the build recorded one.
func revision() string {
	info, _ := debug.ReadBuildInfo()
	commit, state := "revision unknown", ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			commit = "revision " + setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			state = ", modified"
		}
	}
	return commit + state
}

// newLogger logs to standard error, as LOG_FORMAT says: json, text or color. Without it the runtime gets JSON, which it
// reads line by line, and a person gets text.
func newLogger(errors *backlog, forRuntime bool) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(errors)
	errors.lost = func(lines int) { log.Warnf("%d lines of the log are lost, as nobody read them", lines) }
	format := os.Getenv("LOG_FORMAT")
	colors := format == "color" || format == "" && isatty.IsTerminal(os.Stderr.Fd())
	text := &logrus.TextFormatter{FullTimestamp: true, DisableColors: !colors, ForceColors: colors}
	log.SetFormatter(text)
	if format == "json" || forRuntime && format != "text" && format != "color" {
		log.SetFormatter(new(logrus.JSONFormatter))
	}
	if name := os.Getenv("LOG_LEVEL"); name != "" {
		level, err := logrus.ParseLevel(name)
		if err != nil {
			log.Warnf("LOG_LEVEL is %q; set it to error, warn, info, debug or trace", name)
			level = logrus.InfoLevel
		}
		log.SetLevel(level)
	}
	return log
}
