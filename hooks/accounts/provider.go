package accounts

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/auth"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// vouchedKey is where a request keeps the address that a provider vouches for.
const vouchedKey = "onlibrary.accounts.vouched"

// nameMost is how many characters a name has.
const nameMost = 128

// vouched tells whether the request's OAuth2 provider knows the user by email.
func vouched(e *core.RequestEvent, email string) bool {
	address, _ := e.Get(vouchedKey).(string)
	return email != "" && address == email
}

// signInByProvider lets an OAuth2 provider say who somebody is. PocketBase takes
// over by it an account whose address nobody has proved yet, and then ends its
// other providers and, of one that was signed up for, its password and its tokens:
// whoever made it may be anybody.
func (r *room) signInByProvider(e *core.RecordAuthWithOAuth2RequestEvent) error {
	person := e.OAuth2User
	if e.Record == nil {
		if name := []rune(person.Name); len(name) > nameMost {
			person.Name = string(name[:nameMost])
		}
		r.fetchPicture(e)
	} else if err := readyAccount(e.App, e.Record, person); err != nil {
		return err
	}
	e.Set(vouchedKey, person.Email)
	if e.Record != nil && !e.Record.Verified() && vouched(e.RequestEvent, e.Record.Email()) {
		if err := proveAddress(e.App, e.Record); err != nil {
			return err
		}
	}
	err := r.provenBy(e.Record, e.Next)
	return sayWhy(e.Record, err) // of a new one, too
}

// readyAccount fits what the provider tells to the account that it is about.
func readyAccount(app core.App, user *core.Record, person *auth.AuthUser) error {
	if user.GetString("state") == schema.StateInactive {
		return reply.Error(fault.New(fault.Forbidden, "account_inactive")) // before anything changes
	}
	user.IgnoreUnchangedFields(true)
	if person.Email == "" || person.Email == user.Email() {
		return nil
	}
	owner, err := app.FindAuthRecordByEmail(schema.Users, person.Email)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		// PocketBase gives it to an account that has none.
		if user.Email() == "" && checkDomain(app, core.FieldNameEmail, person.Email) != nil {
			person.Email = ""
		}
	case err != nil:
		return fmt.Errorf("looking for the owner of an address: %w", err)
	case owner.Id == user.Id:
		person.Email = user.Email() // in other capitals
	case user.Email() == "":
		person.Email = "" // it is somebody else's
	}
	return nil
}

// provided holds a sign-up by a provider to what the provider vouches for. An
// address that is only claimed would tell whether it is taken, and wait for its
// owner under somebody else's password.
func provided(e *core.RecordRequestEvent) error {
	u := e.Record
	if u.Email() != "" && !vouched(e.RequestEvent, u.Email()) {
		address, _ := e.Get(vouchedKey).(string)
		if !strings.EqualFold(u.Email(), address) {
			return forbidden(core.FieldNameEmail)
		}
		u.SetEmail(address)
	}
	dropUnfitPicture(e.App, u)
	return nil
}
