//go:build unix

package preview

import (
	"os/exec"
	"syscall"
)

// descriptors returns how many files and connections this process may have open.
func descriptors() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return defaultDescriptors
	}
	return int(min(limit.Cur, 1<<20)) // without a limit, it is the largest number
}

// apart keeps a terminal's signals from a child: Ctrl-C is for the preview, which ends its connector itself.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// defaultDescriptors is what systems allow that say nothing else.
const defaultDescriptors = 1024
