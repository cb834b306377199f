package preview

import (
	"os/exec"
	"syscall"
)

// withParent ends a process when this one does, also when this one is killed: it would go on to send. The system takes the end of
// the thread that starts it for that, so that whoever does should be locked to one.
func withParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
}
