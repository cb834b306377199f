//go:build !unix

package protocol

import "os"

// pollable leaves pipes as they are, where reads do not wait in Go's poller.
func pollable(in *os.File) *os.File { return in }
