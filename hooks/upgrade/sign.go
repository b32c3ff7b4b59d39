package upgrade

import (
	"encoding/json"
	"fmt"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// sign writes into the database which version of the program last opened it.
func sign(app core.App, version string) error {
	value, err := json.Marshal(version)
	if err != nil {
		return err
	}
	var have string
	err = app.DB().NewQuery("SELECT ifnull(max(value), '') FROM _params WHERE id = {:id}").Bind(dbx.Params{"id": versionKey}).Row(&have)
	if err != nil || have == string(value) {
		return err
	}
	now := types.NowDateTime().String()
	_, err = app.DB().NewQuery("INSERT INTO _params (id, value, created, updated) VALUES ({:id}, {:value}, {:now}, {:now}) " +
		"ON CONFLICT (id) DO UPDATE SET value = excluded.value, updated = excluded.updated").
		Bind(dbx.Params{"id": versionKey, "value": string(value), "now": now}).Execute()
	if err != nil {
		return fmt.Errorf("note the version in the database: %w", err)
	}
	return nil
}
