package schemas

import (
	"strconv"
	"strings"
)

// A decimal is a number in a string, as the formats integer and number have it.
type decimal struct {
	digits   string // with those behind the point
	decimals int64  // how many of the digits are behind the point, less the exponent
}

var isDecimal = matches(`^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$`)

// newDecimal reads a number. Its exponent fits 64 bits, with the digits behind the point counted in.
func newDecimal(s string) (decimal, bool) {
	if !isDecimal(s) {
		return decimal{}, false
	}
	mantissa, exponent := strings.TrimPrefix(s, "-"), int64(0)
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.ParseInt(mantissa[i+1:], 10, 64); err != nil {
			return decimal{}, false
		}
		mantissa = mantissa[:i]
	}
	before, behind, _ := strings.Cut(mantissa, ".")
	d := decimal{before + behind, int64(len(behind)) - exponent}
	return d, d.decimals > 0 == (int64(len(behind)) > exponent) // it overflows otherwise
}

// isInteger wants a number whose value is whole, however it is written.
func isInteger(s string) bool {
	// The runtime computes ten to the power of so many digits.
	const mostDecimals = 100_000
	d, ok := newDecimal(s)
	if !ok || d.decimals > mostDecimals {
		return false
	}
	fraction := d.digits[max(0, int64(len(d.digits))-max(0, d.decimals)):]
	return strings.Trim(fraction, "0") == ""
}
