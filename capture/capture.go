// Package capture is the capture connector: Validate, Apply and Pull. A session starts what brings documents, which share
// one way out, and ends all of it when the first of them ends.
package capture

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/capture/poll"
	"source-intercom-ingest/capture/webhook"
	"source-intercom-ingest/door"
	"source-intercom-ingest/protocol"
	"source-intercom-ingest/spec"
)

// A Connector is this capture connector, as far as it needs the runtime's bindings.
type Connector struct {
	Log     *logrus.Logger
	Version string // which pages and metrics tell
}

// Validate answers the resource path of each binding, in order, or why the capture would not work.
func (c Connector) Validate(req *protocol.Request_Validate) (*protocol.Response_Validated, error) {
	config, err := spec.ParseEndpoint(req.ConfigJson)
	if err != nil {
		return nil, err
	}
	bindings, err := bind(req.Bindings, config)
	if err != nil {
		return nil, err
	}
	if err := poll.Check(context.Background(), config.Access, bindings.polled); err != nil {
		return nil, err
	}
	validated := new(protocol.Response_Validated)
	for _, b := range req.Bindings {
		resource, err := spec.ParseResource(b.ResourceConfigJson)
		if err != nil {
			return nil, err
		}
		validated.Bindings = append(validated.Bindings, &protocol.Response_Validated_Binding{ResourcePath: resource.ResourcePath()})
	}
	return validated, nil
}

// Bindings are those of a capture, by where their documents come from.
type bindings struct {
	webhooks []*webhook.Binding
	polled   []*poll.Binding
}

// bind checks and prepares bindings. Whatever of them would fail a session fails here.
func bind[R webhook.Bound](resources []R, config spec.EndpointConfig) (b bindings, err error) {
	if b.webhooks, err = webhook.Bind(resources, config.Signature); err != nil {
		return b, err
	}
	b.polled, err = poll.Bind(resources, config.Access)
	return b, err
}

// Apply has nothing to do: webhooks need no preparation at their sender that the connector could make.
func (Connector) Apply(*protocol.Request_Apply) (*protocol.Response_Applied, error) {
	return new(protocol.Response_Applied), nil
}

// Pull listens, answers Opened, and captures until ctx or the runtime's requests end. The first of its loops that
// fails ends the others, and requests that wait for an acknowledgement are told so.
func (c Connector) Pull(ctx context.Context, open *protocol.Request_Open, stream *protocol.Session) error {
	config, err := spec.ParseEndpoint(open.GetCapture().GetConfigJson())
	if err != nil {
		return err
	}
	bindings, err := bind(open.GetCapture().GetBindings(), config)
	if err != nil {
		return err
	}
	of, err := newSession(open)
	if err != nil {
		return err
	}
	on, err := c.listen()
	if err != nil {
		return err
	}
	if err := stream.Send(ctx, opened); err != nil {
		return errors.Join(clean(err), on.close())
	}
	if err := c.report(open.GetCapture(), config, of, on, bindings); err != nil {
		return errors.Join(err, on.close())
	}
	loops, ctx := errgroup.WithContext(ctx)
	t := commit.New(ctx, stream, commit.NewBudget())
	s := webhook.New(c.Log, c.Version, config, bindings.webhooks, t)
	polls, err := c.poller(config, of, bindings, s, t)
	if err != nil {
		return errors.Join(err, on.close())
	}
	loops.Go(func() error { return protocol.Interruptible(ctx, protocol.WriteGrace, t.Emit) })
	loops.Go(func() error { return protocol.Interruptible(ctx, 0, t.Acknowledge) })
	loops.Go(func() error { return s.Serve(ctx, on.webhooks) })
	loops.Go(func() error { return s.Observe(ctx, on.metrics) })
	if polls != nil {
		loops.Go(func() error { return polls.Run(ctx) })
	}
	err = clean(loops.Wait())
	c.reportEnd(err, s.Dropped())
	return err
}

// poller makes what polls, if anything does here: of the shards of a task only the one that has the first key, since each of
// them would read all there is.
func (c Connector) poller(config spec.EndpointConfig, of session, bindings bindings, s *webhook.Server, t *commit.Transactor) (*poll.Poller, error) {
	if len(bindings.polled) == 0 || of.keys.GetKeyBegin() != 0 {
		return nil, nil
	}
	p, err := poll.New(poll.Config{
		Access: config.Access, Bindings: bindings.polled, State: of.state, Alone: len(bindings.webhooks) == 0,
		Transactor: t, Log: c.Log, Registry: s.Registry(), Workspace: s.Join,
	})
	if err != nil {
		return nil, err
	}
	s.Notify(p.Notice)
	t.Budget().Spare()
	return p, nil
}

// opened is the answer to Open once webhooks are listened for.
var opened = &protocol.Response{Opened: &protocol.Response_Opened{ExplicitAcknowledgements: true}}

// Ports are where a session listens.
type ports struct {
	webhooks net.Listener
	metrics  net.Listener // nil for none
}

func (c Connector) listen() (on ports, err error) {
	if on.webhooks, err = webhook.Listen(); err != nil {
		return on, err
	}
	if on.metrics, err = door.ListenMetrics(c.Log); err != nil {
		return on, errors.Join(err, on.close())
	}
	return on, nil
}

func (p ports) close() error {
	if p.metrics == nil {
		return p.webhooks.Close()
	}
	return errors.Join(p.webhooks.Close(), p.metrics.Close())
}

// clean drops the errors that say only that a session is over: the runtime's end of input, or a signal.
func clean(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// cause says in one word or two why a session ended; an error itself is the last line of the log, which Main writes.
func cause(err error) string {
	if err != nil {
		return "error"
	}
	return "the session is over"
}

// status is a log line that the runtime shows as the connector's status.
func (c Connector) status() *logrus.Entry {
	return c.Log.WithField("eventType", "connectorStatus")
}

// report says where webhooks come to, and what of the configuration is not what it seems.
func (c Connector) report(capture *protocol.CaptureSpec, config spec.EndpointConfig, of session, on ports, b bindings) error {
	c.reportListening(of, on, b)
	if config.Closed {
		c.status().Warn("requireAuthToken is empty, so that every webhook is refused with 403; set a token, or remove the member to take webhooks without one")
	}
	var resources [][]byte
	for _, b := range capture.GetBindings() {
		resources = append(resources, b.ResourceConfigJson)
	}
	unknown, err := spec.Unknown(capture.GetConfigJson(), resources...)
	for _, member := range unknown {
		c.status().Warnf("%s; it is ignored", member)
	}
	return err
}

// reportListening says where webhooks come to. A capture without bindings listens all the same: its senders hear 404
// instead of a refused connection, and a binding may be enabled at any time.
func (c Connector) reportListening(of session, on ports, b bindings) {
	entry := c.status().WithFields(logrus.Fields{"address": on.webhooks.Addr().String(), "bindings": len(b.webhooks)})
	if len(b.polled) > 0 {
		entry = entry.WithField("polled", len(b.polled))
	}
	if on.metrics != nil {
		entry = entry.WithField("metricsAddress", on.metrics.Addr().String())
	}
	if shard := of.shard(); shard != "" {
		entry = entry.WithField("shard", shard)
	}
	switch bindings := len(b.webhooks); {
	case bindings == 0 && len(b.polled) > 0:
		entry.Info("polling Intercom's API, and listening without bindings for webhooks, so that every path answers 404")
	case bindings == 0:
		entry.Info("listening for webhooks, but no bindings are enabled, so that every path answers 404")
	case bindings == 1:
		entry.Info("listening for webhooks of 1 binding")
	default:
		entry.Infof("listening for webhooks of %d bindings", bindings)
	}
}

// reportEnd says why a session ended, and what it dropped.
func (c Connector) reportEnd(err error, dropped map[string]int) {
	entry := c.status().WithField("cause", cause(err))
	if len(dropped) > 0 {
		entry = entry.WithField("dropped", dropped)
	}
	entry.Info("stopping")
}
