package preview

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// A desk is where a person sits who watches a preview: the front, the console, and the refusals that are kept.
type desk struct {
	log     *logrus.Logger
	store   *store
	front   *front
	console *console
	traffic *traffic
	saved   int64 // the last refusal that is in the store
	stop    chan struct{}
	keeper  sync.WaitGroup
}

// saveInterval is how often refusals are kept: under a flood of them, commits come first.
const saveInterval = 500 * time.Millisecond

// openDesk puts the front before the connector, on the connector's own port, and serves the console.
func (c *Command) openDesk(log *logrus.Logger, t *task, connector *connector, store *store, polled *polled, couriers []*courier) (*desk, error) {
	address, err := connector.takeAddress()
	if err != nil {
		return nil, err
	}
	refused, err := store.refusals()
	if err != nil {
		return nil, err
	}
	listener, err := listenConsole(log, c.Console)
	if err != nil {
		return nil, err
	}
	d := &desk{log: log, store: store, traffic: newTraffic(refused), stop: make(chan struct{})}
	d.saved = d.traffic.next - 1
	if d.front, err = newFront(log, address, endpointOf(t), d.traffic, store.last.Load); err != nil {
		_ = listener.Close()
		return nil, err
	}
	_, bound, _ := net.SplitHostPort(d.front.address())
	d.console = &console{task: t, store: store, front: d.front, traffic: d.traffic,
		hide: secretsOf(t.spec.ConfigJson), sender: newSender(t, "http://localhost:"+bound)}
	d.console.sender.front = d.front
	if c.Console != nil {
		d.console.name, _, _ = net.SplitHostPort(*c.Console) // which was listened on
	}
	connector.front, d.console.polled, d.console.couriers = d.front, polled, couriers
	d.console.serve(listener)
	d.keeper.Go(d.keep)
	return d, nil
}

// takeAddress returns where the connector was to listen, and lets it choose another port, of this machine alone: who
// goes past the front could say that he is anyone.
func (c *connector) takeAddress() (string, error) {
	port := cmp.Or(c.variable(portVariable), "8080")
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%s is %q; set it to a port number", portVariable, port)
	}
	address := net.JoinHostPort(c.variable(hostVariable), port)
	c.env = append(c.env, portVariable+"=0", hostVariable+"=127.0.0.1")
	return address, nil
}

// variable returns a variable of the connector's environment, of which the last one counts.
func (c *connector) variable(wanted string) string {
	for _, entry := range slices.Backward(c.env) {
		if name, value, _ := strings.Cut(entry, "="); name == wanted {
			return value
		}
	}
	return ""
}

// keep saves refusals until close.
func (d *desk) keep() {
	tick := time.NewTicker(saveInterval)
	defer tick.Stop()
	for failing := false; ; {
		err := d.save()
		if err != nil && !failing {
			d.log.Warnf("refused requests can not be kept: %v", err)
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-d.stop:
			_ = d.save()
			return
		}
	}
}

// save keeps the refusals that came since the last time.
func (d *desk) save() error {
	news := d.traffic.refusedSince(d.saved)
	if len(news) == 0 {
		return nil
	}
	if err := d.store.saveRefusals(news, d.console.hide); err != nil {
		return err
	}
	d.saved = news[len(news)-1].ID
	return nil
}

// close ends what the desk serves, when the connector is gone.
func (d *desk) close() {
	d.front.close()
	d.console.close()
	close(d.stop)
	d.keeper.Wait()
}
