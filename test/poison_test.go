package test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A poisoner makes bodies out of what JSON and the runtime's rules trip over, more or less well put together.
type poisoner struct{ *rand.Rand }

func (p poisoner) pick(choices ...string) string { return choices[p.IntN(len(choices))] }

func (p poisoner) text() string {
	return `"` + p.pick("", "a", "_meta", "n", "s", `\u005fmeta`, `\ud83d\ude00`, `\ud800`, `\udc00\ud800`, "\xff", "\xc3\xa9", "\xed\xa0\x80",
		`\n`, "\n", `\x`, "\x00", "\ufeff", `\u0000`, strings.Repeat("x", 300)) + `"`
}

func (p poisoner) value(levels int) string {
	switch p.IntN(9 - min(levels, 6)/2) {
	case 0:
		return p.text()
	case 1:
		return p.pick("0", "-0", "1.0", "1e308", "1e309", "-1e400", "1e-999999999", "01", "+1", ".5", "1.", "1e", "NaN",
			"123456789012345678901234567890", strings.Repeat("9", 400), "0."+strings.Repeat("1", 400))
	case 2:
		return p.pick("null", "true", "false", "nul", "undefined")
	case 3:
		return strings.Repeat("[", 120*p.IntN(2)) + p.pick("", "1") + strings.Repeat("]", p.IntN(3))
	case 4:
		var items []string
		for range p.IntN(4) {
			items = append(items, p.value(levels+1))
		}
		return "[" + strings.Join(items, p.pick(",", " ,\n ", ",,")) + p.pick("]", "]", "]", "")
	}
	return p.object(levels)
}

func (p poisoner) object(levels int) string {
	var members []string
	for range p.IntN(5) {
		members = append(members, p.text()+p.pick(":", " : ", ":\r\n")+p.value(levels+1))
	}
	return "{" + strings.Join(members, p.pick(",", ", ", ",\n")) + p.pick("}", "}", "}", "}", ",}")
}

// What a stranger makes of the rules of documents is either refused or is none: the test's runtime reads all output as
// strictly as Flow's does.
func TestPoisonIsNeverEmitted(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		o := newOracle()
		r, url := openSession(t, codec, `{"name":"acme/hooks","config":{},"bindings":[{"resourceConfig":{"stream":"in","path":"/in"},"collection":
			{"name":"acme/in","key":["/_meta/webhookId"],"writeSchema":{"properties":{"n":{"type":"number","maximum":1e9},"s":{"type":"string","maxLength":100}}}}}]}`)
		ended := make(chan error, 1)
		go func() {
			ended <- r.acknowledgeAll(newOracleOfAnything(o), func() int { return 1 })
		}()
		p := poisoner{rand.New(rand.NewPCG(3, 4))}
		answers := map[int]int{}
		for range 2000 {
			body := p.object(0)
			status, text, err := post(t.Context(), url+"/in?q=%ff", body, "X-Latin", "caf\xe9")
			if err != nil || status != http.StatusOK && status != http.StatusBadRequest {
				t.Fatalf("%q: answered %d %s, %v", body, status, text, err)
			}
			answers[status]++
		}
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
		if answers[http.StatusOK] < 100 || answers[http.StatusBadRequest] < 100 {
			t.Errorf("answers were %v", answers)
		}
	})
}

// newOracleOfAnything is one that takes documents that nobody issued.
func newOracleOfAnything(o *oracle) *oracle { o.anything = true; return o }

// However the runtime batches its acknowledgements and however long it takes, each request is answered once: 200 when
// it is committed, or 503 in time.
func TestAnyBatchingOfAcknowledgements(t *testing.T) {
	both(t, func(t *testing.T, codec string) {
		o := newOracle()
		r, url := openSession(t, codec, strings.Replace(openCapture, `"config":{}`, `"config":{"commitTimeout":1}`, 1))
		random := rand.New(rand.NewPCG(5, 6))
		go func() {
			_ = r.acknowledgeAll(o, func() int {
				if random.IntN(10) == 0 { // a commit that takes its time
					<-time.After(time.Duration(random.IntN(1500)) * time.Millisecond)
				}
				return 1 + random.IntN(8)
			})
		}()
		ctx, stop := context.WithTimeout(t.Context(), 6*time.Second)
		defer stop()
		o.load(ctx, 32, url+"/in", 50).Wait()
		for status := range o.refused {
			if status != http.StatusServiceUnavailable {
				t.Errorf("answers were %v", o.refused)
			}
		}
		if o.slowest > 3*time.Second { // a second for the commit, and what a busy machine adds
			t.Errorf("a request was refused after %v", o.slowest)
		}
		o.check(t)
		t.Logf("%d were answered 200, refused %v", len(o.owed), o.refused)
	})
}
