package imports

import (
	"context"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
)

func (m *mover) region(_ context.Context, row flask.Row, rec *core.Record, _ *line) error {
	return m.coded(schema.Regions, row, rec)
}

func (m *mover) category(_ context.Context, row flask.Row, rec *core.Record, _ *line) error {
	return m.coded(schema.Categories, row, rec)
}

// coded moves what goes by a code, unless the library has it already.
func (m *mover) coded(collection string, row flask.Row, rec *core.Record) error {
	there, err := m.there(collection, dbx.HashExp{"code": row.Text("code")})
	if err != nil {
		return err
	}
	if there != "" {
		return settled{outcome: unchanged, at: there, why: "the library has the code " + row.Text("code") + " already"}
	}
	rec.Set("code", row.Text("code"))
	rec.Set("name", row.Text("name"))
	return nil
}

func (m *mover) city(_ context.Context, row flask.Row, rec *core.Record, _ *line) error {
	region, ok := m.found(flask.Regions, row.Number("uf_id"))
	if !ok {
		return skip("there is no state %d", row.Number("uf_id"))
	}
	there, err := m.there(schema.Cities, dbx.HashExp{"name": row.Text("name"), "region": region})
	if err != nil {
		return err
	}
	if there != "" {
		return settled{outcome: unchanged, at: there, why: "the library has the city " + row.Text("name") + " already"}
	}
	rec.Set("name", row.Text("name"))
	rec.Set("region", region)
	return nil
}
