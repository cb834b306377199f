package preview

import (
	"os/exec"
	"runtime"
	"syscall"
)

// withParent ends a process when this one does, also when this one is killed: it would go on to send. The thread that starts
// it must live as long, so that it is this goroutine's alone from here on.
func withParent(cmd *exec.Cmd) {
	runtime.LockOSThread()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
}
