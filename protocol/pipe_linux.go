package protocol

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeBytes is what the system lets anyone choose, sixteen times what pipes have: a large document then passes in one
// piece, with fewer turns of both sides.
const pipeBytes = 1 << 20

// widen lets a pipe hold more. What is no pipe stays as it is, and so does one where the system says no.
func widen(out *os.File) {
	_, _ = unix.FcntlInt(out.Fd(), unix.F_SETPIPE_SZ, pipeBytes)
}
