// Package pb_migrations is the history of the database, one change a file.
// It imports nothing of the project's own: a migration that has shipped is
// never edited, and must mean the same whatever the code around it becomes.
package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		c := core.NewBaseCollection("roles")
		c.Fields.Add(
			&core.TextField{Name: "name", Required: true, Max: 128, Presentable: true},
			&core.SelectField{Name: "permissions", MaxSelect: 13, Values: []string{
				"users.manage", "roles.manage", "library.manage", "categories.manage", "places.manage",
				"documents.create", "documents.read", "documents.manage", "loans.borrow", "loans.manage",
				"notifications.send", "audit.read", "audit.write",
			}},
			&core.JSONField{Name: "webActions", MaxSize: 65536},
			&core.JSONField{Name: "mobileActions", MaxSize: 65536},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_roles_name", true, "`name` COLLATE NOCASE", "")
		c.AddIndex("idx_roles_created", false, "`created`, `id`", "")
		if err := app.Save(c); err != nil {
			return err
		}

		all := c.Fields.GetByName("permissions").(*core.SelectField).Values
		librarian := types.JSONArray[string]{}
		for _, p := range all {
			if p != "users.manage" && p != "roles.manage" && p != "library.manage" {
				librarian = append(librarian, p)
			}
		}
		for _, role := range []struct {
			id, name    string
			permissions []string
		}{
			{"roleadmin000000", "Admin", all},
			{"rolelibrarian00", "Librarian", librarian},
			{"rolecustomer000", "Customer", []string{"documents.create", "loans.borrow"}},
			{"rolevisitor0000", "Visitor", nil},
		} {
			r := core.NewRecord(c)
			r.Id = role.id
			r.Set("name", role.name)
			r.Set("permissions", role.permissions)
			r.Set("webActions", []string{})
			r.Set("mobileActions", []string{})
			if err := app.Save(r); err != nil {
				return err
			}
		}
		return nil
	}, func(app core.App) error {
		return deleteCollection(app, "roles")
	})
}

func deleteCollection(app core.App, name string) error {
	c, err := app.FindCollectionByNameOrId(name)
	if err != nil {
		return err
	}
	return app.Delete(c)
}
