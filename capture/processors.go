package capture

import (
	"os"
	"runtime"
)

// A thread that the system stops, for others that share the machine, keeps the processor of Go's that it has, and with it
// the goroutines that wait there; at times that is the one for which all webhooks wait, which writes to the runtime.
// With a spare processor they go on: where load and connector share two cores, that is a tenth more throughput.
const spareProcessors = 1

// addProcessors does so unless GOMAXPROCS says how many are to be used.
func addProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + spareProcessors)
	}
}
