package accounts

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pocketbase/dbx"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"onlibrary/internal/schema"
)

// Bounds of a username, in characters.
const (
	usernameLeast = 3
	usernameMost  = 64
	// usernameBytes is beyond any username; longer ones are not worth folding.
	usernameBytes = 1024
)

// usernameKey is the form in which usernames are compared: compatibility
// characters unified and case folded (UAX #15, UAX #31), so that ＡＮＮ is ann.
func usernameKey(username string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(username)))
}

// findByUsername returns the user of that name, case and form aside.
// sql.ErrNoRows if there is none.
func findByUsername(app core.App, username string) (*core.Record, error) {
	return app.FindFirstRecordByData(schema.Users, "usernameKey", usernameKey(username))
}

// makeUsername makes a free username of an address, or else of a name, that is
// not reserved either. The user whose id is besides counts as not there.
func makeUsername(app core.App, email, name, besides string, reserved func(username string) bool) (string, error) {
	local, _, _ := strings.Cut(email, "@")
	local, _, _ = strings.Cut(local, "+")
	base := usernameOf(local)
	if base == "" {
		base = usernameOf(name)
	}
	if base == "" {
		base = "reader"
	}
	for n := 1; ; n++ {
		username := base
		switch {
		case n > 20: // so many of one name: no use counting on
			username += security.RandomStringWithAlphabet(9, "0123456789")
		case n > 1:
			username += fmt.Sprint(n)
		}
		taken, err := app.CountRecords(schema.Users,
			dbx.HashExp{"usernameKey": usernameKey(username)}, dbx.Not(dbx.HashExp{"id": besides}))
		if err != nil {
			return "", fmt.Errorf("looking for a username: %w", err)
		}
		if taken == 0 && !reserved(username) {
			return username, nil
		}
	}
}

// FreeUsername returns wanted as it is if it can be a username and is free, case
// and form aside, or else one made of it or, if nothing of it can stay, of name.
// A reserved one counts as taken.
func FreeUsername(app core.App, wanted, name string, reserved func(username string) bool) (string, error) {
	wanted = norm.NFC.String(wanted)
	allowed := func(c rune) bool {
		return unicode.In(c, unicode.L, unicode.M, unicode.N) || strings.ContainsRune("._-", c)
	}
	n := utf8.RuneCountInString(wanted)
	if n >= usernameLeast && n <= usernameMost && strings.IndexFunc(wanted, func(c rune) bool { return !allowed(c) }) < 0 {
		taken, err := app.CountRecords(schema.Users, dbx.HashExp{"usernameKey": usernameKey(wanted)})
		if err != nil {
			return "", fmt.Errorf("looking for a username: %w", err)
		}
		if taken == 0 && !reserved(wanted) {
			return wanted, nil
		}
	}
	return makeUsername(app, wanted, name, "", reserved)
}

// usernameOf keeps of s what may stand in a username, with room for a number
// behind it; empty if that is too little.
func usernameOf(s string) string {
	if len(s) > usernameBytes {
		s = strings.ToValidUTF8(s[:usernameBytes], "")
	}
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return '.'
		case unicode.IsLetter(c), unicode.IsMark(c), unicode.IsNumber(c), strings.ContainsRune("._-", c):
			return unicode.ToLower(c)
		}
		return -1
	}, norm.NFC.String(s))
	if runes := []rune(s); len(runes) > usernameMost-10 {
		s = string(runes[:usernameMost-10])
	}
	s = strings.Trim(s, "._-")
	if len([]rune(s)) < usernameLeast {
		return ""
	}
	return s
}

// nameTheField makes a clash of keys one of usernames: nobody sent a key.
func nameTheField(err error) error {
	var fields validation.Errors
	if !errors.As(err, &fields) || fields["usernameKey"] == nil {
		return err
	}
	fields = maps.Clone(fields)
	fields["username"] = fields["usernameKey"]
	delete(fields, "usernameKey")
	return fields
}
