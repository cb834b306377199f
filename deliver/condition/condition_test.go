package condition

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"source-intercom-ingest/deliver/value"
)

const document = `{"n":215473900112233445,"s":"Grüße","t":true,"null":null,"empty":"","none":[],"tags":["a","B",3],"o":{},"id":"007",
	"price":12.50,"zero":-0,"date":"2026-09-01T00:10:00Z","a/b":1}`

func matches(t *testing.T, condition string) (bool, string) {
	t.Helper()
	c, err := Parse([]byte(condition), "conditions")
	if err != nil {
		t.Fatalf("%s: %v", condition, err)
	}
	doc, err := value.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return c.Match(Data{doc, func(name string) (*value.Value, bool) {
		return doc.Member("s"), name == "greeting"
	}})
}

func TestEachOperatorComparesAsItIsNamed(t *testing.T) {
	for rule, want := range map[string]bool{
		`/s exists`: true, `/null exists`: true, `/gone exists`: false, `/gone exists false`: true, `/s exists false`: false,
		`/gone empty`: true, `/null empty`: true, `/empty empty`: true, `/none empty`: true, `/o empty`: true, `/s empty`: false, `/zero empty`: false, `/s empty false`: true,
		`/n equals 215473900112233445`: true, `/n equals 215473900112233446`: false, `/n equals 2.15473900112233445e17`: true, `/n equals "215473900112233445"`: true,
		`/price equals 12.5`: true, `/price equals 12.500000000000000001`: false, `/zero equals 0`: true, `/id equals 7`: true, `/id equals "7"`: false, `/id equals "007"`: true,
		`/t equals true`: true, `/t equals "true"`: true, `/null equals null`: true, `/gone equals null`: false, `/null equals ""`: false, `/tags equals "a,B,3"`: true,
		`/s contains "üß"`: true, `/s contains "ÜSS"`: false, `/tags contains "B,3"`: true, `/gone contains ""`: false, `/n contains 900`: true,
		`/s startsWith "Gr"`: true, `/s endsWith "ße"`: true, `/s startsWith "gr"`: false,
		`/n greaterThan 215473900112233444`: true, `/n greaterThan 215473900112233445`: false, `/n greaterThanOrEqual 215473900112233445`: true,
		`/n lessThan 1e18`: true, `/price lessThanOrEqual 12.5`: true, `/price lessThan -1e3`: false, `/date greaterThan "2026-08-31"`: true, `/id lessThan 8`: true,
		`/s greaterThan 1`: false, `/s lessThan 1`: false, `/gone lessThan 1`: false, `/t greaterThan 0`: false,
		`/s matches "^Gr.+e$"`: true, `/s matches "r"`: true, `/s matches "x"`: false, `/gone matches ""`: false,
		`/id in ["1","007"]`: true, `/n in [1,215473900112233445]`: true, `/n in []`: false, `/gone in [null]`: false,
		`/tags arrayContains "B"`: true, `/tags arrayContains 3`: true, `/tags arrayContains "b"`: false, `/s arrayContains "Grüße"`: false,
		`tags.1 equals "B"`: true, `greeting equals "Grüße"`: true, `greeting.x exists`: false, `/a~1b equals 1`: true, `/greeting exists`: false,
	} {
		part := strings.SplitN(rule, " ", 3)
		text := fmt.Sprintf(`{"field":%q,"operator":%q}`, part[0], part[1])
		if len(part) == 3 {
			text = fmt.Sprintf(`{"field":%q,"operator":%q,"value":%s}`, part[0], part[1], part[2])
		}
		if got, _ := matches(t, text); got != want {
			t.Errorf("%s: %v", rule, got)
		}
	}
}

func TestCaseIsIgnoredWhereThatIsAsked(t *testing.T) {
	for _, rule := range []string{`"contains","value":"ÜSSE"`, `"equals","value":"GRÜßE"`, `"startsWith","value":"gR"`, `"endsWith","value":"ßE"`, `"matches","value":"^gRÜ"`, `"in","value":["x","grüße"]`} {
		if got, _ := matches(t, `{"field":"/s","ignoreCase":true,"operator":`+rule+`}`); got != !strings.Contains(rule, "ÜSSE") {
			t.Errorf("%s: %v", rule, got)
		}
	}
	if got, _ := matches(t, `{"field":"/tags","operator":"arrayContains","value":"b","ignoreCase":true}`); !got {
		t.Error("arrayContains")
	}
}

// The condition that said no is named, and nothing of the document is.
func TestTheConditionThatSaidNoIsNamed(t *testing.T) {
	yes, no := `{"field":"/t","operator":"equals","value":true}`, `{"field":"/s","operator":"contains","value":"x"}`
	for condition, want := range map[string]string{
		yes: "", `{"all":[]}`: "", `{"all":[` + yes + `,` + yes + `]}`: "", `{"any":[` + no + `,` + yes + `]}`: "", `{"not":` + no + `}`: "",
		no:                                 `conditions: /s contains "x"`,
		`{"all":[` + yes + `,` + no + `]}`: `conditions.all[1]: /s contains "x"`,
		`{"any":[` + no + `,` + no + `]}`:  `conditions.any: none of its 2 conditions matches`,
		`{"not":` + yes + `}`:              `conditions.not: /t equals true: it matches, and must not`,
		`{"all":[{"not":{"any":[` + yes + `]}}]}`: `conditions.all[0].not: it matches, and must not`,
	} {
		ok, said := matches(t, condition)
		if ok != (want == "") || !ok && said != want {
			t.Errorf("%s: %v, %s", condition, ok, said)
		}
	}
	var none *Condition
	if ok, _ := none.Match(Data{}); !ok {
		t.Error("no condition chooses nothing")
	}
}

func TestAWrongConditionIsNamedWithTheCure(t *testing.T) {
	for condition, want := range map[string]string{
		`[]`:                                               "conditions: it is no condition",
		`{}`:                                               "it has 0 of them",
		`{"all":[],"any":[]}`:                              "it has 2 of them",
		`{"any":[]}`:                                       "any is empty",
		`{"all":[{"any":[{"field":"/a"}]}]}`:               `conditions.all[0].any[0]: operator is ""; choose one of arrayContains, contains, empty`,
		`{"operator":"equals"}`:                            "field is missing",
		`{"field":"/a~2","operator":"exists"}`:             "no JSON pointer",
		`{"field":"a..b","operator":"exists"}`:             "a part without a name",
		`{"field":"/a","operator":"equals"}`:               "value is missing",
		`{"field":"/a","operator":"in","value":"x"}`:       `value of in is "x"; write a list`,
		`{"field":"/a","operator":"exists","value":1}`:     "write true or false",
		`{"field":"/a","operator":"matches","value":"("}`:  "no regular expression (RE2)",
		`{"field":"/a","operator":"lessThan","value":[1]}`: "write a text or a number",
		strings.Repeat(`{"not":`, 60) + `{}` + strings.Repeat(`}`, 60): "nested more than 50 levels",
	} {
		if _, err := Parse([]byte(condition), "conditions"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", condition, err)
		}
	}
}

// Decimals compare as the fractions that they are.
func TestNumbersAreComparedExactly(t *testing.T) {
	number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, ok := decimalOf(a)
		y, ok2 := decimalOf(b)
		if !ok || !ok2 {
			t.Fatal(a, b)
		}
		p, _ := new(big.Rat).SetString(a)
		q, _ := new(big.Rat).SetString(b)
		if got, want := x.compare(y), p.Cmp(q); got > 0 != (want > 0) || got < 0 != (want < 0) {
			t.Fatalf("%s and %s: %d, not %d", a, b, got, want)
		}
	})
	huge, ok := decimalOf("1e1000000000000")
	one, _ := decimalOf("1")
	if !ok || huge.compare(one) <= 0 {
		t.Error("huge")
	}
	if _, ok := decimalOf("1e99999999999999999999"); ok {
		t.Error("an exponent without bounds is taken")
	}
}

func BenchmarkMatch(b *testing.B) {
	c, err := Parse([]byte(`{"all":[{"field":"/n","operator":"greaterThan","value":5},{"field":"/s","operator":"contains","value":"ß"},{"not":{"field":"/tags","operator":"arrayContains","value":"z"}}]}`), "c")
	if err != nil {
		b.Fatal(err)
	}
	doc, _ := value.Parse([]byte(document))
	b.ReportAllocs()
	for b.Loop() {
		if ok, _ := c.Match(Data{Document: doc}); !ok {
			b.Fatal("no")
		}
	}
}
