package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// EnsureSuperuser makes the superuser, and an Admin of the same address and
// password, if there is no superuser yet. An account of that address is taken
// over: who runs the server says so.
func EnsureSuperuser(app core.App, email, password string) error {
	err := app.RunInTransaction(func(tx core.App) error {
		needed, err := needsSetup(tx)
		if err != nil || !needed {
			return err
		}
		_, err = found(context.Background(), tx, email, password, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("making the superuser %s: %w", email, err)
	}
	return nil
}

// found makes a superuser and an Admin and returns the latter.
func found(ctx context.Context, app core.App, email, password string, profile map[string]any) (*core.Record, error) {
	superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		return nil, err
	}
	superuser := core.NewRecord(superusers)
	superuser.SetEmail(email)
	superuser.SetPassword(password)
	if err := app.SaveWithContext(ctx, superuser); err != nil {
		return nil, err
	}
	admin, err := app.FindAuthRecordByEmail(schema.Users, email)
	if errors.Is(err, sql.ErrNoRows) {
		admin, err = newUser(app)
	}
	if err != nil {
		return nil, err
	}
	admin.Load(profile)
	admin.SetEmail(email)
	admin.SetPassword(password)
	admin.SetVerified(true)
	admin.Set("role", schema.RoleAdmin)
	admin.Set("state", schema.StateActive)
	return admin, app.SaveWithContext(ctx, admin)
}

// newUser returns an unsaved user with the channels of those who chose none.
func newUser(app core.App) (*core.Record, error) {
	users, err := app.FindCollectionByNameOrId(schema.Users)
	if err != nil {
		return nil, err
	}
	user := core.NewRecord(users)
	user.Set("channels", []string{"push", "mail"})
	return user, nil
}
