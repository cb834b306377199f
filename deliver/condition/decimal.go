package condition

import (
	"regexp"
	"strconv"
	"strings"
)

var isNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`).MatchString

// A decimal is a number without rounding: 0.digits times ten to the power of exponent. Zero has no digits.
type decimal struct {
	negative bool
	digits   string // without zeros at either end
	exponent int64
}

// decimalOf reads a number as JSON writes it, with any number of leading zeros.
func decimalOf(text string) (d decimal, ok bool) {
	if !isNumber(text) {
		return d, false
	}
	mantissa, negative := strings.CutPrefix(text, "-")
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		var err error
		if d.exponent, err = strconv.ParseInt(mantissa[i+1:], 10, 62); err != nil {
			return d, false // a power of ten that nobody can compare
		}
		mantissa = mantissa[:i]
	}
	before, behind, _ := strings.Cut(mantissa, ".")
	digits := before + behind
	significant := strings.TrimLeft(digits, "0")
	d.exponent += int64(len(before)) - int64(len(digits)-len(significant))
	d.digits = strings.TrimRight(significant, "0")
	if d.digits == "" {
		return decimal{}, true
	}
	d.negative = negative
	return d, true
}

// compare is negative where d is less than e, zero where they are equal, and else positive.
func (d decimal) compare(e decimal) int {
	switch {
	case d.sign() != e.sign():
		return d.sign() - e.sign()
	case d.exponent != e.exponent && (d.exponent < e.exponent) != d.negative:
		return -1
	case d.exponent != e.exponent:
		return 1
	}
	return strings.Compare(d.digits, e.digits) * max(d.sign(), -1)
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}
