package poll

import "sync"

// Sizes are how many rows the pages of one search have now. They are safe for concurrent use.
type sizes struct {
	mu    sync.Mutex
	index int // into pageSizes
	pages int // that were answered since
}

func (s *sizes) at() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index
}

// less asks for smaller pages than those of an index.
func (s *sizes) less(than int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index, s.pages = max(s.index, min(than+1, len(pageSizes)-1)), 0
}

// good notes that a page was answered.
func (s *sizes) good() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pages++; s.pages >= goodPages && s.index > 0 {
		s.index--
		s.pages = 0
	}
}
