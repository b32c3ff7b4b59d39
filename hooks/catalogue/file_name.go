package catalogue

import (
	"fmt"
	"mime"
	"path"
	"strings"
	"unicode"
)

const maxFileName = 255 // bytes

// cleanFileName is the name that a file is offered under again: no path, no
// control characters or bidirectional overrides, at most 255 bytes, which is
// what file systems take, with its extension kept.
func cleanFileName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) {
			return -1
		}
		return c
	}, name))
	if len(name) > maxFileName {
		extension := path.Ext(name)
		if len(extension) > 16 {
			extension = ""
		}
		name = strings.ToValidUTF8(name[:maxFileName-len(extension)], "") + extension
	}
	return name
}

// extensionOf is the extension of a file's name, in lower case, without the dot.
func extensionOf(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

// disposition is the Content-Disposition (RFC 6266) of a file of that name:
// where that is not ASCII, a plain one for clients of old stands before it.
func disposition(kind, name string) string {
	plain := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || strings.ContainsRune(`"\%`, c) {
			return '_'
		}
		return c
	}, name)
	if plain == name {
		return mime.FormatMediaType(kind, map[string]string{"filename": name})
	}
	return fmt.Sprintf(`%s; filename="%s"; filename*=UTF-8''%s`, kind, plain, percent(name))
}

// percent encodes a value as RFC 8187, section 3.2.1, wants it.
func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < 0x80 && (c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
