package seeds

import (
	"embed"
	"encoding/csv"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
)

// places holds a file a country: region code, region, its capital.
//
//go:embed places/*.csv
var places embed.FS

// countries names those there are, parted by commas.
func countries() string {
	files, _ := fs.Glob(places, "places/*.csv") // the pattern is well formed
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".csv")
	}
	return strings.Join(files, ", ")
}

// seedPlaces adds what is missing of a country in one transaction.
func seedPlaces(app core.App, cmd *cobra.Command, country string) error {
	f, err := places.Open("places/" + strings.ToUpper(country) + ".csv")
	if err != nil {
		return fmt.Errorf("no places of country %q: there are %s", country, countries())
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return fmt.Errorf("read the places of %s: %w", country, err)
	}
	var regions, cities int
	err = app.RunInTransaction(func(tx core.App) error {
		for _, row := range rows {
			region, made, err := ensure(cmd, tx, schema.Regions, dbx.HashExp{"code": row[0]}, map[string]any{"code": row[0], "name": row[1]})
			if err != nil {
				return err
			}
			regions += made
			city := map[string]any{"name": row[2], "region": region.Id}
			if _, made, err = ensure(cmd, tx, schema.Cities, dbx.HashExp(city), city); err != nil {
				return err
			}
			cities += made
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "added %d regions and %d cities\n", regions, cities)
	return err
}

// ensure returns the record that fits, made of the values where there is none,
// and how many it made. Nobody is told of it.
func ensure(cmd *cobra.Command, app core.App, collection string, fits dbx.Expression, values map[string]any, more ...func(*core.Record)) (*core.Record, int, error) {
	found, err := app.FindAllRecords(collection, fits)
	if err != nil {
		return nil, 0, fmt.Errorf("look into %s: %w", collection, err)
	}
	if len(found) > 0 {
		return found[0], 0, nil
	}
	c, err := app.FindCachedCollectionByNameOrId(collection)
	if err != nil {
		return nil, 0, err
	}
	record := core.NewRecord(c)
	record.Load(values)
	for _, f := range more {
		f(record)
	}
	if err := app.SaveWithContext(quiet.With(cmd.Context()), record); err != nil {
		return nil, 0, fmt.Errorf("add to %s: %w", collection, err)
	}
	return record, 1, nil
}
