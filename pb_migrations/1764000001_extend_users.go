package pb_migrations

import (
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		c, err := app.FindCollectionByNameOrId("users")
		if err != nil {
			return err
		}
		roles, err := app.FindCollectionByNameOrId("roles")
		if err != nil {
			return err
		}
		c.Fields.GetByName("email").(*core.EmailField).Required = false
		name := c.Fields.GetByName("name").(*core.TextField)
		name.Max = 128
		avatar := c.Fields.GetByName("avatar").(*core.FileField)
		avatar.MaxSize = 5 << 20
		avatar.Protected = true
		avatar.MimeTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}
		c.Fields.Add(
			&core.TextField{Name: "username", Min: 3, Max: 64, Pattern: `^[\p{L}\p{M}\p{N}._-]+$`, Presentable: true},
			// The form in which usernames are compared: NFKC and case-folded.
			&core.TextField{Name: "usernameKey", Max: 256, Hidden: true},
			&core.RelationField{Name: "role", CollectionId: roles.Id, MaxSelect: 1, Required: true},
			&core.SelectField{Name: "state", MaxSelect: 1, Required: true, Values: []string{"pending", "active", "inactive"}},
			&core.TextField{Name: "language", Max: 35},
			&core.TextField{Name: "timezone", Max: 64},
			&core.DateField{Name: "lastLogin"},
			&core.SelectField{Name: "channels", MaxSelect: 2, Values: []string{"push", "mail"}},
			&core.JSONField{Name: "quietHours", MaxSize: 256},
		)
		// Accounts that are there already, as after a way down, need a name each
		// before names can be unique; staff let them in, as nobody knows whom they had not.
		if err := app.Save(c); err != nil {
			return err
		}
		_, err = app.DB().NewQuery("UPDATE users SET username = id, usernameKey = id, role = 'rolevisitor0000', state = 'pending'").Execute()
		if err != nil {
			return err
		}
		// The contract's addresses and names are unique without regard to case.
		c.Indexes = types.JSONArray[string]{}
		c.AddIndex("idx_users_tokenKey", true, "`tokenKey`", "")
		c.AddIndex("idx_users_email", true, "`email` COLLATE NOCASE", "`email` != ''")
		c.AddIndex("idx_users_username", true, "`username` COLLATE NOCASE", "")
		c.AddIndex("idx_users_usernameKey", true, "`usernameKey`", "")
		c.AddIndex("idx_users_role", false, "`role`", "")
		c.AddIndex("idx_users_state", false, "`state`, `created`", "")
		c.AddIndex("idx_users_created", false, "`created`, `id`", "")
		c.PasswordAuth.IdentityFields = []string{"email", "username"}
		c.FileToken.Duration = 3600
		c.OAuth2.MappedFields.Username = ""
		c.ListRule = types.Pointer(`may(@request.auth.id) = true && (id = @request.auth.id || may(@request.auth.id, 'users.manage') = true)`)
		c.ViewRule = types.Pointer(`may(@request.auth.id) = true`)
		c.CreateRule = types.Pointer("")
		c.UpdateRule = c.ListRule
		c.DeleteRule = types.Pointer(`may(@request.auth.id, 'users.manage') = true`)
		c.ManageRule = c.DeleteRule
		c.AuthRule = types.Pointer(`state = "active"`)
		if err := app.Save(c); err != nil {
			return err
		}

		// Only now are there columns for may() to look into.
		read, write := types.Pointer(`may(@request.auth.id) = true`), types.Pointer(`may(@request.auth.id, 'roles.manage') = true`)
		roles.ListRule, roles.ViewRule = read, read
		roles.CreateRule, roles.UpdateRule, roles.DeleteRule = write, write, write
		if err := app.Save(roles); err != nil {
			return err
		}

		superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
		if err != nil {
			return err
		}
		superusers.FileToken.Duration = 3600
		return app.Save(superusers)
	}, func(app core.App) error {
		roles, err := app.FindCollectionByNameOrId("roles")
		if err != nil {
			return err
		}
		roles.ListRule, roles.ViewRule, roles.CreateRule, roles.UpdateRule, roles.DeleteRule = nil, nil, nil, nil, nil
		if err := app.Save(roles); err != nil {
			return err
		}
		// Accounts without an address, and doubled ones, cannot go back to
		// PocketBase's own index; they would have to be mended first.
		c, err := app.FindCollectionByNameOrId("users")
		if err != nil {
			return err
		}
		c.PasswordAuth.IdentityFields = []string{"email"}
		c.Indexes = types.JSONArray[string]{}
		c.AddIndex("idx_tokenKey__pb_users_auth_", true, "`tokenKey`", "")
		c.AddIndex("idx_email__pb_users_auth_", true, "`email`", "`email` != ''")
		own := "id = @request.auth.id"
		c.ListRule, c.ViewRule, c.UpdateRule, c.DeleteRule = &own, &own, &own, &own
		c.AuthRule = types.Pointer("")
		c.ManageRule = nil
		c.FileToken.Duration = 180
		for _, f := range []string{"username", "usernameKey", "role", "state", "language", "timezone", "lastLogin", "channels", "quietHours"} {
			c.Fields.RemoveByName(f)
		}
		var without int
		if err := app.DB().Select("count(*)").From("users").Where(dbx.HashExp{"email": ""}).Row(&without); err != nil {
			return err
		}
		c.Fields.GetByName("email").(*core.EmailField).Required = without == 0
		return app.Save(c)
	})
}
