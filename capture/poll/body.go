package poll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"source-intercom-ingest/capture/commit"
	"source-intercom-ingest/intercom/api"
)

// What is reserved of the share before an answer is read: more than most have.
const (
	objectBytes = 64 << 10
	pageBytes   = 1 << 20
)

// A body is an answer that is read whole.
type body struct {
	bytes.Buffer
	share *commit.Share
	held  int64
}

// bodies are used again, but for large ones.
var bodies = sync.Pool{New: func() any { return new(body) }}

// release ends the use of a body and of all that was found in it.
func (b *body) release() {
	b.share.Give(b.held)
	b.held, b.share = 0, nil
	if b.Cap() <= pageBytes {
		b.Reset()
		bodies.Put(b)
	}
}

// ask asks the API and returns its answer, which must be released.
func (p *Poller) ask(ctx context.Context, r api.Request, expected int64) (*body, error) {
	b := bodies.Get().(*body)
	b.share = p.bodies
	var err error
	if b.held, err = b.share.Take(ctx, expected); err != nil {
		return nil, err
	}
	err = p.client.Load().Do(ctx, r, func(from io.Reader) error {
		if err := b.read(ctx, from); err != nil {
			return err
		}
		return b.whole()
	})
	if err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

// whole tells that the answer begins and ends as JSON does: some are empty, or a gateway's page.
func (b *body) whole() error {
	text := bytes.TrimSpace(b.Bytes())
	if len(text) < 2 || text[0] != '{' && text[0] != '[' || text[len(text)-1] != '}' && text[len(text)-1] != ']' {
		return errors.New("it is no JSON")
	}
	return nil
}

// read reads an answer. Where there is no room for more of it, all that is reserved is given back before it is waited for,
// so that nobody waits for ever; what is held meanwhile is no more than others just took.
func (b *body) read(ctx context.Context, from io.Reader) error {
	b.Reset()
	for {
		left := b.held - int64(b.Len())
		if left == 0 {
			if b.held == b.share.Most() {
				return api.Final(fmt.Errorf("it has more than the %d bytes that there is room for", b.held))
			}
			if !b.share.TryTake(min(b.held, b.share.Most()-b.held)) {
				want := 2 * b.held
				b.share.Give(b.held)
				b.held = 0
				var err error
				if b.held, err = b.share.Take(ctx, want); err != nil {
					return err
				}
			} else {
				b.held += min(b.held, b.share.Most()-b.held)
			}
			continue
		}
		n, err := io.CopyN(&b.Buffer, from, left)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}
