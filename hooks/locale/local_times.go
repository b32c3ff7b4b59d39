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
	e.Record.WithCustomData(true)
	e.Record.Set(localField, localTimes(e.Record, zone))
	return nil
}

func localTimes(record *core.Record, zone *time.Location) map[string]string {
	local := map[string]string{}
	for name, value := range record.PublicExport() {
		if at, ok := value.(types.DateTime); ok && !at.IsZero() {
			local[name] = at.Time().In(zone).Format(localLayout)
		}
	}
	return local
}
