package spec

import "strings"

// Routes find, for the path of a request, the template that it is for and the values of the parameters. Segment by
// segment, from the left, a literal goes before a parameter, and a parameter before the rest of a path. A slash at the
// end counts only where templates with and without it are both there.
//
// The zero value has no templates. Once all are added, it is safe for concurrent use.
type Routes[T any] struct{ root node[T] }

// A node is what templates have in common up to a segment, and how they go on.
type node[T any] struct {
	literals map[string]*node[T]
	param    *node[T]
	rest     *route[T]
	plain    *route[T] // ends here
	slashed  *route[T] // ends here with a slash
}

type route[T any] struct{ value T }

// Add adds a template that conflicts with none before it.
func (r *Routes[T]) Add(p Path, value T) {
	at, end := &r.root, &route[T]{value}
	for _, s := range p.segments {
		switch {
		case s.rest:
			at.rest = end
			return
		case s.param != "":
			if at.param == nil {
				at.param = new(node[T])
			}
			at = at.param
		default:
			if at.literals == nil {
				at.literals = map[string]*node[T]{}
			}
			if at.literals[s.literal] == nil {
				at.literals[s.literal] = new(node[T])
			}
			at = at.literals[s.literal]
		}
	}
	if p.slash {
		at.slashed = end
	} else {
		at.plain = end
	}
}

// Find returns what was added with the template of a path, which is escaped as in a URL, and the decoded values of its
// parameters, in order. A path that matches no template as it is counts as the one that it plainly means; see [Clean].
func (r *Routes[T]) Find(path string) (value T, params []string, ok bool) {
	if !strings.HasPrefix(path, "/") {
		return value, nil, false // an asterisk, or nothing
	}
	found, params := r.match(path)
	if found == nil {
		if clean := Clean(path); clean != path {
			found, params = r.match(clean)
		}
	}
	if found == nil {
		return value, nil, false
	}
	return found.value, params, true
}

// match prefers a template that has the path's own end, with or without a slash, to one that differs in it. What takes
// the rest of a path has no end, and goes by its place among the others.
func (r *Routes[T]) match(path string) (*route[T], []string) {
	s := search[T]{exact: true}
	found, params := s.below(&r.root, path, nil)
	if found == nil || s.rest {
		s = search[T]{}
		found, params = s.below(&r.root, path, nil)
	}
	return found, params
}

// A search is one way through the nodes.
type search[T any] struct {
	exact bool // about a slash at the end
	rest  bool // whether what it found takes the rest of the path
}

// below follows what is left of a path from a node on: nothing, or a slash and more. It visits a node at most once.
func (s *search[T]) below(n *node[T], left string, params []string) (*route[T], []string) {
	switch {
	case left == "":
		return s.end(n.plain, n.slashed), params
	case left == "/":
		return s.end(n.slashed, n.plain), params
	}
	segment, next := left[1:], ""
	if i := strings.IndexByte(segment, '/'); i >= 0 {
		segment, next = segment[:i], segment[i:]
	}
	text := segment
	if strings.IndexByte(segment, '%') >= 0 {
		text = decoded(segment)
	}
	if child := n.literals[text]; child != nil {
		if found, params := s.below(child, next, params); found != nil {
			return found, params
		}
	}
	if n.param != nil && !isDots(text) {
		if found, params := s.below(n.param, next, append(params, text)); found != nil {
			return found, params
		}
	}
	if n.rest != nil && !isDots(text) && isClean(next) {
		s.rest = true
		return n.rest, append(params, decoded(left[1:]))
	}
	return nil, nil
}

// end returns the template that ends at a node as the path does, or else, where that does not matter, the other.
func (s *search[T]) end(same, other *route[T]) *route[T] {
	if same == nil && !s.exact {
		return other
	}
	return same
}

// isDots tells segments that stand for no name of their own.
func isDots(segment string) bool { return segment == "" || segment == "." || segment == ".." }

// isClean tells that [Clean] would leave a path as it is.
func isClean(path string) bool { return path == "" || path == "/" || Clean(path) == path }

// Clean returns the path that a path plainly means: without empty segments, and with those of dots resolved, escaped ones
// too. A slash at the end stays.
func Clean(path string) string {
	var kept []string
	slash := false
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		switch text := decoded(segment); {
		case text == "..":
			kept = kept[:max(0, len(kept)-1)]
			slash = true
		case isDots(text):
			slash = true
		default:
			kept = append(kept, segment)
			slash = false
		}
	}
	clean := "/" + strings.Join(kept, "/")
	if slash && len(kept) > 0 {
		clean += "/"
	}
	return clean
}
