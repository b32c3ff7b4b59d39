package catalogue

import "github.com/pocketbase/pocketbase/tools/security"

// newCode makes a code that is easy to read out: ten characters that cannot be
// taken for one another, 50 bits, as in K7QF2-M9DTX.
func newCode() string {
	const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ" // 32 of them
	s := security.RandomStringWithAlphabet(10, alphabet)
	return s[:5] + "-" + s[5:]
}
