package test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childOf returns the process that preview has started.
func childOf(t *testing.T, p *person) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", p.cmd.Process.Pid))
	if err != nil {
		skip(t, "children of processes are not known here: %v", err)
	}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.cmd.Process.Pid)) // the pattern is well-formed
	for _, file := range files {
		more, _ := os.ReadFile(file) // of a thread that may have ended
		text = append(text, more...)
	}
	children := strings.Fields(string(text))
	if len(children) == 0 {
		t.Fatal("preview has no connector")
	}
	pid, err := strconv.Atoi(children[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// listening returns the addresses that a process listens on.
func listening(t *testing.T, pid int) (addresses []netip.AddrPort) {
	t.Helper()
	sockets := map[string]bool{}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid)) // the pattern is well-formed
	for _, file := range files {
		if link, err := os.Readlink(file); err == nil {
			sockets[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			continue // the machine has no IPv6
		}
		defer text.Close()
		for lines := bufio.NewScanner(text); lines.Scan(); {
			const local, state, inode, listen = 1, 3, 9, "0A"
			fields := strings.Fields(lines.Text())
			if len(fields) > inode && fields[state] == listen && sockets[fields[inode]] {
				addresses = append(addresses, kernelAddress(t, fields[local]))
			}
		}
	}
	return addresses
}

// kernelAddress reads an address of words in the machine's order, which is little-endian, and a port.
func kernelAddress(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(host)
	n, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil {
		t.Fatal(text)
	}
	for word := range slices.Chunk(b, 4) {
		slices.Reverse(word)
	}
	address, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(address, uint16(n))
}

// The front's connector, which believes what the front says of senders, can be reached from this machine alone; the front
// from others.
func TestTheFrontsConnectorListensOnThisMachineAlone(t *testing.T) {
	p := preview(t, filepath.Join(t.TempDir(), "webhooks.db"), "--console", "127.0.0.1:0")
	connector := listening(t, childOf(t, p))
	if len(connector) != 2 {
		t.Errorf("the connector listens on %v, not for webhooks and metrics", connector)
	}
	for _, address := range connector {
		if !address.Addr().IsLoopback() {
			t.Errorf("the connector listens on %v", address)
		}
	}
	_, port, _ := net.SplitHostPort(p.address())
	if !slices.ContainsFunc(listening(t, p.cmd.Process.Pid), func(a netip.AddrPort) bool { return a.Addr().IsUnspecified() && fmt.Sprint(a.Port()) == port }) {
		t.Errorf("preview listens on %v", listening(t, p.cmd.Process.Pid))
	}
	p.stop()
}

// A connector that fails is started again, and nothing that was answered 200 is missing.
func TestPreviewStartsAFailedConnectorAgain(t *testing.T) {
	db := filepath.Join(t.TempDir(), "webhooks.db")
	p := preview(t, db, "--port", freePort(t))
	if status, _, err := post(t.Context(), p.url, `{"n":1}`); status != 200 {
		t.Fatal(status, err)
	}
	if err := syscall.Kill(childOf(t, p), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.hear("the connector failed", 1)
	p.hear("listening for webhooks", 2)
	if status, _, err := post(t.Context(), p.url, `{"n":2}`); status != 200 {
		t.Errorf("answered %d, %v: %s", status, err, p.said())
	}
	p.stop()
	if kept := rows(t, db, `SELECT document FROM documents`); len(kept) != 2 {
		t.Errorf("kept %q", kept)
	}
}

// mountSmall mounts a file system of so many bytes, which a user without rights can not do.
func mountSmall(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		skip(t, "no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// A full disk is an error that says so, loses nothing that was answered 200, and is over when there is room again.
func TestPreviewGoesOnWhenThereIsRoomAgain(t *testing.T) {
	dir := mountSmall(t, 2<<20)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(dir, "webhooks.db")
	p := preview(t, db, "--quiet", "--port", freePort(t))
	filler := strings.Repeat("x", 20_000)
	var answered []string
	for n := range 100 {
		id := fmt.Sprint(n)
		if status, _, err := post(t.Context(), p.url, `{"id":"`+id+`","filler":"`+filler+`"}`); err != nil || status != 200 {
			break
		}
		answered = append(answered, id)
	}
	p.hear("committing to the database: ", 1)
	if len(answered) == 0 || len(answered) == 100 {
		t.Fatalf("%d were answered 200: %s", len(answered), p.said())
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	status := 0
	for ticks := time.Tick(100 * time.Millisecond); status != 200 && ctx.Err() == nil; <-ticks {
		status, _, _ = post(ctx, p.url, `{"id":"after"}`)
	}
	p.stop()
	kept := rows(t, db, `SELECT document ->> 'id' FROM documents`)
	for _, id := range append(answered, "after") {
		if !slices.Contains(kept, id) {
			t.Errorf("%s is missing from %v", id, kept)
		}
	}
}
