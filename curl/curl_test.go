package curl

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
)

// What a line sends arrives byte for byte, whatever it holds.
func TestALineSendsTheRequestAsItCame(t *testing.T) {
	for _, program := range []string{"sh", "curl", "base64"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s here: no line is tried", program)
		}
	}
	type seen struct {
		method, target string
		header         http.Header
		body           []byte
	}
	came := make(chan seen, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		came <- seen{r.Method, r.RequestURI, r.Header, body}
	}))
	defer server.Close()
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	for name, c := range map[string]struct {
		method, target, want string
		headers              []Header
		body                 string
	}{
		"text":            {"POST", "/in", "", []Header{{Name: "Content-Type", Value: "application/json"}}, `{"a":"it's! $HOME ` + "`x`" + ` \\n %s é 日本"}`},
		"every byte":      {"POST", "/in", "", nil, string(everyByte)},
		"a line end":      {"POST", "/in", "", nil, "{}\n"},
		"only a line end": {"POST", "/in", "", nil, "\n"},
		"a file's name":   {"POST", "/in", "", nil, "@/etc/hostname"},
		"nothing":         {"POST", "/in", "", nil, ""},
		"bidi":            {"PUT", "/in", "", nil, "{\"a\":\"\u202egnp.exe\u2069\"}"},
		"C1":              {"POST", "/in", "", nil, "{\"a\":\"\u009b31m\"}"},
		"DEL":             {"PATCH", "/in", "", nil, "{\"a\":\"\x7f\"}"},
		"a tab":           {"POST", "/in", "", nil, "{\t\"a\":1}"},
		"GET":             {"GET", "/in?x=1", "", []Header{{Name: "Accept", Value: "text/html"}}, ""},
		"GET with a body": {"GET", "/in", "", nil, "{}"},
		"HEAD":            {"HEAD", "/in", "", nil, ""},
		"DELETE":          {"DELETE", "/in", "", nil, ""},
		"escapes":         {"POST", "/a%2Fb/%61/c%20d?q=%zz;x&e=%2f+&e=", "", nil, "{}"},
		"a glob":          {"POST", "/in?a[]=1&b={x,y}&c=[1-3]", "", nil, "{}"},
		"dots":            {"POST", "/a/../b//c/./d", "", nil, "{}"},
		"raw bytes":       {"POST", "/in?a=\x9b\xe2\x80\xae#b", "/in?a=%9B%E2%80%AE%23b", nil, "{}"},
		"an empty query":  {"POST", "/in?", "", nil, "{}"},
		"headers": {"POST", "/in", "", []Header{{Name: "X-A", Value: `it's "! $HOME \ %d`}, {Name: "X-B", Value: ""}, {Name: "X-C", Value: "a\tb"},
			{Name: "X-D", Value: "\x80\x9b31m\xff'\"!\\%"}, {Name: "X-E", Value: "1"}, {Name: "X-E", Value: "2"}, {Name: "X-F", Value: "\u202e"},
			{Name: "User-Agent", Value: "a sender/1"}, {Name: "X-G", Value: "sum=", Shell: "$(printf %s 'a! b' | tr -d ' ')"}}, "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			line := Request{c.method, server.URL + c.target, c.headers, []byte(c.body)}.Line()
			if !IsText(line) {
				t.Errorf("the line is not printable: %q", line)
			}
			if out, err := exec.Command("sh", "-c", strings.Replace(line, "curl ", "curl -sS ", 1)).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", line, err, out)
			}
			got, want := <-came, c.want
			if want == "" {
				want = c.target
			}
			if got.method != c.method || got.target != want || !bytes.Equal(got.body, []byte(c.body)) {
				t.Errorf("%s\nsent %s %s %q", line, got.method, got.target, got.body)
			}
			header := http.Header{}
			for _, h := range c.headers {
				if h.Shell != "" {
					h.Value += "a!b"
				}
				header.Add(h.Name, h.Value)
			}
			got.header.Del("Content-Length")
			for name := range got.header {
				if strings.Join(got.header[name], "|") != strings.Join(header[name], "|") || len(got.header) != len(header) {
					t.Errorf("%s\nsent %q, not %q", line, got.header, header)
				}
			}
		})
	}
}

func FuzzALineIsPrintable(f *testing.F) {
	f.Add("POST", "http://x/\x9b", "X-A", "\x1b[2J\r\n", []byte("\x00"))
	f.Add("G\nT", "", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, method, url, name, value string, body []byte) {
		if line := (Request{method, url, []Header{{Name: name, Value: value}}, body}).Line(); !IsText(line) {
			t.Errorf("%q", line)
		}
	})
}
