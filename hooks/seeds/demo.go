package seeds

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/spf13/cobra"

	"onlibrary/internal/schema"
)

// demoLibrary tells what the library to try is made of.
//
//go:embed demo.json
var demoLibrary []byte

// work is one work of the library to try. Format tells which file is made of it.
type work struct {
	Code, Format, Title, Description, Language, Category, Visibility, Published, Series string
	Authors, Tags                                                                       []string
	SeriesIndex                                                                         float64
	Expires                                                                             bool // in thirty days, with an alert
	Chapters                                                                            []chapter
}

type chapter struct{ Title, Text string }

// seedDemo adds what is missing of the library to try, work by work, so that a
// run that was cut off is completed by the next.
func seedDemo(app core.App, cmd *cobra.Command) error {
	var library struct {
		Categories []struct{ Code, Name string }
		Works      []work
	}
	if err := json.Unmarshal(demoLibrary, &library); err != nil {
		return fmt.Errorf("read the works to try: %w", err)
	}
	password := security.RandomStringWithAlphabet(12, "abcdefghjkmnpqrstuvwxyz23456789")
	librarian, madeLibrarian, err := ensurePatron(cmd, app, "demo-librarian", "Iara Prado", schema.RoleLibrarian, "en", password)
	if err != nil {
		return err
	}
	reader, madeReader, err := ensurePatron(cmd, app, "demo-reader", "João Teles", schema.RoleCustomer, "pt-BR", password)
	if err != nil {
		return err
	}
	categories := map[string]string{}
	for _, c := range library.Categories {
		record, _, err := ensure(cmd, app, schema.Categories, dbx.HashExp{"code": c.Code}, map[string]any{"code": c.Code, "name": c.Name})
		if err != nil {
			return err
		}
		categories[c.Code] = record.Id
	}
	works := 0
	for _, w := range library.Works {
		document, made, err := ensureWork(cmd, app, w, categories[w.Category], librarian.Id)
		if err != nil {
			return err
		}
		works += made
		if w.Visibility == schema.VisibilityPrivate {
			pair := map[string]any{"document": document.Id, "user": reader.Id}
			if _, _, err := ensure(cmd, app, schema.DocumentShares, dbx.HashExp(pair), pair); err != nil {
				return err
			}
		}
	}
	out := cmd.OutOrStdout()
	if _, err := fmt.Fprintf(out, "added %d works; their covers are made while the server runs\n", works); err != nil {
		return err
	}
	for _, patron := range []struct {
		username string
		made     int
	}{{"demo-librarian", madeLibrarian}, {"demo-reader", madeReader}} {
		line := fmt.Sprintf("%s is there already", patron.username)
		if patron.made > 0 {
			line = fmt.Sprintf("sign in as %s with %s", patron.username, password)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

func ensurePatron(cmd *cobra.Command, app core.App, username, name, role, language, password string) (*core.Record, int, error) {
	return ensure(cmd, app, schema.Users, dbx.HashExp{"username": username}, map[string]any{
		"username": username, "name": name, "role": role, "state": schema.StateActive, "language": language,
	}, func(user *core.Record) { user.SetPassword(password) })
}

func ensureWork(cmd *cobra.Command, app core.App, w work, category, owner string) (*core.Record, int, error) {
	name, content, err := w.file()
	if err != nil {
		return nil, 0, fmt.Errorf("make the file of %s: %w", w.Code, err)
	}
	file, err := filesystem.NewFileFromBytes(content, name)
	if err != nil {
		return nil, 0, err
	}
	values := map[string]any{
		"code": w.Code, "title": w.Title, "description": w.Description, "authors": w.Authors, "language": w.Language,
		"category": category, "owner": owner, "visibility": w.Visibility, "published": w.Published, "series": w.Series,
		"seriesIndex": w.SeriesIndex, "tags": w.Tags, "file": file,
	}
	if w.Expires {
		values["expiresOn"] = time.Now().AddDate(0, 0, 30).Format(time.DateOnly)
		values["alert"], values["daysToAlert"] = true, 7
	}
	return ensure(cmd, app, schema.Documents, dbx.HashExp{"code": w.Code}, values)
}
