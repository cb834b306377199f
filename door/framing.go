package door

import (
	"bytes"
	"sync/atomic"
)

// A framing sees what net/http does not tell: that a header announced its body's length in two ways, or in one that the
// sender's version of HTTP does not have. A proxy in front may have taken the other way, so that what follows the body
// here is no request of the same sender's (RFC 9112, 6.1).
//
// It reads what a connection receives, line by line, and does not know where a body ends. A body only looks like a header
// with lines of these very names, and costs its sender the connection then.
type framing struct {
	line   []byte // the beginning of a line whose end has not come
	length bool   // announced since the last empty line
	chunks bool

	coded     atomic.Bool // a header announced chunks, or another coding
	ambiguous atomic.Bool // one announced a length beside it
}

var (
	lengthName = []byte("content-length:")
	chunksName = []byte("transfer-encoding:")
)

// maxName is as much of a line as is looked at.
const maxName = len("transfer-encoding:")

// read takes what came next.
func (f *framing) read(p []byte) {
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			f.line = append(f.line, p[:min(len(p), maxName-len(f.line))]...)
			return
		}
		line := p[:end]
		if len(f.line) > 0 {
			f.line = append(f.line, line[:min(len(line), maxName-len(f.line))]...)
			line = f.line
		}
		f.ended(line)
		f.line, p = f.line[:0], p[end+1:]
	}
}

// ended takes a line, or its beginning.
func (f *framing) ended(line []byte) {
	switch {
	case len(line) == 0 || len(line) == 1 && line[0] == '\r':
		f.length, f.chunks = false, false
	case begins(line, lengthName):
		f.length = true
	case begins(line, chunksName):
		f.chunks = true
		f.coded.Store(true)
	}
	if f.length && f.chunks {
		f.ambiguous.Store(true)
	}
}

// begins tells whether a line begins with a name, in any case.
func begins(line, name []byte) bool {
	return len(line) >= len(name) && line[0]|0x20 == name[0] && bytes.EqualFold(line[:len(name)], name)
}
