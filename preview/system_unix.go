//go:build unix

package preview

import (
	"os"
	"os/exec"
	"syscall"
)

// apart keeps a terminal's signals from a child: Ctrl-C is for the preview, which ends its connector itself.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt asks a process to end.
var interrupt os.Signal = syscall.SIGTERM
