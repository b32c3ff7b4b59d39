package flask

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // hashes of old are only read
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Bounds of what a hash may cost: a row of a foreign database decides how long
// a sign-in takes. Werkzeug has never gone beyond a million iterations and
// 32 MiB by itself.
const (
	mostIterations = 2_000_000
	mostMemory     = 64 << 20 // bytes of scrypt: 128·N·r
	mostLanes      = 4        // scrypt's p
	mostHash       = 255      // bytes
)

// ErrHash says that a hash is none of Werkzeug's, of a method that it gave up
// long ago, or of absurd cost.
var ErrHash = errors.New("the password's hash is of no known method, or of absurd cost")

// Hash is a password's hash as Werkzeug's generate_password_hash writes it,
// method$salt$hexadecimal.
type Hash struct {
	salt string
	sum  []byte
	// make derives a key of the length of sum.
	make func(password string) ([]byte, error)
}

// ParseHash reads a hash of PBKDF2 (with SHA-1, SHA-256 or SHA-512) or scrypt.
// It is ErrHash for any other.
func ParseHash(s string) (Hash, error) {
	parts := strings.Split(s, "$")
	if len(s) > mostHash || len(parts) != 3 || parts[1] == "" {
		return Hash{}, ErrHash
	}
	sum, err := hex.DecodeString(parts[2])
	if err != nil {
		return Hash{}, ErrHash
	}
	h := Hash{salt: parts[1], sum: sum}
	switch method := strings.Split(parts[0], ":"); method[0] {
	case "pbkdf2":
		return h.pbkdf2(method[1:])
	case "scrypt":
		return h.scrypt(method[1:])
	}
	return Hash{}, ErrHash
}

func (h Hash) pbkdf2(method []string) (Hash, error) {
	if len(method) != 2 {
		return Hash{}, ErrHash
	}
	digest := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[method[0]]
	n, err := strconv.Atoi(method[1])
	if digest == nil || err != nil || n < 1 || n > mostIterations || len(h.sum) != digest().Size() {
		return Hash{}, ErrHash
	}
	h.make = func(password string) ([]byte, error) {
		return pbkdf2.Key(digest, password, []byte(h.salt), n, len(h.sum))
	}
	return h, nil
}

func (h Hash) scrypt(method []string) (Hash, error) {
	if len(method) != 3 || len(h.sum) != 64 {
		return Hash{}, ErrHash
	}
	var v [3]int
	for i, s := range method {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > mostMemory {
			return Hash{}, ErrHash
		}
		v[i] = n
	}
	n, r, p := v[0], v[1], v[2]
	if n < 2 || n&(n-1) != 0 || 128*n*r > mostMemory || p > mostLanes {
		return Hash{}, ErrHash
	}
	h.make = func(password string) ([]byte, error) {
		return scrypt.Key([]byte(password), []byte(h.salt), n, r, p, len(h.sum))
	}
	return h, nil
}

// Matches tells in constant time whether the hash is the password's.
func (h Hash) Matches(password string) bool {
	if h.make == nil {
		return false
	}
	key, err := h.make(password)
	return err == nil && subtle.ConstantTimeCompare(key, h.sum) == 1
}
