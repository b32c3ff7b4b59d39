package accounts

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"

	"onlibrary/internal/fault"
	"onlibrary/internal/media"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// passwordMost is how many bytes of a password bcrypt looks at.
const passwordMost = 72

// completeUser fills in what an account always has, whichever door it came by.
func completeUser(e *core.RecordEvent) error {
	u := e.Record
	u.SetEmailVisibility(false)
	// One line, for it stands in letters and lists.
	u.Set("name", strings.Join(strings.FieldsFunc(u.GetString("name"), func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c)
	}), " "))
	if u.IsNew() && u.GetString("state") == "" {
		u.Set("state", schema.StateActive)
	}
	if u.IsNew() && u.GetString("role") == "" {
		u.Set("role", schema.RoleVisitor)
	}
	username := u.GetString("username")
	if len(username) > usernameBytes { // which the field's own bound refuses
		return e.Next()
	}
	if username = norm.NFC.String(username); username == "" {
		var err error
		if username, err = makeUsername(e.App, u.Email(), u.GetString("name"), u.Id, func(string) bool { return false }); err != nil {
			return err
		}
	}
	u.Set("username", username)
	u.Set("usernameKey", usernameKey(username))
	return nameTheField(e.Next())
}

func checkUser(e *core.RecordEvent) error {
	if err := quietHours(e.Record); err != nil {
		return reply.Validation(err)
	}
	if err := e.Next(); err != nil {
		return err
	}
	return reply.Validation(boundImage(e.Record, "avatar"))
}

func checkLogo(e *core.RecordEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	return reply.Validation(boundImage(e.Record, "logo"))
}

// checkPassword refuses what bcrypt would refuse without a word to the client.
func checkPassword(e *core.RecordEvent) error {
	if len(e.Record.GetString(core.FieldNamePassword)) > passwordMost {
		return reply.Validation(passwordTooLong())
	}
	return e.Next()
}

// namePassword does so where PocketBase hashes a password before it validates
// the record that it is of.
func namePassword(e *core.RequestEvent) error {
	err := e.Next()
	if errors.Is(err, bcrypt.ErrPasswordTooLong) {
		return reply.Error(passwordTooLong())
	}
	return err
}

func passwordTooLong() error {
	return fault.Field(core.FieldNamePassword, "password_too_long", map[string]any{"bytes": passwordMost})
}

// quietHours wants {"from": "22:00", "to": "07:00"}, or nothing. Two times that
// are the same could mean no time or all day, so they mean nothing.
func quietHours(u *core.Record) error {
	raw := strings.TrimSpace(u.GetString("quietHours"))
	if raw == "" || raw == "null" || raw == "{}" || raw == `""` {
		u.Set("quietHours", nil)
		return nil
	}
	var hours struct{ From, To *string }
	d := json.NewDecoder(strings.NewReader(raw))
	d.DisallowUnknownFields()
	clock := regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	if d.Decode(&hours) != nil || hours.From == nil || hours.To == nil ||
		!clock.MatchString(*hours.From) || !clock.MatchString(*hours.To) {
		return fault.Field("quietHours", "quiet_hours_invalid", nil)
	}
	if *hours.From == *hours.To {
		return fault.Field("quietHours", "quiet_hours_equal", nil)
	}
	u.Set("quietHours", map[string]string{"from": *hours.From, "to": *hours.To})
	return nil
}

// boundImage refuses a picture that would take much memory to decode, and one
// whose size cannot be read.
func boundImage(rec *core.Record, field string) error {
	for _, f := range rec.GetUnsavedFiles(field) {
		file, err := f.Reader.Open()
		if err != nil {
			return err
		}
		// PocketBase has bounded the file itself by now, at 5 MB.
		head, err := io.ReadAll(io.LimitReader(file, 8<<20))
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
		w, h, err := media.ImageSize(bytes.NewReader(head), int64(len(head)))
		switch {
		case err != nil:
			return fault.Field(field, "image_unreadable", nil)
		case w > media.MaxSide || h > media.MaxSide || w*h > media.MaxPixels:
			return fault.Field(field, media.ImageTooLarge, map[string]any{
				"width": w, "height": h, "megapixels": media.MaxPixels / 1_000_000,
			})
		}
	}
	return nil
}
