package discover

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"source-intercom-ingest/spec"
)

// names are those that are given out, as Flow makes names of collections of them.
type names map[string]bool

// give returns a name that no other binding has. Where one has it already, a suffix that is made of the stream alone
// tells them apart, so that a path which is added behind the others renames none.
func (n names) give(name, stream string) string {
	if collection(name) == "" {
		name = spec.LegacyStream
	}
	digest := sha256.Sum256([]byte(stream))
	suffix, given := hex.EncodeToString(digest[:]), name
	for length := 4; n[collection(given)]; length++ {
		given = name + "_" + suffix[:length] // all of it is no other's, as streams are unique
	}
	n[collection(given)] = true
	return given
}

// tokens are what may stand in the name of a collection.
var tokens = regexp.MustCompile(`[\pL\pN_.-]+(?:/[\pL\pN_.-]+)*`)

// collection returns the name of a collection that Flow makes of a recommended name: all else between tokens becomes
// an underscore, and case does not count.
func collection(name string) string {
	return strings.ToLower(norm.NFKC.String(strings.Join(tokens.FindAllString(name, -1), "_")))
}
