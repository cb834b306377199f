//go:build unix

package door

import "syscall"

// defaultDescriptors is what systems allow that say nothing else.
const defaultDescriptors = 1024

// descriptors is the limit of this process; Go has raised it to what the system lets a process have.
func descriptors() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return defaultDescriptors
	}
	return int(min(limit.Cur, 1<<20)) // without a limit, it is the largest number
}
