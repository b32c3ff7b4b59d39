package accounts

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func equal(a, b any) bool { return cmp.Equal(a, b) }

func tinyPNG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fixPNG makes the checksum of a changed header right again.
func fixPNG(raw []byte) []byte {
	binary.BigEndian.PutUint32(raw[29:], crc32.ChecksumIEEE(raw[12:29]))
	return raw
}

// avatarForm is a sign-up with a picture; fields replace those of signUpBody.
func avatarForm(t *testing.T, name string, picture []byte, fields ...string) *form {
	t.Helper()
	if len(fields) == 0 {
		fields = []string{"email", "picture@example.org"}
	}
	f := newForm(append(fields, "password", "a-good-password", "passwordConfirm", "a-good-password")...)
	return f.file(t, "avatar", name, picture)
}
