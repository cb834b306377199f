package preview

import (
	"os"
	"os/exec"
	"syscall"
)

// apart keeps a terminal's signals from a child: Ctrl-C is for the preview, which ends its connector itself.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// interrupt asks a process to end.
var interrupt os.Signal = os.Kill
