package scan

import "testing"

func TestSpecialBytesAreSeenWhereverTheyStand(t *testing.T) {
	for c := range 256 {
		isSpecial := c < ' ' || c == '"' || c == '\\'
		for at := range 8 {
			shift := 8 * at
			want := uint64(0)
			if isSpecial {
				want = 0x80 << shift
			}
			word := 'a'*ones&^(0xff<<shift) | uint64(c)<<shift
			if got := special(word); got != want {
				t.Errorf("byte %#x at %d: %#x, not %#x", c, at, got, want)
			}
		}
	}
}
