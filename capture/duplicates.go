package capture

import (
	"cmp"
	"slices"
)

// A resolution finds the members of one object that a later member of the same name replaces.
type resolution struct {
	starts []int          // where each member's name starts
	last   map[string]int // index into starts of the last member of a name
}

// add notes a member. If it replaces an earlier one, that one is cut, from its name to where the next member starts:
// there is one, and the separator between them goes too.
func (r *resolution) add(cuts []span, name []byte, start int) []span {
	if r.last == nil {
		r.last = map[string]int{}
	}
	r.starts = append(r.starts, start)
	if i, ok := r.last[string(name)]; ok {
		cuts = append(cuts, span{r.starts[i], r.starts[i+1]})
	}
	r.last[string(name)] = len(r.starts) - 1
	return cuts
}

// resolveDuplicates returns the body with only the last of the members of one name, in every object. It costs a scan
// of its own, which bodies without duplicates never need.
func resolveDuplicates(body []byte, held *reservation) ([]byte, error) {
	if err := held.take(int64(len(body))); err != nil {
		return body, err
	}
	var cuts []span
	err := withScanner(body, true, held, func(s *scanner) error {
		_, err := s.value(0, nil)
		cuts = s.cuts
		return err
	})
	if err != nil {
		return body, err
	}
	slices.SortFunc(cuts, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	resolved := make([]byte, 0, len(body))
	kept := 0 // up to here, body is either in resolved or cut
	for _, cut := range cuts {
		if cut.start >= kept {
			resolved = append(resolved, body[kept:cut.start]...)
		}
		kept = max(kept, cut.end)
	}
	return append(resolved, body[kept:]...), nil
}
