package intercom

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"
)

// A SendCommand is the command line of send: it posts sample notifications as Intercom does.
type SendCommand struct {
	URL          string   `help:"Where to post." default:"http://localhost:8080/webhook-data" name:"url"`
	ClientSecret *string  `help:"Sign with the client secret of an app." env:"CLIENT_SECRET"`
	Topic        []string `help:"Send the sample of this topic (repeatable; default: conversation.user.created)." sep:"none" xor:"what"`
	All          bool     `help:"Send every sample." xor:"what"`
	File         string   `help:"Send the body in this file as it is; - is standard input." xor:"what" type:"existingfile"`
	Count        int      `help:"Send each so many times." default:"1"`
	Concurrency  int      `help:"Send so many at a time." default:"1"`
	Workspace    string   `help:"The workspace that the notifications are of (default: the samples')."`
	List         bool     `help:"List the topics that there are samples of."`
}

// UserAgent is the one that Intercom names itself by.
const UserAgent = "intercom-parrot-service-client/1.0"

// patience is how long Intercom waits for an answer ("Webhook Notifications").
const patience = 5 * time.Second

// manyDeliveries is from where on a person wants to see how far it is.
const manyDeliveries = 100

// Run posts, prints a line for each answer and a summary. It fails unless all were answered 200.
func (c *SendCommand) Run() error {
	if c.List {
		return c.list(os.Stdout)
	}
	if c.Count < 1 || c.Concurrency < 1 {
		return fmt.Errorf("--count is %d and --concurrency %d; write at least 1", c.Count, c.Concurrency)
	}
	if given, set := os.LookupEnv("CLIENT_SECRET"); c.ClientSecret != nil && strings.TrimSpace(*c.ClientSecret) == "" || c.ClientSecret == nil && set && strings.TrimSpace(given) == "" {
		return errors.New("--client-secret is empty, from the command line or the environment variable CLIENT_SECRET; write the secret, or leave both out to send without a signature")
	}
	chosen, err := c.choose()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return c.send(ctx, chosen, os.Stdout)
}

// list prints the topics, what each is about and when it is sent.
func (c *SendCommand) list(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TOPIC\tOBJECT\tSENT WHEN")
	all, err := Samples()
	if err != nil {
		return err
	}
	for _, topic := range Topics {
		i := slices.IndexFunc(all, func(s Sample) bool { return s.Topic == topic.Name })
		fmt.Fprintf(table, "%s\t%s\t%s\n", topic.Name, all[i].Event().ObjectType, topic.Says)
	}
	return table.Flush()
}

// choose returns the samples to send. A file is one of no topic, which is sent as it is.
func (c *SendCommand) choose() ([]Sample, error) {
	if c.File != "" {
		text, err := readFile(c.File)
		return []Sample{{Name: c.File, body: text}}, err
	}
	all, err := Samples()
	if err != nil || c.All {
		return all, err
	}
	topics := c.Topic
	if len(topics) == 0 {
		topics = []string{"conversation.user.created"}
	}
	var chosen []Sample
	for _, topic := range topics {
		i := slices.IndexFunc(all, func(s Sample) bool { return s.Topic == topic })
		if i < 0 {
			return nil, fmt.Errorf("there is no sample of topic %q; --list shows those that there are", topic)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// readFile reads a file, or standard input for the name -.
func readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

// A delivery is a notification that was sent, and the answer.
type delivery struct {
	name, id string
	status   string // of HTTP, or the error
	ok       bool
	took     time.Duration
}

// send posts each of the chosen so many times, so many at a time.
func (c *SendCommand) send(ctx context.Context, chosen []Sample, out io.Writer) error {
	work := make(chan Sample)
	answers := make(chan delivery)
	var senders sync.WaitGroup
	for range c.Concurrency {
		senders.Go(func() {
			for sample := range work {
				answers <- c.deliver(ctx, sample)
			}
		})
	}
	go func() {
		defer close(work)
		for range c.Count {
			for _, sample := range chosen {
				select {
				case work <- sample:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	go func() {
		senders.Wait()
		close(answers)
	}()
	s := summary{total: c.Count * len(chosen), progress: isatty.IsTerminal(os.Stderr.Fd()), statuses: map[string]int{}}
	for answer := range answers {
		fmt.Fprintf(out, "%s  %s  %s  %s\n", answer.status, answer.name, answer.id, answer.took.Round(100*time.Microsecond))
		s.add(answer)
	}
	return s.print(out)
}

// deliver posts one notification.
func (c *SendCommand) deliver(ctx context.Context, sample Sample) delivery {
	d := delivery{name: sample.Topic, id: "notif_" + uuid.NewString()}
	body, err := sample.body, error(nil)
	if sample.Topic == "" {
		d.name, d.id = sample.Name, "-"
	} else {
		body, err = sample.Notification(d.id, c.Workspace, time.Now())
	}
	if err != nil {
		d.status = err.Error()
		return d
	}
	started := time.Now()
	d.status, d.ok = c.post(ctx, body)
	d.took = time.Since(started)
	return d
}

// post sends a body with the headers that Intercom sends, and returns the answer's status or why there is none.
func (c *SendCommand) post(ctx context.Context, body []byte) (status string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return err.Error(), false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", UserAgent)
	if c.ClientSecret != nil {
		req.Header.Set(SignatureHeader, Sign(body, *c.ClientSecret))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "failed: " + err.Error(), false
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 500)) // enough for a reason
	if resp.StatusCode != http.StatusOK {
		return fmt.Sprintf("%d %s", resp.StatusCode, text), false
	}
	return "200", true
}

// SignatureHeader carries the signature of a notification.
const SignatureHeader = "X-Hub-Signature"

// Sign returns the signature of a body, as [SignatureHeader] carries it ("Webhook Notifications").
func Sign(body []byte, clientSecret string) string {
	mac := hmac.New(sha1.New, []byte(strings.TrimSpace(clientSecret)))
	mac.Write(body)
	return "sha1=" + hex.EncodeToString(mac.Sum(nil))
}

// A summary collects answers.
type summary struct {
	total    int
	progress bool
	done     int
	failed   int
	statuses map[string]int
	took     []time.Duration
}

// add counts a delivery, and says how far it is where that is worth a line.
func (s *summary) add(d delivery) {
	s.done++
	if !d.ok {
		s.failed++
	}
	status, _, _ := strings.Cut(d.status, " ")
	s.statuses[status]++
	s.took = append(s.took, d.took)
	if s.progress && s.total >= manyDeliveries {
		fmt.Fprintf(os.Stderr, "\r%d of %d ", s.done, s.total)
	}
}

// print writes the answers by status, and how long they took.
func (s *summary) print(out io.Writer) error {
	if s.progress && s.total >= manyDeliveries {
		fmt.Fprintln(os.Stderr)
	}
	if s.done == 0 {
		return fmt.Errorf("none was sent")
	}
	slices.Sort(s.took)
	quantile := func(q float64) time.Duration {
		return s.took[int(q*float64(len(s.took)-1))].Round(100 * time.Microsecond)
	}
	fmt.Fprintf(out, "%d sent", s.done)
	for _, status := range slices.Sorted(maps.Keys(s.statuses)) {
		fmt.Fprintf(out, ", %d answered %s", s.statuses[status], status)
	}
	fmt.Fprintf(out, "; p50 %v, p99 %v, longest %v\n", quantile(0.5), quantile(0.99), quantile(1))
	if s.failed > 0 {
		return fmt.Errorf("%d of %d were not answered 200", s.failed, s.done)
	}
	return nil
}
