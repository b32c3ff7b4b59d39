package accounts

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/pocketbase/dbx"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"onlibrary/internal/actor"
	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// setupTime is how long the link of the set-up page is good for.
const setupTime = 30 * time.Minute

// setupKey is where the app keeps the one token that is good, never on disk.
const setupKey = "onlibrary.accounts.setup"

type setupToken struct {
	hash    [sha256.Size]byte
	expires time.Time
}

// SetupPath returns the path, with a fresh token good for 30 minutes from now,
// of the page that makes the first superuser and Admin; empty when there is a
// superuser. An earlier token is good no more.
func SetupPath(app core.App, now time.Time) (string, error) {
	needed, err := needsSetup(app)
	if err != nil || !needed {
		return "", err
	}
	token := security.RandomString(43) // 256 bits
	app.Store().Set(setupKey, setupToken{sha256.Sum256([]byte(token)), now.Add(setupTime)})
	return "/setup?token=" + url.QueryEscape(token), nil
}

// needsSetup tells whether there is no superuser but PocketBase's installer.
func needsSetup(app core.App) (bool, error) {
	n, err := app.CountRecords(core.CollectionNameSuperusers, dbx.Not(dbx.HashExp{"email": core.DefaultInstallerEmail}))
	return n == 0, err
}

// checkSetup refuses a token that is not the one that is good.
func (r *room) checkSetup(app core.App, kind fault.Kind, token string) error {
	needed, err := needsSetup(app)
	if err != nil {
		return err
	}
	if !needed {
		return fault.New(kind, "setup_done")
	}
	hash := sha256.Sum256([]byte(token))
	good, ok := app.Store().Get(setupKey).(setupToken)
	if !ok || subtle.ConstantTimeCompare(hash[:], good.hash[:]) != 1 || !r.Now().Before(good.expires) {
		return fault.New(kind, "setup_token_invalid")
	}
	return nil
}

// showSetup answers GET setup?token= with what the page starts from.
func (r *room) showSetup(e *core.RequestEvent) error {
	if err := r.checkSetup(e.App, fault.NotFound, e.Request.URL.Query().Get("token")); err != nil {
		return reply.Error(err)
	}
	library, err := e.App.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, map[string]any{
		"valid":       true,
		"libraryName": library.GetString("name"),
		"language":    library.GetString("defaultLanguage"),
		"timezone":    library.GetString("defaultTimezone"),
	})
}

// setUp answers POST setup: it names the library and makes the superuser and
// the first Admin, all or nothing, and signs the Admin in.
func (r *room) setUp(e *core.RequestEvent) error {
	var form struct {
		Token       string `json:"token"`
		LibraryName string `json:"libraryName"`
		Language    string `json:"language"`
		Timezone    string `json:"timezone"`
		Email       string `json:"email"`
		Name        string `json:"name"`
		Password    string `json:"password"`
	}
	if err := e.BindBody(&form); err != nil {
		return e.BadRequestError("Failed to read the submitted data.", err)
	}
	var admin *core.Record
	ctx := actor.Context(e)
	err := e.App.RunInTransaction(func(tx core.App) error {
		// Asked within the transaction, so that of two at once one wins.
		if err := r.checkSetup(tx, fault.Invalid, form.Token); err != nil {
			return err
		}
		if err := required(map[string]string{"libraryName": form.LibraryName, "email": form.Email, "password": form.Password}); err != nil {
			return err
		}
		library, err := tx.FindRecordById(schema.Library, schema.LibraryID)
		if err != nil {
			return err
		}
		library.Set("name", form.LibraryName)
		if form.Language != "" {
			library.Set("defaultLanguage", form.Language)
		}
		if form.Timezone != "" {
			library.Set("defaultTimezone", form.Timezone)
		}
		if err := renamed(tx.SaveWithContext(ctx, library), map[string]string{"name": "libraryName", "defaultLanguage": "language", "defaultTimezone": "timezone"}); err != nil {
			return err
		}
		admin, err = found(ctx, tx, form.Email, form.Password, map[string]any{
			"name": form.Name, "language": form.Language, "timezone": form.Timezone,
		})
		return err
	})
	if err != nil {
		var refusal *fault.Error
		if errors.As(err, &refusal) {
			return reply.Error(refusal)
		}
		return e.BadRequestError("Failed to create record", err)
	}
	e.App.Store().Remove(setupKey)
	return apis.RecordAuthResponse(e, admin, "", nil)
}

func required(fields map[string]string) error {
	missing := validation.Errors{}
	for name, value := range fields {
		if value == "" {
			missing[name] = validation.ErrRequired
		}
	}
	return missing.Filter()
}

// renamed gives the fields of a record's refusal the names that a form has.
func renamed(err error, names map[string]string) error {
	var fields validation.Errors
	if !errors.As(err, &fields) {
		return err
	}
	fields = maps.Clone(fields)
	for from, to := range names {
		if fields[from] != nil {
			fields[to] = fields[from]
			delete(fields, from)
		}
	}
	return fields
}
