package preview

import (
	"os/exec"
	"syscall"
)

// apart keeps a terminal's signals from a child: Ctrl-C is for the preview, which ends its connector itself.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
