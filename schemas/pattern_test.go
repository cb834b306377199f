package schemas

import (
	"strings"
	"testing"
	"time"
)

func TestPatternsMeanWhatTheyMeanInRust(t *testing.T) {
	for pattern, c := range map[string]struct{ yes, no []string }{
		`^\d+$`:                            {[]string{"12", "१२"}, []string{"", "a", "²"}},
		`^\D$`:                             {[]string{"a", "²"}, []string{"1", "१"}},
		`^\w+$`:                            {[]string{"aé_1", "日本", "e\u0301", "a\u200db"}, []string{"-", "a b", "€"}},
		`^\W$`:                             {[]string{"-", "€"}, []string{"é"}},
		`^\s$`:                             {[]string{" ", "\u00a0", "\u3000", "\v", "\u0085"}, []string{"\u200b", "a"}},
		`^\S$`:                             {[]string{"a", "\u200b"}, []string{"\u2003"}},
		`\bcafé\b`:                         {[]string{"un café noir", "café"}, []string{"cafés", "cafée", "décafé"}},
		`caf\b`:                            {[]string{"caf", "caf "}, []string{"café"}},
		`\Bé`:                              {[]string{"café"}, []string{"été"[:2] + " x"}},
		`(?-u)^\w+\b$`:                     {[]string{"ab_1"}, []string{"é"}},
		`(?-u:\d)`:                         {[]string{"1"}, []string{"१"}},
		`^\u0041\x42\x{43}$`:               {[]string{"ABC"}, []string{"abc"}},
		`^\U0001F44D\u{44}$`:               {[]string{"👍D"}, nil},
		`\p{Script=Greek}`:                 {[]string{"α"}, []string{"a"}},
		`\p{sc=greek}`:                     {[]string{"α"}, []string{"a"}},
		`\p{Greek}\P{Greek}`:               {[]string{"αa"}, []string{"αβ"}},
		`\p{Lu}`:                           {[]string{"É"}, []string{"é"}},
		`\pL\PL`:                           {[]string{"a1"}, []string{"ab"}},
		`\p{Uppercase_Letter}`:             {[]string{"A"}, []string{"a"}},
		`\p{gc=Nd}`:                        {[]string{"१"}, []string{"a"}},
		`\p{gc!=Nd}`:                       {[]string{"a"}, []string{"1"}},
		`^\p{^L}$`:                         {[]string{"1"}, []string{"a"}},
		`^\p{Alphabetic}$`:                 {[]string{"a", "ⅷ"}, []string{"1"}},
		`^\p{White_Space}$`:                {[]string{"\u00a0"}, []string{"a"}},
		`^[\w--\d]+$`:                      {[]string{"abé"}, []string{"a1"}},
		`^[a-z&&[^aeiou]]+$`:               {[]string{"bcd"}, []string{"a", "B"}},
		`^[a-f~~c-k]+$`:                    {[]string{"abgk"}, []string{"c", "f", "l"}},
		`^[a-z&&b-y--c]+$`:                 {[]string{"by"}, []string{"a", "c", "z"}},
		`^[[:alpha:][:digit:]]+$`:          {[]string{"a1"}, []string{"é", "-"}},
		`^[[:^alpha:]]$`:                   {[]string{"1", "é"}, []string{"a"}},
		`^[]a]+$`:                          {[]string{"]a"}, []string{"b"}},
		`^[^]a]$`:                          {[]string{"b", "\n"}, []string{"]", "a"}},
		`^[-a]+$`:                          {[]string{"-a"}, []string{"b"}},
		`^[a-]+$`:                          {[]string{"-a"}, []string{"b"}},
		`^[a\-z]+$`:                        {[]string{"-az"}, []string{"b"}},
		`^[\]\[\\]+$`:                      {[]string{`[]\`}, []string{"a"}},
		`^[a&b]+$`:                         {[]string{"a&b"}, []string{"c"}},
		`^[a&&b]$`:                         {nil, []string{"a", "b", ""}},
		`^[\n\t]+$`:                        {[]string{"\n\t"}, []string{"n"}},
		`(?i)^straSSE[k]$`:                 {[]string{"STRASSEK", "strasse\u212a"}, []string{"straßek"}},
		`(?i-u)^k$`:                        {[]string{"K"}, []string{"\u212a"}},
		`(?i)^[^a]$`:                       {[]string{"b"}, []string{"A", "a"}},
		`(?i)^[a-z--k]$`:                   {[]string{"A", "b"}, []string{"K", "k", "\u212a"}},
		`(?i)é`:                            {[]string{"É"}, []string{"e"}},
		`a(?i)b|c`:                         {[]string{"aB", "C"}, []string{"AB"}},
		`a(?i:b)c`:                         {[]string{"aBc"}, []string{"aBC"}},
		"(?x) a b # comment\n [ c d ] \\ ": {[]string{"abc "}, []string{"a b c ", "abc"}},
		`(?x)a{ 2 , 3 }$`:                  {[]string{"aa"}, []string{"a"}},
		`.`:                                {[]string{"a", "\r", "é"}, []string{"\n", ""}},
		`(?s)^.$`:                          {[]string{"\n"}, nil},
		`(?R)^.$`:                          {[]string{"a"}, []string{"\r", "\n"}},
		`^a$`:                              {[]string{"a"}, []string{"a\n", "a\nb", "b\na"}},
		`(?m)^a$`:                          {[]string{"b\na\nc"}, []string{"ba"}},
		`\Aa\z`:                            {[]string{"a"}, []string{"a\n"}},
		`^x{1,2000}$`:                      {[]string{"x", strings.Repeat("x", 2000)}, []string{"", strings.Repeat("x", 2001)}},
		`^x{1500}$`:                        {[]string{strings.Repeat("x", 1500)}, []string{strings.Repeat("x", 1499), strings.Repeat("x", 1501)}},
		`^x{1500,}$`:                       {[]string{strings.Repeat("x", 1600)}, []string{strings.Repeat("x", 1499)}},
		`^(?:ab{50}){40}$`:                 {[]string{strings.Repeat("a"+strings.Repeat("b", 50), 40)}, []string{strings.Repeat("a"+strings.Repeat("b", 50), 39)}},
		`^x{,2}$`:                          {[]string{"", "xx"}, []string{"xxx", "x{,2}"}},
		`^a{0}b$`:                          {[]string{"b"}, []string{"ab"}},
		`^a**b+?c??$`:                      {[]string{"aab", "bc"}, []string{"ac"}},
		`^a*+$`:                            {[]string{"", "aa"}, []string{"b"}},
		`^(?P<n>a)(?<m>b)()$`:              {[]string{"ab"}, []string{"a"}},
		`^a||b$`:                           {[]string{"", "x"}, nil},
		`^\#\-\/\"\~\&\ $`:                 {[]string{`#-/"~& `}, nil},
		`^\a\f\t\n\r\v$`:                   {[]string{"\a\f\t\n\r\v"}, nil},
		`^}]$`:                             {[]string{"}]"}, nil},
		`^(a+)+$`:                          {[]string{"aaa"}, []string{strings.Repeat("a", 100_000) + "b"}},
		``:                                 {[]string{"", "a"}, nil},
	} {
		p, err := newPattern(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		for _, s := range c.yes {
			if !p.matches(s) {
				t.Errorf("%s does not match %.50q", pattern, s)
			}
		}
		for _, s := range c.no {
			if p.matches(s) {
				t.Errorf("%s matches %.50q", pattern, s)
			}
		}
	}
}

func TestWhatRustDoesNotTakeIsRefused(t *testing.T) {
	for _, pattern := range []string{
		`(`, `)`, `(a`, `a)`, `[`, `[]`, `[^]`, `[a`, `[b-a]`, `[\d-z]`, `[a-\d]`, `*`, `a|*`, `(*)`, `{`, `a{`, `a{x}`, `a{2`, `a{}`, `a{2,1}`, `^{1}{`, `\`,
		`(?=a)`, `(?!a)`, `(?<=a)`, `(?<!a)`, `(?>a)`, `(?#a)`, `(?)`, `(?-)`, `(?i`, `(?y)`, `(?P=n)`, `(?P>n)`, `(?<>a)`, `(?<1>a)`, `(?<n>a)(?P<n>b)`, `(?<n`,
		`\1`, `\0`, `\8`, `\Q`, `\E`, `\Z`, `\G`, `\C`, `\R`, `\X`, `\h`, `\c`, `\cA`, `\e`, `\é`, `\k<n>`, `[\b]`, `[\A]`,
		`\x`, `\xg0`, `\x{110000}`, `\x{d800}`, `\x{}`, `\u12`, `\p`, `\p{`, `\p{Nonsense}`, `\p{sc=Nonsense}`, `\p{age=3.0}`,
		`(?-u).`, `(?-u)\W`, `(?-u)[^a]`, `(?-u)\xff`, `(?-u)\pL`, `(?-u)[[:^alpha:]]`,
		`\b{start}a`, `\b{end-half}`, `\<a\>`, `(?mR)^a`, `\b(?-u:\b)`,
		`a{100001}`, `(a{1000}){1000}`, strings.Repeat("(", 300) + strings.Repeat(")", 300), strings.Repeat("[", 300) + "a" + strings.Repeat("]", 300),
	} {
		if _, err := newPattern(pattern); err == nil {
			t.Errorf("%.50s is taken", pattern)
		}
	}
}

// Boundaries of words need steps of their own beyond ASCII, as many as the text and the pattern are long.
func TestWalkingIsLinear(t *testing.T) {
	p, err := newPattern(`\b(?:a|é|ab|éa)*\b$`)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	p.matches(strings.Repeat("aé", 200_000) + "!")
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

// No pattern makes a parser or a match panic, and walking a program finds what Go's own match does.
func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{`^a(b|c)*\d{2,3}$`, `[a-z&&[^b]]--\bx`, `(?ix-s: a # b` + "\n)", `\p{Greek}+?`, `[[:alpha:]~~x]`, `\u{41}{3}`} {
		f.Add(pattern, "abc12 x")
	}
	f.Fuzz(func(t *testing.T, source, text string) {
		if len(source) > 100 || len(text) > 100 {
			t.Skip()
		}
		p, err := newPattern(source)
		if err != nil || p.cost > 10_000 {
			t.Skip()
		}
		matched := p.matches(text)
		if p.prog != nil && !beyondASCII(text) && newWalk(p.prog).matches(text) != matched {
			t.Fatalf("%q in %q: a match is %v, a walk is not", source, text, matched)
		}
	})
}
