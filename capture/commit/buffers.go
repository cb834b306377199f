package commit

import (
	"math/bits"
	"sync"
)

// Buffers are used again by size class, a power of two each. What is larger comes too seldom to be kept, and what is
// smaller than the least is not worth it.
const (
	leastClass = 12 // 4 KiB, which holds most webhooks
	mostClass  = 21 // 2 MiB
)

// LeastBuffer is the least capacity of a buffer.
const LeastBuffer = 1 << leastClass

// A class has the buffers of one size, and headers without a buffer, in which they are put back without an allocation.
type class struct{ full, empty sync.Pool }

var bufferClasses [mostClass + 1]class

// NewBuffer returns an empty buffer with room for n bytes.
func NewBuffer(n int) []byte {
	size := max(leastClass, bits.Len(uint(max(n, 1)-1)))
	if size > mostClass {
		return make([]byte, 0, n)
	}
	c := &bufferClasses[size]
	header, ok := c.full.Get().(*[]byte)
	if !ok {
		return make([]byte, 0, 1<<size)
	}
	b := *header
	*header = nil
	c.empty.Put(header)
	return b
}

// Recycle takes a buffer that nothing refers to any more.
func Recycle(b []byte) {
	size := bits.Len(uint(cap(b))) - 1
	if size < leastClass || size > mostClass || cap(b) != 1<<size {
		return
	}
	c := &bufferClasses[size]
	header, ok := c.empty.Get().(*[]byte)
	if !ok {
		header = new([]byte)
	}
	*header = b[:0]
	c.full.Put(header)
}
