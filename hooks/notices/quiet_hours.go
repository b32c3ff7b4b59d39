package notices

import (
	"encoding/json"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// endOfQuiet is when the user's quiet hours end if now lies in them, else now.
// The room of accounts sees to their shape.
func endOfQuiet(user *core.Record, now time.Time, zone *time.Location) time.Time {
	var hours struct{ From, To string }
	if raw := user.GetString("quietHours"); raw == "" || json.Unmarshal([]byte(raw), &hours) != nil {
		return now
	}
	return quietUntil(hours.From, hours.To, now, zone)
}

// quietUntil goes by what a clock on the wall shows, HH:MM, minute by minute:
// so an hour that a change of the clocks leaves out or repeats needs no rule of
// its own. Quiet is from from on and before to, over midnight if from is the
// later one, and never if both are the same.
func quietUntil(from, to string, now time.Time, zone *time.Location) time.Time {
	isQuiet := func(t time.Time) bool {
		clock := t.In(zone).Format("15:04")
		if from > to {
			return clock >= from || clock < to
		}
		return clock >= from && clock < to
	}
	if !isQuiet(now) {
		return now
	}
	end := now.Truncate(time.Minute)
	for isQuiet(end) {
		end = end.Add(time.Minute)
	}
	return end
}
