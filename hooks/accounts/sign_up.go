package accounts

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// activationKey is the key under which the answer to a sign-up tells how the
// account becomes active. No client can set it: it is no field.
const activationKey = "activation"

// errTaken undoes a sign-up with an address that has an account.
var errTaken = errors.New("the address is taken")

// createUser lets staff make an account within their own reach, and everybody
// else sign up.
func (r *room) createUser(e *core.RecordRequestEvent) error {
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	if _, sent := info.Body["channels"]; !sent {
		e.Record.Set("channels", []string{"push", "mail"})
	}
	if e.HasSuperuserAuth() {
		return e.Next()
	}
	own, err := heldBy(e.App, e.Auth)
	if err != nil {
		return err
	}
	if !own.has(schema.UsersManage) {
		return r.signUp(e, info)
	}
	if !e.Record.GetDateTime("lastLogin").IsZero() {
		return reply.Error(forbidden("lastLogin"))
	}
	granted, err := heldByRole(e.App, e.Record.GetString("role"))
	if err != nil {
		return err
	}
	if own.lacks(granted) {
		return reply.Error(beyondOwn("role"))
	}
	return e.Next()
}

func (r *room) signUp(e *core.RecordRequestEvent, info *core.RequestInfo) error {
	library, err := e.App.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		return fmt.Errorf("reading the library: %w", err)
	}
	if library.GetString("signup") == schema.SignupClosed {
		return reply.Error(fault.New(fault.Forbidden, "signup_closed"))
	}
	if info.Context == core.RequestInfoContextBatch {
		// Whether an address is taken could be read off the rest of the batch.
		return reply.Error(fault.New(fault.Forbidden, "signup_alone"))
	}
	activation := activationInForce(e.App, library)
	state := schema.StatePending
	if activation == schema.ActivationNone || activation == schema.ActivationEmail && vouched(e.RequestEvent, e.Record.Email()) {
		state = schema.StateActive
	}
	if field := beyondSignUp(e.Record, state); field != "" {
		return reply.Error(forbidden(field))
	}
	if info.Context == core.RequestInfoContextOAuth2 {
		if err := provided(e); err != nil {
			return reply.Error(err)
		}
	} else if e.Record.Email() == "" {
		return e.BadRequestError("Failed to create record", validation.Errors{core.FieldNameEmail: validation.ErrRequired})
	}
	if err := checkDomain(e.App, core.FieldNameEmail, e.Record.Email()); err != nil {
		return reply.Error(err)
	}
	e.Record.Set("role", schema.RoleVisitor)
	e.Record.Set("state", state)
	e.Record.Set(passwordUnproven, true)
	e.Record.WithCustomData(true).Set(activationKey, activation)
	if activation == schema.ActivationEmail && !e.App.IsTransactional() {
		return r.signUpDiscreetly(e)
	}
	return e.Next()
}

// beyondSignUp names a field that is not for who signs up to choose.
func beyondSignUp(u *core.Record, state string) string {
	switch {
	case u.Id != "":
		return core.FieldNameId
	case u.GetString("role") != "" && u.GetString("role") != schema.RoleVisitor:
		return "role"
	case u.GetString("state") != "" && u.GetString("state") != state:
		return "state"
	case u.Verified():
		return core.FieldNameVerified
	case !u.GetDateTime("lastLogin").IsZero():
		return "lastLogin"
	}
	return ""
}

// signUpDiscreetly answers a taken address as it does a free one: it goes the
// same way, with an address made up, and undoes it. All is one transaction, so
// that of two sign-ups at once neither can tell.
func (r *room) signUpDiscreetly(e *core.RecordRequestEvent) error {
	app := e.App
	defer func() { e.App = app }()
	var owner *core.Record
	err := app.RunInTransaction(func(tx core.App) error {
		e.App = tx
		email := e.Record.Email()
		password, _ := e.Record.GetRaw(core.FieldNamePassword).(*core.PasswordFieldValue)
		if e.Record.GetString("username") == "" {
			// Made alike for both: that the owner's name is taken can be asked
			// openly, so giving it would tell whose the address is.
			username, err := makeUsername(tx, email, e.Record.GetString("name"), "", r.reserved)
			if err != nil {
				return err
			}
			e.Record.Set("username", username)
		}
		var err error
		owner, err = tx.FindAuthRecordByEmail(schema.Users, email)
		if errors.Is(err, sql.ErrNoRows) {
			return r.unlessReserved(e)
		}
		if err != nil {
			return err
		}
		_, domain, _ := strings.Cut(email, "@")
		e.Record.SetEmail(security.RandomString(20) + "@" + domain)
		if err := r.unlessReserved(e); err != nil {
			return err
		}
		r.answered.Note(usernameKey(e.Record.GetString("username")), r.Now())
		if password != nil {
			r.feigned.Note(r.pair(e.Record.GetString("username"), password.Plain), r.Now())
			r.feigned.Note(r.pair(email, password.Plain), r.Now())
		}
		e.Record.SetEmail(email)
		return errTaken
	})
	if !errors.Is(err, errTaken) {
		return err
	}
	if err := r.tellOwner(app, owner); err != nil {
		return err
	}
	return e.JSON(http.StatusOK, e.Record)
}

// unlessReserved signs up, save under a name that was answered for a taken
// address: it is refused as one that an account holds, when all else is well.
func (r *room) unlessReserved(e *core.RecordRequestEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	if r.reserved(e.Record.GetString("username")) {
		return e.BadRequestError("Failed to create record", validation.Errors{
			"username": validation.NewError("validation_not_unique", "Value must be unique"),
		})
	}
	return nil
}

func (r *room) reserved(username string) bool {
	return r.answered.Wait(usernameKey(username), r.Now()) > 0
}

// pair stands for an identity with its password, of which it tells nothing.
func (r *room) pair(identity, password string) string {
	return security.HS256(usernameKey(identity)+"\x00"+password, r.secret)
}

// checkDomain refuses an address whose domain the library does not take.
func checkDomain(app core.App, field, email string) error {
	settings, err := app.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		return fmt.Errorf("reading the library's settings: %w", err)
	}
	allowed := settings.GetStringSlice("allowedEmailDomains")
	_, domain, _ := strings.Cut(email, "@")
	malformed := email != "" && domain == "" // which PocketBase refuses
	if len(allowed) == 0 || malformed || slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, domain) }) {
		return nil
	}
	return fault.Field(field, "email_domain_not_allowed", map[string]any{"domains": strings.Join(allowed, ", ")})
}

// checkNewAddress holds for an address that a user changes to, too.
func checkNewAddress(e *core.RecordRequestEmailChangeRequestEvent) error {
	if err := checkDomain(e.App, "newEmail", e.NewEmail); err != nil {
		return reply.Error(err)
	}
	return e.Next()
}
