package preview

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"source-intercom-ingest/door"
)

// hostile is a request as large as the front lets in, or larger.
func hostile(n int) *http.Request {
	long := strings.Repeat("é", 1<<16)
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Method, r.Host = long, long
	r.URL = &url.URL{Path: "/" + long, RawQuery: long}
	for i := range 1000 {
		r.Header.Add(fmt.Sprintf("X-%d", i%10), long[:n%200])
	}
	r.Header.Add("X-Long", long)
	return r
}

// What is kept of one request is bounded, and is known to be a part.
func TestWhatIsKeptOfARequestIsBounded(t *testing.T) {
	x := newExchange(hostile(199))
	size, lines := headerSize(x.header)
	if len(x.Method) > maxMethod || len(x.Path) > maxTarget || len(x.query) > maxTarget || len(x.host) > maxHost || size > maxHeaders || lines > maxFields {
		t.Errorf("kept are %d, %d, %d, %d, and headers of %d in %d lines", len(x.Method), len(x.Path), len(x.query), len(x.host), size, lines)
	}
	if lines == 0 || x.header.Get("X-Long") != "" {
		t.Errorf("the smallest headers are not those that are kept: %d lines", lines)
	}
	if !x.Partial || x.missing() == "" || !utf8.ValidString(x.Path+x.query+x.host+x.Method) {
		t.Errorf("it passes for whole, or is cut within a character")
	}
	for name, change := range map[string]func(r *http.Request){
		"method":  func(r *http.Request) { r.Method = strings.Repeat("M", maxMethod+1) },
		"path":    func(r *http.Request) { r.URL.Path = "/" + strings.Repeat("p", maxTarget) },
		"query":   func(r *http.Request) { r.URL.RawQuery = strings.Repeat("q", maxTarget) },
		"host":    func(r *http.Request) { r.Host = strings.Repeat("h", maxHost+1) },
		"headers": func(r *http.Request) { r.Header.Set("A", strings.Repeat("a", maxHeaders)) },
		"lines":   func(r *http.Request) { r.Header["A"] = make([]string, maxFields+1) },
		"nothing": func(*http.Request) {},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		change(r)
		if x := newExchange(r); x.Partial != (name != "nothing") {
			t.Errorf("%s: partial is %v", name, x.Partial)
		}
	}
	line := (&exchange{body: []byte(`{"topic":"` + strings.Repeat("t", 1000) + `"}`), answer: door.Body("code", strings.Repeat("r", 1000))}).line(secrets{})
	if len(line.Topic) > maxShown || len(line.Error) > maxShown {
		t.Errorf("a list shows a topic of %d and a reason of %d", len(line.Topic), len(line.Error))
	}
}

// What is kept of all requests is bounded by their number and by their bytes, of each kind.
func TestTheTrafficIsBounded(t *testing.T) {
	for name, c := range map[string]struct{ body, most int }{"small": {0, maxExchanges}, "large": {maxKept, maxHistory/maxKept + 1}} {
		traffic := newTraffic(nil)
		for i := range 3 * maxExchanges {
			traffic.add(&exchange{At: time.Now(), Method: "POST", Status: 200 + i%2*200, body: make([]byte, c.body)})
		}
		for kind, h := range map[string]*history{"accepted": &traffic.accepted, "refused": &traffic.refused} {
			bytes := 0
			for _, x := range h.list {
				bytes += x.size()
			}
			if n := len(h.list); n > c.most || n < c.most*9/10 || bytes > maxHistory || bytes != h.bytes {
				t.Errorf("%s: %d %s of %d bytes are kept, said to be %d", name, n, kind, bytes, h.bytes)
			}
		}
		all := traffic.since(0)
		if last := all[len(all)-1].ID; last != 3*maxExchanges || traffic.find(last) == nil || traffic.find(1) != nil {
			t.Errorf("%s: the last is %d", name, last)
		}
	}
	one := newTraffic(nil)
	one.add(&exchange{At: time.Now(), Status: 400, body: make([]byte, 2*maxHistory)})
	if len(one.since(0)) != 1 {
		t.Error("the latest is not kept")
	}
}

// What the database keeps of refusals is bounded by their number and by their bytes, and is what comes back.
func TestRefusalsInTheDatabaseAreBounded(t *testing.T) {
	s, err := openStore(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for name, c := range map[string]struct{ body, most int }{"1 small": {10, maxExchanges}, "2 large": {maxKept, maxHistory / maxKept}} {
		var all []*exchange
		for id := range maxExchanges + 100 {
			all = append(all, &exchange{ID: int64(id + 1), Method: "POST", Path: "/a%2Fb", query: "?x", Status: 400, Remote: "192.0.2.1:1", Partial: true,
				header: http.Header{"A": {"b"}}, body: make([]byte, c.body), answer: door.Body("code", "no")})
		}
		for len(all) > 0 {
			n := min(50, len(all))
			if err := s.saveRefusals(all[:n], secrets{}); err != nil {
				t.Fatal(err)
			}
			all = all[n:]
		}
		kept, err := s.refusals()
		if err != nil || len(kept) > c.most || len(kept) < c.most*9/10 || kept[len(kept)-1].ID != maxExchanges+100 {
			t.Fatalf("%s: %d are kept, %v", name, len(kept), err)
		}
		if _, err := s.db.Exec(`INSERT INTO refusals SELECT id + 10000, exchange, zeroblob(?), answer FROM refusals LIMIT 40`, 1<<20); err != nil {
			t.Fatal(err)
		}
		if older, err := s.refusals(); err != nil || len(older) > maxHistory>>20 {
			t.Errorf("%s: of a database without the limit, %d are kept, %v", name, len(older), err)
		}
		if _, err := s.db.Exec(`DELETE FROM refusals`); err != nil {
			t.Fatal(err)
		}
		x := kept[0]
		if x.Path != "/a%2Fb" || x.query != "?x" || x.Remote != "192.0.2.1:1" || !x.Partial || x.header.Get("A") != "b" || len(x.body) != c.body || x.reason() != "no" {
			t.Errorf("%s: kept is %+v", name, x)
		}
	}
}
