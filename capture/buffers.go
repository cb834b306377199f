package capture

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

var bufferClasses [mostClass + 1]sync.Pool

// newBuffer returns an empty buffer with room for n bytes.
func newBuffer(n int) []byte {
	class := max(leastClass, bits.Len(uint(max(n, 1)-1)))
	if class > mostClass {
		return make([]byte, 0, n)
	}
	if b, ok := bufferClasses[class].Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, 1<<class)
}

// recycle takes a buffer that nothing refers to any more.
func recycle(b []byte) {
	class := bits.Len(uint(cap(b))) - 1
	if class >= leastClass && class <= mostClass && cap(b) == 1<<class {
		b = b[:0]
		bufferClasses[class].Put(&b)
	}
}
