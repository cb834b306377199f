package signature

import (
	"crypto/hmac"
	"hash"
	"strings"
	"sync"
)

// A mac verifies HMACs with one secret. Its states are pooled: making one hashes the secret twice.
type mac struct{ states sync.Pool }

// A macState is what one verification needs at a time. Its write is made once: a method value would be one each time.
type macState struct {
	hash    hash.Hash
	write   func([]byte)
	sum     []byte
	scratch []byte
}

// newMAC makes a verifier for a secret.
func newMAC(digest func() hash.Hash, secret string) *mac {
	return &mac{states: sync.Pool{New: func() any {
		h := hmac.New(digest, []byte(secret))
		return &macState{
			hash:    h,
			write:   func(b []byte) { _, _ = h.Write(b) }, // a hash never fails
			sum:     make([]byte, 0, h.Size()),
			scratch: make([]byte, 0, 64),
		}
	}}}
}

// verify compares in constant time. The message is hashed once, however many signatures there are.
func (m *mac) verify(signatures [][]byte, msg *message) bool {
	state := m.states.Get().(*macState)
	defer m.states.Put(state)
	state.hash.Reset()
	msg.writeTo(state.write, state.scratch)
	state.sum = state.hash.Sum(state.sum[:0])
	for _, signature := range signatures {
		if hmac.Equal(signature, state.sum) {
			return true
		}
	}
	return false
}

// macs makes a verifier for a secret, and one for the secret before it if there still is one.
func macs(digest func() hash.Hash, secret, previous string) []verifier {
	keys := []verifier{newMAC(digest, strings.TrimSpace(secret))}
	if previous = strings.TrimSpace(previous); previous != "" {
		keys = append(keys, newMAC(digest, previous))
	}
	return keys
}
