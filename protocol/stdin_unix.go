//go:build unix

package protocol

import (
	"os"
	"syscall"
)

// pollable returns a pipe whose reads wait in Go's poller. A read that waits in the system instead holds a processor,
// which other goroutines then lack until the scheduler takes it away.
func pollable(in *os.File) *os.File {
	info, err := in.Stat()
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 || syscall.SetNonblock(int(in.Fd()), true) != nil {
		return in
	}
	return os.NewFile(in.Fd(), in.Name())
}
