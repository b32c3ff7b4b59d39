package locale

import (
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// localField is the key under which a record carries its local times.
const localField = "local"

// localLayout is RFC 3339 with the milliseconds that PocketBase keeps and the
// offset in figures for UTC too.
const localLayout = "2006-01-02T15:04:05.000-07:00"

// addLocal gives a record its instants as times in the zone that the request
// names, if it names one: those of the fields that the reader is shown.
func (r *room) addLocal(e *core.RecordEnrichEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	given := givenZone(e.RequestInfo)
	if given == "" || e.Record.Collection().Fields.GetByName(localField) != nil {
		return nil
	}
	zone, ok := r.loadZone(given)
	if !ok {
		return nil
	}
	e.Record.SetRaw(localField, localTimes(e.Record, zone))
	e.Record.WithCustomData(true)
	return nil
}

// localTimes are the record's visible instants as a JSON object. It is written
// out here since this runs for every record of a list.
func localTimes(record *core.Record, zone *time.Location) types.JSONRaw {
	// Only an export tells which fields are hidden from this reader.
	shown := record.WithCustomData(false).PublicExport()
	local := make(types.JSONRaw, 0, 128)
	local = append(local, '{')
	for _, field := range record.Collection().Fields {
		at, ok := shown[field.GetName()].(types.DateTime)
		if !ok || at.IsZero() {
			continue
		}
		if len(local) > 1 {
			local = append(local, ',')
		}
		local = append(append(append(local, '"'), field.GetName()...), `":"`...)
		local = append(at.Time().In(zone).AppendFormat(local, localLayout), '"')
	}
	return append(local, '}')
}
