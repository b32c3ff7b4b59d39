// This file makes a newer program: the tests lay it over pb_migrations when they
// build one. TEST_MIGRATION names a step and what befalls it there.
package pb_migrations

import (
	"errors"
	"os"
	"time"

	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
)

func init() {
	core.SystemMigrations.Register(func(app core.App) error {
		if _, err := app.AuxDB().NewQuery("CREATE TABLE newer_log (id INTEGER)").Execute(); err != nil {
			return err
		}
		if _, err := app.DB().NewQuery("CREATE TABLE newer (id INTEGER)").Execute(); err != nil {
			return err
		}
		return befall("system")
	}, nil, "1999999997_newer_system.go")
	m.Register(func(app core.App) error {
		notes := core.NewBaseCollection("notes")
		notes.Fields.Add(&core.TextField{Name: "text"})
		if err := app.Save(notes); err != nil {
			return err
		}
		if err := befall("first"); err != nil {
			return err
		}
		note := core.NewRecord(notes)
		note.Set("text", "made by the newer program")
		return app.Save(note)
	}, func(app core.App) error {
		_, err := app.DB().NewQuery("DROP TABLE notes").Execute()
		return err
	}, "1999999998_add_notes.go")
	m.Register(func(app core.App) error {
		if _, err := app.DB().NewQuery("UPDATE documents SET description = 'as the newer program has it'").Execute(); err != nil {
			return err
		}
		return befall("second")
	}, nil, "1999999999_describe_documents.go")
}

func befall(step string) error {
	switch os.Getenv("TEST_MIGRATION") {
	case "fail " + step:
		return errors.New("it was made to fail")
	case "panic " + step:
		panic("it was made to panic")
	case "wait " + step:
		if err := os.WriteFile(os.Getenv("TEST_REACHED"), nil, 0o600); err != nil {
			return err
		}
		time.Sleep(time.Hour)
	}
	return nil
}
