package preview

import (
	"os/exec"
	"syscall"
)

// descriptors returns how many files and connections this process may have open: there is no limit that it would reach.
func descriptors() int { return 1 << 20 }

// apart keeps a terminal's signals from a child: Ctrl-C is for the preview, which ends its connector itself.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
